"""Malformed, oversized and unexpected requests; what every answer carries."""
import re
import socket

import pytest

from support.site import Visitor

PAGES = ["/", "/dashboard", "/profile", "/protected", "/chat", "/chat/", "/country/", "/articles/germany-vat"]


def test_every_page_tells_browsers_to_be_careful(member):
    for path in PAGES + ["/auth/status", "/nowhere", "/health"]:
        headers = member.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"
        assert {"Accept", "Cookie"} <= {name.strip() for name in headers["Vary"].split(",")}


def test_pages_hold_no_inline_script_or_style_and_nothing_from_elsewhere(member):
    for path in PAGES + ["/auth/logout", "/nowhere"]:
        text = member.get(path).text
        assert "<style" not in text and " style=" not in text and not re.search(r"\son\w+=", text)
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text), path


def test_static_files_are_there_and_may_be_kept(visitor):
    page = visitor.get("/auth/login").text
    for path in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page)):
        reply = visitor.get(path.replace("&amp;", "&"))
        assert reply.status == 200, path
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert "max-age" in reply.headers["Cache-Control"]


def test_nothing_but_static_files_is_served_from_the_folder(visitor):
    for path in ("/static/../gatehouse.conf", "/static/%2e%2e/%2e%2e/gatehouse.conf", "/static/", "/static/nothing.css",
                 "/gatehouse.conf", "/.env", "/cgi-bin/login", "/templates/layout.html"):
        reply = visitor.get(path)
        assert reply.status in (303, 400, 403, 404), path
        assert "secret" not in reply.text


@pytest.mark.parametrize("path", ["/auth/login", "/register", "/logout", "/dashboard", "/chat/", "/api/chat", "/health"])
def test_a_wrong_method_is_refused_with_the_right_ones(member, path):
    for method in ("DELETE", "PUT", "PATCH", "OPTIONS"):
        reply = member.request(method, path)
        assert reply.status == 405, (method, path)
        assert "GET" in reply.headers["Allow"]


def test_post_where_there_is_only_get(member):
    reply = member.post("/dashboard", {})
    assert reply.status == 405 and reply.headers["Allow"] == "GET, HEAD"
    reply = member.get("/proceed-to-chat")
    assert reply.status == 405 and reply.headers["Allow"] == "POST"
    assert "does not take that kind of request" in reply.text


def test_head_is_get_without_its_body(member):
    for path in ("/dashboard", "/auth/login", "/health"):
        reply = member.request("HEAD", path)
        assert reply.body == b""
        assert reply.status == member.get(path).status


def test_an_unknown_path_is_walled_for_strangers_and_missing_for_the_rest(visitor, member):
    for path in ("/nowhere", "/dashboard/x", "/admin", "/index.php", "/chat/x/y", "/articles/none", "/auth/nothing",
                 "/auth/login/x", "/a%2Fb", "//dashboard", "/./dashboard", "/%64ashboard/..", "/dashboard;x"):
        assert visitor.get(path).status in (303, 400), path
        reply = member.get(path)
        assert reply.status in (404, 400), path
    reply = member.get("/nowhere")
    assert "<h1" in reply.text and "nothing at this address" in reply.text
    assert visitor.get("/api/nothing").status == 401
    assert visitor.get("/api/nothing").json["error"] == "authentication_required"


def test_percent_encoding_reaches_the_same_page_but_never_another(visitor, member):
    assert member.get("/%64ashboard").status == 200
    assert visitor.get("/%64ashboard").status == 303
    for path in ("/auth/login/../../dashboard", "/auth/login/%2e%2e/%2e%2e/dashboard", "/auth/login%2f..%2fdashboard",
                 "/auth\\login", "/DASHBOARD", "/dashboard%00", "/auth/login%00/dashboard"):
        assert visitor.get(path).status in (303, 400, 404), path


def test_a_program_that_posts_is_told_401_not_sent_elsewhere(one_site):
    reply = Visitor(one_site, html=False).post("/chat/", {"message": "x"}, None)
    assert reply.status == 401 and reply.json["error"] == "authentication_required"
    stranger = Visitor(one_site)
    stranger.headers["Accept"] = "*/*"
    assert stranger.post("/chat/", {"message": "x"}, None).status == 401


def test_malformed_bodies_get_a_page(visitor):
    json = "application/json"
    form = "application/x-www-form-urlencoded"
    for body, type, status in (("{", json, 400), ("[]", json, 400), ('{"a":1,"a":2}', json, 400), ("\xff", json, 400),
                               ("&".join(f"a{i}=1" for i in range(600)), form, 400), ("<x/>", "text/xml", 415),
                               ("x", "multipart/form-data; boundary=x", 400), ("x", "multipart/mixed; boundary=x", 415)):
        reply = visitor.request("POST", "/auth/login", body.encode("latin-1"), type=type)
        assert reply.status == status, (body[:20], type)
        assert "Traceback" not in reply.text and len(reply.text) > 20


@pytest.mark.alone
def test_json_with_too_many_values_is_refused_at_once(one_visitor):
    import time
    for body in ("{" + ",".join(f'"{n:05x}":1' for n in range(100000)) + "}", '{"a":[' + ",".join(["{}"] * 300000) + "]}"):
        start = time.monotonic()
        assert one_visitor.post_json("/auth/login", body).status == 400
        assert time.monotonic() - start < 1


def test_an_oversized_form_gets_413_with_a_page(visitor):
    reply = visitor.request("POST", "/auth/login", "a=" + "x" * 1100000, type="application/x-www-form-urlencoded")
    assert reply.status == 413
    assert "larger than this site accepts" in reply.text
    reply = visitor.request("POST", "/auth/login", '{"a":"' + "x" * 1100000 + '"}', type="application/json")
    assert reply.status == 413 and reply.json["error"] == "too_large"


def test_a_large_form_below_the_limit_is_read(one_visitor):
    reply = one_visitor.post("/auth/login", {"username": "x", "password": "y", "padding": "z" * 900000})
    assert reply.status == 401


def test_a_body_that_is_shorter_than_announced_does_no_harm(site, visitor):
    raw = socket.create_connection(("127.0.0.1", site.port), timeout=10)
    raw.sendall(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                b"Content-Length: 100\r\n\r\nusername=a")
    raw.close()
    assert visitor.get("/health").json["status"] == "ok"


def send_chunked(site, path, body):
    """What comes back."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as raw:
        raw.sendall(b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (path, len(body), body))
        answer = b""
        while piece := raw.recv(65536):
            answer += piece
    return answer


def test_chunked_bodies_are_read_or_refused_cleanly(site):
    answer = send_chunked(site, b"/auth/login", b'{"username":"nobody-chunked","password":"x"}')
    assert answer.split()[1] in (b"401", b"411", b"400"), answer[:200]


def test_with_mod_fcgid_a_stranger_cannot_have_an_unannounced_body_stored(site):
    if site.name != "apache":
        pytest.skip("stores no bodies, or limits them itself")
    answer = send_chunked(site, b"/auth/login", b"{}")
    assert answer.split()[1] == b"411" and b"Content-Length is missing" in answer, answer[:200]
    answer = send_chunked(site, b"/api/conversations/import", b"{}")
    assert answer.split()[1] in (b"401", b"403"), answer[:200]


def test_a_host_header_decides_nothing(one_visitor):
    reply = one_visitor.get("/dashboard", headers={"Host": "evil.example"})
    assert reply.status == 303 and reply.location == "/auth/login?next=%2Fdashboard"
    assert "evil.example" not in one_visitor.get("/auth/login", headers={"Host": "evil.example"}).text


def test_a_forwarded_address_is_not_believed(one_visitor, person, postgresql, sql):
    one_visitor.headers.update({"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "Client-IP": "203.0.113.9"})
    one_visitor.sign_in(person)
    row = sql(postgresql, "SELECT host(address) FROM gatehouse_session WHERE session_key = %s", one_visitor.cookies["sessionid"])
    assert row == ("127.0.0.1",)


def test_a_header_cannot_be_smuggled_through_a_redirect(one_visitor):
    reply = one_visitor.get("/dashboard?a=%0d%0aSet-Cookie:%20x=y")
    assert reply.status == 303 and reply.cookie("x") is None
    reply = one_visitor.get("/auth/login?next=/%0d%0aSet-Cookie:%20x=y&notice=%0d%0aX:y")
    assert reply.cookie("x") is None


def test_what_was_typed_is_shown_as_text(one_visitor):
    bad = "\"><script>alert(1)</script>'"
    for path, fields in (("/auth/login", {"username": bad, "next": bad}), ("/register", {"username": bad, "email": bad})):
        reply = one_visitor.post(path, {**fields, "password": bad})
        assert "<script>alert" not in reply.text
        assert reply.value("username") == bad


def test_health_says_ok_without_a_session(visitor):
    reply = visitor.get("/health")
    assert reply.status == 200 and reply.json["status"] == "ok"
    assert reply.cookies() == []


def test_each_answer_has_its_own_request_id(one_visitor):
    ids = {one_visitor.get("/health").headers["X-Request-Id"] for _ in range(5)}
    assert len(ids) == 5


def test_what_a_browser_asks_for_beside_a_page_never_spoils_its_forms(visitor, person):
    token = visitor.token()
    for path in ("/favicon.ico", "/apple-touch-icon.png", "/robots.txt", "/nowhere.png"):
        other = Visitor(visitor.server)
        reply = other.get(path, headers={"Sec-Fetch-Dest": "image", "Accept": "image/avif,image/webp,*/*"})
        assert reply.cookies() == [], path
    assert visitor.get("/favicon.ico").location == "/static/favicon.svg"
    assert visitor.get("/robots.txt").status == 404 and visitor.get("/apple-touch-icon.png").status == 404
    assert visitor.post("/login", {"username": person.username, "password": person.password}, token).status == 303
