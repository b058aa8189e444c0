"""The login wall: ways of writing a request, and of getting from one place to another, on each server.

Whatever comes back to a stranger, or to somebody who is not of the staff, no byte of what lies behind
the wall is in it."""
import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.wall import exchange

WALLED = ("members/page.html", "staff/page.html", "intranet/notes.txt", "intranet/who.php", "app/")
FILE = "staff/page.html"
TARGETS = [
    # more than one way to write a path
    "/{0}", "//{0}", "///{0}", "/./{0}", "/.//{0}", "/x/../{0}", "/open/../{0}", "/open/./../{0}", "/{0}/.", "/{0}/..", "/{0}/",
    "/{0}/x", "/{0}.", "/{0}..", "/{0}~", "/{0}?", "/{0}??", "/{0}?x=/open/page.html", "/{0}#x", "/{0}#/../open/page.html",
    # encoded
    "/%2f{0}", "/%2e/{0}", "/%2e%2e/{0}", "/open/%2e%2e/{0}", "/open/%2e./{0}", "/open/.%2E/{0}", "/open/..%2f{0}",
    "/open%2f..%2f{0}", "/open/%252e%252e/{0}", "/open/%25%32%65%25%32%65/{0}", "/%2fopen/..%2f{0}", "/{0}%20", "/{0}%09",
    "/{0}%00", "/{0}%00.css", "/{0}%00/open", "/{0}%0a", "/{0}%0d%0aX:y", "/{0}%23", "/{0}%3f", "/{0}%2f", "/{0}%2f.", "/{0}%5c",
    "/{0}%u002e", "/{0}%", "/{0}%2", "/{0}%zz", "/%c0%ae%c0%ae/{0}", "/open/%c0%ae%c0%ae%c0%af{0}", "/open/%e0%80%ae%e0%80%ae/{0}",
    # what some servers cut off or turn round
    "/{0};", "/{0};x", "/{0};x=/open/", "/open/..;/{0}", "/open/..;x/{0}", "/;/{0}", "/.;/{0}", "/open\\..\\{0}", "/open/..\\{0}",
    "/\\{0}", "\\{0}", "/{0}\\", "/{0}::$DATA", "/{0}:", "/{0}*", "/{0}|x", '/{0}"', "/{0}<x>", "/{0}\x01", "/{0}\x7f", "/{0}\xe9",
    # past what is open
    "/auth/../{0}", "/auth/login/../../{0}", "/auth/%2e%2e/{0}", "/login/../{0}", "/static/../{0}", "/static/%2e%2e/{0}",
    "/static/..%2f{0}", "/static/bootstrap/../../{0}", "/free/../{0}", "/free/who.php/../../{0}", "/free/who.php/{0}",
    "/free/who.php/..%2f..%2f{0}", "/free/..%00/{0}", "/members/inner/../../{0}", "/members/inner/..%2f..%2f{0}", "/health/../{0}",
    # whole addresses, and what is none
    "http://127.0.0.1/{0}", "http://127.0.0.1//{0}", "http://other.example/{0}", "HTTP://127.0.0.1/{0}", "https://127.0.0.1/{0}",
    "http:///{0}", "http:/{0}", "http:{0}", "ftp://127.0.0.1/{0}", "file:///{0}", "//127.0.0.1/{0}", "127.0.0.1/{0}", "{0}", "*/{0}",
    "/open/page.html /{0}", "?/{0}", "#/{0}", "/?/../{0}", ";/{0}", ".", "..", "*",
    # the wall's own places
    "/gatehouse-gate/open", "/gatehouse-gate/signed_in", "/gatehouse-gate/../{0}", "/gatehouse-gate/open/../../{0}", "/gatehouse-walled",
]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "MKCOL", "COPY", "MOVE", "LOCK", "SEARCH",
           "CONNECT", "get", "Get", "GETX", "X", "G" * 300]


def send(walled, line, headers=("Host: 127.0.0.1", "Connection: close"), cookies=None, body=b"", seconds=5):
    lines = [line, *headers]
    if cookies:
        lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()))
    return exchange(walled.port, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body, seconds)


def send_all(walled, requests, seconds):
    """Many at once, for those that a server lets wait. Gives (request, answer) pairs; a request is what
    send() takes after the server."""
    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(send, walled, *request, seconds=seconds) for request in requests]
        return [(request, answer.result()) for request, answer in zip(requests, answers)]


def secrets_in(reply):
    """Of what is not open to everybody."""
    for harmless in (b"SECRET-open", b"SECRET-free", b"SECRET-members-inner"):
        reply = reply.replace(harmless, b"")
    return b"SECRET" in reply


def public_script(reply):
    """/free/who.php is open, and says SECRET-php like the walled one."""
    return b'"secret":"SECRET-php"' in reply


@pytest.mark.parametrize("file", WALLED)
def test_no_way_of_writing_a_path_shows_anything_to_a_stranger(walled, file):
    for target in TARGETS:
        target = target.format(file)
        reply = send(walled, f"GET {target} HTTP/1.1")
        if target.startswith("/free/") and public_script(reply):
            continue
        assert not secrets_in(reply), (walled.name, target, reply[:300])


def test_no_way_of_writing_a_path_takes_somebody_past_the_group(walled, insider):
    for target in TARGETS:
        target = target.format(FILE)
        reply = send(walled, f"GET {target} HTTP/1.1", cookies=insider.cookies)
        assert b"SECRET-staff" not in reply, (walled.name, target, reply[:300])


def test_many_of_these_ways_do_lead_there_those_who_may(walled, staff):
    """Or else the two tests above would show nothing."""
    reached = [target for target in TARGETS
               if b"SECRET-staff" in send(walled, f"GET {target.format(FILE)} HTTP/1.1", cookies=staff.cookies)]
    assert len(reached) >= 15 and "//{0}" in reached and "/open/%2e%2e/{0}" in reached, reached


def test_capitals_name_another_file(walled, insider):
    for target in ("/STAFF/page.html", "/Staff/Page.html", "/staff/PAGE.HTML", "/sTaff/page.html", "/%53taff/page.html"):
        for cookies in (None, insider.cookies):
            assert b"SECRET-staff" not in send(walled, f"GET {target} HTTP/1.1", cookies=cookies), target


@pytest.mark.parametrize("file", WALLED)
def test_no_method_shows_anything_to_a_stranger(walled, file):
    for method in METHODS:
        for body in (b"", b"x"):
            length = ("Content-Length: 1",) if body else ()
            reply = send(walled, f"{method} /{file} HTTP/1.1", ("Host: 127.0.0.1", "Connection: close", *length), body=body)
            assert not secrets_in(reply), (walled.name, method, reply[:300])


def test_trace_gives_no_cookie_away(walled, insider):
    reply = send(walled, "TRACE /members/page.html HTTP/1.1", cookies=insider.cookies)
    assert insider.cookies["sessionid"].encode() not in reply


def test_old_and_odd_versions(walled):
    requests = []
    for file in WALLED:
        requests += [
            (f"GET /{file} HTTP/1.0", ()), (f"GET /{file} HTTP/1.0", ("Host: x",)), (f"GET /{file}", ()),
            (f"GET /{file} HTTP/0.9", ()), (f"GET /{file} HTTP/1.2", ("Host: x", "Connection: close")),
            (f"GET /{file} HTTP/2.0", ("Host: x",)), (f"GET /{file} HTTP/11.1", ("Host: x",)),
            (f"GET  /{file}  HTTP/1.1", ("Host: x", "Connection: close")), (f"GET\t/{file}\tHTTP/1.1", ("Host: x",)),
            (f" GET /{file} HTTP/1.1", ("Host: x",)), (f"\r\nGET /{file} HTTP/1.1", ("Host: x", "Connection: close")),
            (f"GET /{file} http/1.1", ("Host: x",)), (f"GET /{file} HTTP/1.1 x", ("Host: x",)), (f"GET /{file} HTTP/1.1", ()),
            (f"GET /{file} HTTP/1.1", ("Host: a", "Host: b", "Connection: close")),
            (f"GET /{file} HTTP/1.1", ("Host: ../../etc", "Connection: close")),
            (f"GET /{file} HTTP/1.1", ("Host : x", "Connection: close"))]
    for request, reply in send_all(walled, requests, 2):
        assert not secrets_in(reply), (walled.name, request, reply[:300])


def test_upgrades_to_http_2(walled):
    headers = ("Host: x", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
    for request, reply in send_all(walled, [(f"GET /{file} HTTP/1.1", headers) for file in WALLED], 1):
        assert not secrets_in(reply), (walled.name, request)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)
    assert not secrets_in(exchange(walled.port, preface, 1))


def test_a_request_hidden_in_another(walled, insider):
    """A body that one reader takes for the next request."""
    hidden = "GET /staff/page.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    chunk = f"{len(hidden):x}\r\n{hidden}\r\n0\r\n\r\n"
    bodies = [(["Content-Length: %d" % len(hidden)], hidden), (["Content-Length: 0"], hidden),
              (["Transfer-Encoding: chunked"], "0\r\n\r\n" + hidden), (["Transfer-Encoding: chunked"], chunk),
              (["Content-Length: 4", "Transfer-Encoding: chunked"], "0\r\n\r\n" + hidden),
              (["Transfer-Encoding: chunked", "Content-Length: 4"], chunk), (["Transfer-Encoding: xchunked"], chunk),
              (["Transfer-Encoding : chunked"], chunk), (["Content-Length: 5", "Content-Length: 6"], hidden)]
    paths = ("/open/page.html", "/members/page.html", "/app/", "/intranet/who.php")
    requests = [(f"POST {path} HTTP/1.1", ("Host: x", *headers), cookies, body.encode())
                for (headers, body), path, cookies in itertools.product(bodies, paths, (None, insider.cookies))]
    for request, reply in send_all(walled, requests, 1):
        assert b"SECRET-staff" not in reply, (walled.name, request)


def test_a_rewritten_address_is_under_the_rule_of_what_it_leads_to(walled, stranger, insider, staff):
    """/shown/ and /passed/ lead to the staff's folder; on Apache also another name for it."""
    names = ["/shown/page.html", "/passed/page.html"] + (["/other-name/page.html"] if "apache" in walled.name else [])
    for path in names:
        assert staff.get(path).status == 200
        assert insider.get(path).status == 403
        reply = stranger.get(path)
        assert (reply.status, reply.location) == (303, "/auth/login?next=" + path.replace("/", "%2F"))
        for visitor in (stranger, insider):
            assert b"SECRET" not in visitor.get(path).body


def test_what_the_server_leads_to_on_its_way_is_asked_for_anew(walled, stranger, insider):
    """From an open place, or one under an easier rule, by rewriting, try_files or an error page, to the
    staff's folder."""
    for path in ("/free/hop/page.html", "/free/nothing-here", "/open/hop/page.html", "/open/nothing-here", "/errors/nothing-here",
                 "/members/hop/page.html", "/open/hop-members/page.html"):
        for visitor in (stranger, insider):
            reply = visitor.get(path)
            wanted = b"SECRET-staff" if visitor is insider else b"SECRET"
            assert wanted not in reply.body, (walled.name, path, reply.status)
            for method in ("HEAD", "POST", "PUT", "OPTIONS"):
                assert wanted not in visitor.request(method, path).body, (walled.name, path, method)


def test_an_index_page_under_a_stricter_rule_than_its_folder(walled, insider, staff, stranger):
    if walled.name == "lighttpd":
        pytest.skip("asks once for a folder and its index page (docs/WALL.md)")
    for path in ("/mixed/", "/mixed/index.html"):
        for visitor in (insider, stranger):
            reply = visitor.get(path)
            assert reply.status in (303, 403, 503) and b"SECRET" not in reply.body, (path, reply.status)
    assert staff.get("/mixed/index.html").status == 200
    assert insider.get("/mixed/page.html").status == 200


def test_a_script_cannot_hand_over_what_is_walled(walled, insider, stranger):
    """X-Accel-Redirect leads nginx to another place; its wall is asked like for any other request."""
    for path in ("/free/who.php", "/intranet/who.php"):
        for visitor in (stranger, insider):
            assert b"SECRET-staff" not in visitor.get(f"{path}?hand-over=/staff/page.html").body


def test_a_rule_that_cannot_be_is_closed(walled, insider):
    if walled.name != "nginx":
        pytest.skip("only nginx takes the name from an address")
    for visitor in (insider,):
        reply = visitor.get("/misspelt/page.html")
        assert reply.status == 503 and b"SECRET" not in reply.body


def test_php_runs_no_file_of_another_kind(walled, insider, stranger):
    """A path behind a file's name is for scripts; a text must neither run nor be shown to strangers."""
    for path in ("/intranet/notes.txt/x.php", "/reports/notes.txt/x.php", "/free/notes.txt/x.php", "/members/page.html/x.php"):
        reply = stranger.get(path)
        assert b"SECRET-intranet" not in reply.body and b"SECRET-reports" not in reply.body and b"SECRET-members" not in reply.body
        assert b"run ?>" not in reply.body
