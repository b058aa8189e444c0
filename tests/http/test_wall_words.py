"""The login wall: what somebody is told whom it does not let in, on each of the four servers."""
import urllib.parse

import pytest

from support.site import Visitor
from support.wall import exchange, signed_in

TARGETS = ["/members/page.html", "/members/", "/members/page.html?a=1&b=%2Fx%26y&c=d+e", "/members/page.html?next=/staff/",
           "/members/caf%C3%A9.html?q=%C3%A9", "/intranet/who.php/more/path?x=1", "/app/deep/er?x=1&y=%3C%22%3E",
           "/members/nothing-here", "/shown/page.html?a=1", pytest.param("/members/page.html?" + "x" * 1500, id="long")]


@pytest.mark.parametrize("target", TARGETS)
def test_a_browser_signs_in_and_comes_back_to_where_it_was_going(stranger, person, target):
    reply = stranger.get(target)
    assert reply.status == 303 and reply.headers["Cache-Control"].startswith("no-store")
    path, query = reply.location.split("?")
    assert path == "/auth/login" and urllib.parse.parse_qs(query)["next"] == [target]
    page = stranger.get(reply.location)
    assert page.status == 200 and page.value("next") == target
    reply = stranger.post("/auth/login", {"username": person.username, "password": person.password,
                                          "next": page.value("next")}, stranger.token(reply.location))
    assert (reply.status, reply.location) == (303, target)
    assert stranger.get(target).status in (200, 404, 403 if "shown" in target else 200)


def test_nobody_is_led_back_to_an_address_that_could_be_another_site(stranger, walled):
    for target in ("//members/page.html", "/members/page.html?" + "x" * 2500):
        reply = exchange(walled.port, f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n".encode())
        head = reply.split(b"\r\n\r\n")[0].decode().lower()
        assert b"SECRET" not in reply
        assert "location: /auth/login?next=\r\n" in head + "\r\n", head


def test_a_sign_in_that_ended_says_so(walled):
    visitor = Visitor(walled)
    visitor.cookies["sessionid"] = "z" * 32
    reply = visitor.get("/members/page.html")
    assert reply.status == 303 and reply.location == "/auth/login?next=%2Fmembers%2Fpage.html&notice=expired"


def test_head_is_answered_as_get_without_a_body(stranger):
    reply = stranger.request("HEAD", "/members/page.html")
    assert (reply.status, reply.location) == (303, "/auth/login?next=%2Fmembers%2Fpage.html")
    assert reply.body == b""


@pytest.mark.parametrize("headers", [{"Accept": "application/json"}, {"Accept": "application/json, text/plain, */*"},
                                     {"Accept": "*/*", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"}])
@pytest.mark.parametrize("path", ["/members/page.html", "/intranet/who.php", "/app/"])
def test_a_program_or_a_script_gets_401_as_json(stranger, path, headers):
    for method, body in (("GET", None), ("POST", "a=b"), ("PUT", "x"), ("DELETE", None)):
        reply = stranger.request(method, path, body, headers, "application/x-www-form-urlencoded" if body else None)
        assert reply.status == 401, (method, reply.status)
        assert reply.json["error"] == "authentication_required" and reply.json["login_url"] == "/auth/login"
        assert reply.headers["WWW-Authenticate"] == "Bearer"
        assert reply.headers["Cache-Control"].startswith("no-store")
        assert reply.cookies() == []


def test_posting_json_gets_401_as_json(walled):
    visitor = Visitor(walled)
    reply = visitor.request("POST", "/app/", '{"a": 1}', {"Accept": None}, "application/json")
    assert reply.status == 401 and reply.json["error"] == "authentication_required"
    reply = visitor.request("POST", "/app/", '{"a": ' + "1" * 200000 + "}", {"Accept": None}, "application/json")
    assert reply.status in (401, 413) and b"SECRET" not in reply.body


def test_what_a_page_embeds_gets_no_sign_in_form(stranger):
    for kind in ("image", "style", "script", "font"):
        reply = stranger.get("/members/asset-1.svg", headers={"Accept": "*/*", "Sec-Fetch-Dest": kind, "Sec-Fetch-Mode": "no-cors"})
        assert reply.status == 401 and reply.cookies() == []
        assert b"SECRET" not in reply.body


def test_a_page_in_a_frame_or_window_leads_to_the_form(stranger):
    for kind in ("document", "iframe"):
        reply = stranger.get("/members/page.html", headers={"Sec-Fetch-Dest": kind, "Sec-Fetch-Mode": "navigate"})
        assert reply.status == 303


def test_a_form_that_is_sent_meets_the_sign_in_page(stranger, person):
    for path in ("/intranet/who.php?form=1", "/app/form?x=%20y"):
        reply = stranger.post(path, {"name": "value"}, token=None)
        assert reply.status == 401 and b"SECRET" not in reply.body
        assert '<form' in reply.text and 'name="password"' in reply.text
        assert reply.value("next") == path
        fields = {"username": person.username, "password": person.password, "next": path}
        visitor = Visitor(stranger.server)
        assert visitor.post("/auth/login", fields).location == path
        assert visitor.get(path).status == 200


def test_a_body_that_never_ends_does_not_keep_the_answer(walled):
    reply = exchange(walled.port, b"POST /app/ HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nConnection: close\r\n"
                     b"Content-Type: text/plain\r\nContent-Length: 100000\r\n\r\nonly this", 3)
    assert b"SECRET" not in reply
    assert reply == b"" or b" 401 " in reply.split(b"\r\n")[0], reply[:100]


def test_another_sites_form_is_refused(stranger):
    reply = stranger.post("/app/", {"a": "b"}, token=None, headers={"Origin": "https://evil.example"})
    assert reply.status == 403 and b"SECRET" not in reply.body


def test_who_may_not_gets_403_in_words(walled, insider, person):
    reply = insider.get("/staff/page.html")
    assert reply.status == 403 and "<h1" in reply.text and "Your account may not see this page." in reply.text
    program = signed_in(walled, person, html=False)
    for method in ("GET", "POST", "DELETE"):
        reply = program.request(method, "/staff/page.html")
        assert reply.status == 403 and reply.json["error"] == "forbidden"


def test_a_refused_method_is_405_for_programs_too(walled, person):
    program = signed_in(walled, person, html=False)
    reply = program.request("POST", "/reading/who.php", "a=b", type="application/x-www-form-urlencoded")
    assert reply.status == 405 and reply.json["error"] == "method_not_allowed" and reply.headers["Allow"] == "GET, HEAD"


def test_a_password_that_is_due_is_said_to_programs(walled, staff, clock):
    program = signed_in(walled, staff.person, html=False)
    clock(minutes=16)
    reply = program.get("/recent/page.html")
    assert reply.status == 401 and reply.json["error"] == "password_required"
    assert b"SECRET" not in reply.body


def test_what_is_not_there_is_404_for_those_who_are_let_in(insider, stranger):
    reply = insider.get("/members/nothing-here")
    assert reply.status == 404
    assert stranger.get("/members/nothing-here").status == 303  # a stranger is not even told so


def test_a_stranger_cannot_tell_what_is_there(stranger):
    """The same answer for a file and for none, also to conditional and partial requests."""
    for headers in ({}, {"If-Modified-Since": "Fri, 01 Jan 2038 00:00:00 GMT"}, {"If-None-Match": "*"}, {"Range": "bytes=0-3"},
                    {"If-Match": '"x"'}, {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, {"Range": "bytes=999999-"}):
        for path in ("/members/page.html", "/members/nothing-here", "/members/inner-secret/"):
            reply = stranger.get(path, headers=headers)
            assert reply.status == 303, (path, headers, reply.status)
            for name in ("ETag", "Last-Modified", "Content-Range"):
                assert name not in reply.headers


def test_conditions_and_ranges_work_for_those_who_are_let_in(insider):
    first = insider.get("/members/page.html")
    assert insider.get("/members/page.html", headers={"If-Modified-Since": first.headers["Last-Modified"]}).status == 304
    reply = insider.get("/members/page.html", headers={"Range": "bytes=0-8"})
    assert reply.status == 206 and reply.body == b"<!doctype"
    assert insider.get("/members/page.html", headers={"Range": "bytes=999999-"}).status == 416


def test_a_sign_in_that_is_used_from_elsewhere_ends_and_says_why(walled, person, postgresql, sql):
    """The servers that ask twice, for a yes and then for the words, as well as the one that asks once."""
    def entries():
        with postgresql.cursor() as cursor:
            cursor.execute("SELECT reason, host(address) FROM gatehouse_audit WHERE user_id = %s AND event = 'session_ended'",
                           (str(person.id),))
            return cursor.fetchall()
    owner, elsewhere = signed_in(walled, person), Visitor(walled, address="127.0.1.1")
    elsewhere.cookies = dict(owner.cookies)
    reply = elsewhere.get("/members/page.html?a=1")
    assert (reply.status, reply.location) == (303, "/auth/login?next=%2Fmembers%2Fpage.html%3Fa%3D1&notice=moved")
    assert "another network" in elsewhere.get(reply.location).text
    assert sql(postgresql, "SELECT count(*) FROM django_session WHERE session_key = %s", owner.cookies["sessionid"]) == (0,)
    # Over for everybody: whoever has the cookie is told why, and nobody is let in.
    for visitor in (elsewhere, owner):
        visitor.cookies = {"sessionid": owner.cookies["sessionid"]}
        assert visitor.get("/members/page.html").location.endswith("&notice=moved")
        reply = visitor.get("/members/page.html", headers={"Accept": "application/json"})
        assert (reply.status, reply.json["error"]) == (401, "session_moved") and b"SECRET" not in reply.body
        assert visitor.get("/protected").location.endswith("&notice=moved")
    assert entries() == [("address", "127.0.1.1")]


def test_a_program_hears_why_from_the_first_answer_on(walled, person):
    owner = signed_in(walled, person, html=False)
    program = Visitor(walled, html=False, address="127.0.1.1")
    program.cookies = dict(owner.cookies)
    reply = program.get("/members/page.html")
    assert (reply.status, reply.json["error"], reply.json["login_url"]) == (401, "session_moved", "/auth/login")


def test_why_a_sign_in_ended_is_forgotten_after_a_day(walled, person, stack, clock, postgresql, sql):
    owner = signed_in(walled, person)
    elsewhere = Visitor(walled, address="127.0.1.1")
    elsewhere.cookies = dict(owner.cookies)
    assert elsewhere.get("/members/page.html").location.endswith("&notice=moved")
    key = owner.cookies["sessionid"]
    clock(hours=23)
    assert stack.command("session", "clean").returncode == 0
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_moved WHERE session_key = %s", key) == (1,)
    clock(hours=25)
    assert stack.command("session", "clean").returncode == 0
    assert sql(postgresql, "SELECT count(*) FROM gatehouse_moved WHERE session_key = %s", key) == (0,)
    assert elsewhere.get("/members/page.html").location.endswith("&notice=expired")
