"""A database that is away: clear answers, no open door, nothing lost, and back by itself.

These stop servers, so each runs on databases of its own.
"""
import os
import re
import signal
import subprocess
import threading
import time

import pytest

from support.site import Visitor, add_person
from support.stack import SERVERS, Stack, wait_until


@pytest.fixture(scope="module")
def own(request):
    names = [name for name in request.config.getoption("--servers").split(",") if name in SERVERS]
    stack = Stack()
    yield stack, [stack.start(name, {"GATEHOUSE_QUOTA_MESSAGES_PER_MINUTE": "0"}) for name in names]
    stack.stop()


@pytest.fixture
def person(own):
    mysql = own[0].mysql()
    person = add_person(mysql)
    mysql.close()
    return person


def signed_in(server, person):
    visitor = Visitor(server)
    assert visitor.sign_in(person).status == 303
    return visitor


def test_without_mysql_nobody_signs_in_and_signed_in_people_go_on(own, person):
    stack, servers = own
    members = [signed_in(server, person) for server in servers]
    strangers = [(Visitor(server), Visitor(server).token()) for server in servers]
    stack.call("stop-mariadb", stack.folder)
    try:
        for member, (stranger, _) in zip(members, strangers):
            assert member.get("/dashboard").status == 200
            assert member.post("/chat/", {"message": "help"}).status == 303
            reply = stranger.sign_in(person)
            assert reply.status == 503
            assert int(reply.headers["Retry-After"]) > 0
            assert "Sign-in is temporarily unavailable" in reply.text
            assert reply.value("username") == person.username
            reply = stranger.post_json("/login", {"username": "a", "password": "b"})
            assert reply.status == 503 and reply.json["error"] == "sign_in_unavailable"
            assert stranger.post("/register", {"username": "newcomer", "email": "n@example.org", "password": "long enough",
                                               "password_confirm": "long enough", "terms": "on"}).status == 503
    finally:
        stack.call("start-mariadb", stack.folder)
    for server in servers:
        assert wait_until(lambda: Visitor(server).sign_in(person).status == 303, 5)


def test_an_outage_of_mysql_does_not_count_as_failures(own, person):
    stack, servers = own
    stack.call("stop-mariadb", stack.folder)
    try:
        for _ in range(7):
            assert Visitor(servers[0]).post_json("/login", {"username": person.username, "password": "wrong"}).status == 503
    finally:
        stack.call("start-mariadb", stack.folder)
    assert wait_until(lambda: Visitor(servers[0]).sign_in(person).status == 303, 5)


def test_sessions_outlive_mysql_for_a_quarter_of_an_hour(own, person):
    stack, servers = own
    member = signed_in(servers[0], person)
    database = stack.postgresql()

    def pass_time(minutes):
        with database.cursor() as cursor:
            cursor.execute("CREATE OR REPLACE FUNCTION gatehouse_now() RETURNS timestamp with time zone LANGUAGE sql "
                           f"STABLE AS 'SELECT now() + interval ''{minutes} minutes'''")
    stack.call("stop-mariadb", stack.folder)
    try:
        pass_time(14)
        assert member.get("/dashboard").status == 200
        pass_time(16)
        reply = member.get("/dashboard")
        assert reply.status == 503 and "Retry-After" in reply.headers
    finally:
        stack.call("start-mariadb", stack.folder)
    # it is asked again after a pause of five seconds
    assert wait_until(lambda: member.get("/dashboard").status == 200, 8)
    pass_time(0)


def test_without_postgresql_there_is_a_page_and_no_open_door(own, person):
    stack, servers = own
    members = [signed_in(server, person) for server in servers]
    tokens = {member: member.token("/chat/") for member in members}
    stack.call("stop-postgresql", stack.folder)
    try:
        for member in members:
            for path in ("/dashboard", "/", "/chat/", "/protected", "/nowhere"):
                reply = member.get(path)
                assert reply.status == 503, (member.server.name, path)
                assert int(reply.headers["Retry-After"]) > 0
                assert "does not answer" in reply.text and "<h1" in reply.text, (member.server.name, reply.text[:200])
            assert member.get("/api/chat").json["error"] == "unavailable"
            reply = member.post("/chat/", {"message": "My typed question", "country": "India"}, tokens[member])
            assert reply.status == 503 and int(reply.headers["Retry-After"]) > 0
            assert reply.value("message") == "My typed question"  # it can be sent again from here
            assert "Country: India" in reply.text and 'action="/chat/"' in reply.text
            reply = member.post("/chat/", {"message": "words of another site"}, "a" * 64, {"Origin": "https://evil.example"})
            assert reply.status == 503 and "words of another site" not in reply.text
            stranger = Visitor(member.server)
            assert stranger.get("/dashboard").status == 303
            assert stranger.get("/auth/login").status == 200
            assert stranger.sign_in(person).status == 503
            assert stranger.get("/health").status == 503
    finally:
        stack.call("start-postgresql", stack.folder)
    start = time.monotonic()
    for member in members:
        assert wait_until(lambda: member.get("/dashboard").status == 200, 2)
    assert time.monotonic() - start < 2


def test_a_restart_of_postgresql_costs_no_error_afterwards(own, person):
    stack, servers = own
    members = [signed_in(server, person) for server in servers]
    stack.call("restart-postgresql", stack.folder)
    for member in members:
        assert member.get("/dashboard").status == 200
        assert member.post("/chat/", {"message": "help"}).status == 303


def test_no_acknowledged_message_is_lost_when_postgresql_is_killed(own, person):
    """Messages are sent while the server is killed again and again; whatever was answered is there."""
    stack, servers = own
    server = servers[-1]
    member = signed_in(server, person)
    conversation = member.api("/api/chat", {"message": "hello"}).json["session_id"]
    acknowledged, done = [], threading.Event()

    def send(number):
        visitor = Visitor(server)
        visitor.cookies = dict(member.cookies)
        count = 0
        while not done.is_set():
            text = f"message {number}-{count}"
            count += 1
            try:
                if visitor.api("/api/chat", {"message": text, "session_id": conversation}).status == 200:
                    acknowledged.append(text)
            except OSError:
                pass
    threads = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            before = len(acknowledged)
            wait_until(lambda: len(acknowledged) > before + 5, 10)
            os.kill(int(stack.call("pid", "postgresql", stack.folder)), signal.SIGQUIT)  # as a crash
            time.sleep(0.1)
            stack.call("start-postgresql", stack.folder)
        before = len(acknowledged)
        assert wait_until(lambda: len(acknowledged) > before, 10)
    finally:  # else they would go on for ever
        done.set()
        for thread in threads:
            thread.join()
    database = stack.postgresql()
    with database.cursor() as cursor:
        cursor.execute("SELECT content FROM chats_chatmessage WHERE session_id = %s AND role = 'user'", (conversation,))
        stored = {row[0] for row in cursor.fetchall()}
        cursor.execute("SELECT count(*) FILTER (WHERE role = 'user') = count(*) FILTER (WHERE role = 'assistant') "
                       "FROM chats_chatmessage WHERE session_id = %s", (conversation,))
        assert cursor.fetchone() == (True,)  # never a question without its answer
    assert len(acknowledged) > 15
    assert set(acknowledged) <= stored


def test_requests_in_flight_are_finished_when_a_program_is_told_to_stop(own, person):
    """A sign-in at cost 12 takes a fifth of a second; the program gets SIGTERM in the middle."""
    stack, servers = own
    server = next((s for s in servers if s.name in ("nginx", "apache-proxy")), None)
    if server is None:
        pytest.skip("needs a server whose programs run by themselves")
    slow = stack.start(server.name, {"GATEHOUSE_USERS_BCRYPT_COST": "12"})
    Visitor(slow).get("/auth/login")
    token_holder = Visitor(slow)
    token = token_holder.token()
    name = "inflight" + str(time.time_ns())
    replies = []
    thread = threading.Thread(target=lambda: replies.append(token_holder.post("/register", {
        "username": name, "email": f"{name}@example.org", "password": "long enough", "password_confirm": "long enough",
        "terms": "on"}, token)))
    thread.start()
    time.sleep(0.1)  # into the hash
    pid = int(stack.call("pid", f"{slow.name}-{slow.port}.register", stack.folder))
    os.kill(pid, signal.SIGTERM)
    thread.join()
    assert replies[0].status == 303
    assert wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 5)
    slow.stop()


def test_a_flood_of_sign_ins_is_told_to_come_back(own, person):
    stack, servers = own
    busy = stack.start("lighttpd", {"GATEHOUSE_SERVER_HASH_SLOTS": "1", "GATEHOUSE_SERVER_HASH_WAIT_MS": "100",
                                    "GATEHOUSE_USERS_BCRYPT_COST": "12"})
    mysql = stack.mysql()
    people = [add_person(mysql, stored="$2b$12$" + "C" * 21 + "." + "E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW") for _ in range(8)]
    statuses = []

    def knock(someone):
        reply = Visitor(busy).post_json("/login", {"username": someone.username, "password": "wrong"})
        statuses.append(reply.status)
        if reply.status == 503:
            assert reply.json["error"] == "busy" and int(reply.headers["Retry-After"]) > 0
    threads = [threading.Thread(target=knock, args=(someone,)) for someone in people]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    start = time.monotonic()
    assert Visitor(busy).get("/health").status == 200  # the rest of the site is not held up
    assert time.monotonic() - start < 0.5
    for thread in threads:
        thread.join()
    assert 401 in statuses and 503 in statuses and set(statuses) == {401, 503}
    busy.stop()


def test_a_flood_leaves_the_sign_in_page_answering(own, person):
    """Sixty-four sign-ins at once at cost 12; the form still comes within a moment."""
    stack, _ = own
    busy = stack.start("lighttpd", {"GATEHOUSE_USERS_BCRYPT_COST": "12"})
    done = threading.Event()

    def knock(number):
        count = 0
        while not done.is_set():
            count += 1
            Visitor(busy).post_json("/login", {"username": f"flood-{number}-{count}", "password": "x"})
    threads = [threading.Thread(target=knock, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    took = []
    try:
        time.sleep(1)
        for _ in range(5):
            start = time.monotonic()
            assert Visitor(busy).get("/auth/login").status == 200
            took.append(time.monotonic() - start)
    finally:
        done.set()
        for thread in threads:
            thread.join()
        busy.stop()
    assert sorted(took)[2] < 3, took


def test_half_sent_bodies_do_not_close_a_program(own):
    """Apache with mod_proxy_fcgi hands requests over before their bodies are there."""
    import socket
    stack, servers = own
    for server in servers:
        waiting = []
        for _ in range(16):
            raw = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            raw.sendall(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                        b"Content-Length: 100000\r\n\r\nusername=ab")
            waiting.append(raw)
        time.sleep(0.5)
        start = time.monotonic()
        assert Visitor(server).get("/auth/login").status == 200
        assert time.monotonic() - start < 3, server.name
        for raw in waiting:
            raw.close()


def test_a_configuration_inside_the_document_root_serves_nothing(own, tmp_path):
    stack, servers = own
    program = stack.private_folder() / "app" / "lib" / "gatehouse" / "cgi-bin" / "app"
    original = stack.call("configuration", servers[0].name, stack.folder, servers[0].port).strip()
    inside = tmp_path / "gatehouse.conf"
    inside.write_text(open(original).read())
    inside.chmod(0o600)
    done = subprocess.run([program], input="", capture_output=True, text=True, env={
        "GATEHOUSE_CONF": str(inside), "REQUEST_METHOD": "GET", "REQUEST_URI": "/auth/login", "DOCUMENT_ROOT": str(tmp_path)})
    assert "200 OK" not in done.stdout and "document root" in done.stderr


def test_a_secret_file_that_others_can_read_is_refused(own, tmp_path):
    stack, _ = own
    secret = tmp_path / "key"
    secret.write_text("0123456789abcdefghijklmnopqrstuvwxyzABCDEF")
    secret.chmod(0o644)
    done = stack.command("check", extra={"GATEHOUSE_DJANGO_SECRET_KEY_FILE": str(secret)})
    assert done.returncode == 1 and "other users can read" in done.stderr


def test_a_dsn_that_cannot_be_read_or_is_not_encrypted_says_so_without_its_password(own):
    stack, _ = own
    for dsn, words in (("host=db password=correct horse", "cannot be read"),
                       ("host=db.example.org user=x password=secret", "sslmode=verify-full"),
                       ("host=127.0.0.1,db.example.org user=x password=secret sslmode=prefer", "sslmode=verify-full")):
        done = stack.command("check", extra={"GATEHOUSE_POSTGRESQL_DSN": dsn})
        assert done.returncode == 1 and words in done.stderr, done.stderr
        assert "horse" not in done.stderr and "secret" not in done.stderr


def test_a_program_with_a_bad_configuration_says_why_and_does_not_start(own, tmp_path):
    stack, _ = own
    program = stack.private_folder() / "app" / "lib" / "gatehouse" / "cgi-bin" / "account"
    bad = tmp_path / "gatehouse.conf"
    bad.write_text("[site]\nurl = http://127.0.0.1\nnmae = x\n")
    bad.chmod(0o600)
    done = subprocess.run([program, "--check"], env={"GATEHOUSE_CONF": str(bad)}, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"{bad}:3: unknown setting nmae in section [site]" in done.stderr
    assert "dsn in section [postgresql] is required" in done.stderr


def test_a_broken_template_stops_the_start_with_file_and_line(own, tmp_path):
    stack, _ = own
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "login.html").write_text("<p>\n{{#open}}\n</p>\n")
    done = stack.command("check", extra={"GATEHOUSE_SITE_TEMPLATES": str(folder)})
    assert done.returncode == 1
    assert re.search(rf"{folder}/login.html:\d+: ", done.stderr), done.stderr


def test_an_operators_template_takes_the_place_of_ours(own, tmp_path):
    stack, _ = own
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "login.html").write_text("<!doctype html><title>x</title><p>Our own door, {{site_name}}.</p>\n")
    for path in [folder, *folder.parents]:
        if path.stat().st_uid == os.getuid() and str(path) != "/tmp" and str(path).startswith("/tmp/"):
            path.chmod(0o755)
    site = stack.start("lighttpd", {"GATEHOUSE_SITE_TEMPLATES": str(folder), "GATEHOUSE_SITE_NAME": "<Mine>"})
    assert "Our own door, &lt;Mine&gt;." in Visitor(site).get("/login").text
    site.stop()


def test_the_whole_suite_lives_under_a_folder_too(own, person):
    stack, servers = own
    for name in {server.name for server in servers}:
        site = stack.start(name, {"GATEHOUSE_SITE_BASE_PATH": "/members"})
        visitor = Visitor(site)
        assert visitor.get("/members/dashboard").location == "/members/auth/login?next=%2Fmembers%2Fdashboard"
        page = visitor.get("/members/auth/login")
        assert page.status == 200
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w{64})"', page.text).group(1)
        reply = visitor.post("/members/auth/login", {"username": person.username, "password": person.password,
                                                     "next": "/members/chat/"}, token)
        assert (reply.status, reply.location) == (303, "/members/chat/")
        assert "Path=/members;" in reply.cookie("sessionid")
        page = visitor.get("/members/chat/")
        assert page.status == 200
        for link in re.findall(r'(?:href|action|src)="(/[^"]*)"', page.text):
            assert link.startswith("/members/"), link
        for path in re.findall(r'(?:href|src)="(/members/static/[^"]*)"', page.text):
            assert visitor.get(path).status == 200, path
        site.stop()


def test_an_https_site_has_secure_cookies_and_may_send_hsts(own, person):
    stack, _ = own
    site = stack.start("lighttpd", {"GATEHOUSE_SITE_URL": "https://www.example.org", "GATEHOUSE_SITE_HSTS_SECONDS": "3600"})
    visitor = Visitor(site)
    token = visitor.token()
    fields = {"username": person.username, "password": person.password}
    assert visitor.post("/login", fields, token, {"Origin": site.url}).status == 403
    reply = visitor.post("/login", fields, token, {"Origin": "https://www.example.org"})
    assert reply.status == 303
    assert reply.cookie("sessionid").endswith("; Secure") and reply.cookie("csrftoken").endswith("; Secure")
    assert reply.headers["Strict-Transport-Security"] == "max-age=3600"
    site.stop()


def test_as_plain_cgi_a_program_answers_too(own, person):
    stack, servers = own
    program = stack.private_folder() / "app" / "lib" / "gatehouse" / "cgi-bin" / "app"
    configuration = stack.call("configuration", servers[0].name, stack.folder, servers[0].port).strip()
    body = f'{{"username":"{person.username}","password":"{person.password}"}}'
    # A file as standard input: for a FastCGI program that is a socket.
    done = subprocess.run([program], input=body, capture_output=True, text=True, env={
        "GATEHOUSE_CONF": configuration, "REQUEST_METHOD": "POST", "REQUEST_URI": "/auth/login", "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "GATEWAY_INTERFACE": "CGI/1.1"})
    assert done.stdout.startswith("Status: 200 OK"), done.stdout + done.stderr
    assert "Set-Cookie: sessionid=" in done.stdout and '"success":true' in done.stdout
