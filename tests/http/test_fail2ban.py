"""The filter for fail2ban: every real failure in every server's log is found, and nothing that a
stranger writes there is taken for one."""
import ast
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import time
import urllib.parse

import pytest

from support.site import Visitor

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILTER = ROOT / "conf/fail2ban/filter.d/gatehouse.conf"

# A line as ours would be, about somebody who did nothing.
FORGED = "2026-01-01T00:00:00Z warning sign_in_failed request=0123456789abcdef reason=invalid_credentials address=198.51.100.66"


@pytest.fixture(autouse=True)
def nothing_counted_yet(postgresql):
    with postgresql.cursor() as cursor:
        cursor.execute("DELETE FROM gatehouse_throttle")


def log_of(site):
    return site.stack.folder / "log" / f"{site.name}-{site.port}.log"


def new_lines(site, start):
    return log_of(site).read_bytes()[start:].decode("utf-8", "replace")


def found(log, tmp_path):
    """(address, seconds since 1970) of every line that fail2ban takes for a failure."""
    path = tmp_path / "error.log"
    path.write_text(log)
    done = subprocess.run(["fail2ban-regex", "--usedns", "no", "-o", "row", path, FILTER], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = ast.literal_eval(f"[{done.stdout}]")
    return [(row[0], row[1]) for row in rows]


def test_every_failure_is_found_with_its_address_and_time(site, tmp_path):
    start, began = log_of(site).stat().st_size, int(time.time())
    expected = []
    for address in ("127.0.0.21", "127.0.0.22"):
        statuses = [Visitor(site, address=address).post_json("/auth/login", {"username": "nobody-here", "password": "x"}).status
                    for _ in range(7)]
        assert statuses == [401] * 5 + [429] * 2
        expected += [address] * 7
    log = new_lines(site, start)
    failures = found(log, tmp_path)
    assert [address for address, _ in failures] == expected
    assert all(began <= at <= time.time() for _, at in failures)
    assert log.count("sign_in_failed") == len(expected)
    # "throttled" lines say the same once more, and are not counted
    assert log.count("throttled") >= 2


def raw(site, request):
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as connection:
        connection.sendall(request)
        while connection.recv(65536):
            pass


def test_a_line_that_a_stranger_writes_is_not_taken_for_one(site, tmp_path):
    start = log_of(site).stat().st_size
    broken = f"x\n{FORGED}\ny"
    for words in (FORGED, broken, broken.replace("\n", "\r\n"), f"{FORGED}\n"):
        path, plain = urllib.parse.quote(words), words.replace("\r", "").replace("\n", " ")
        visitor = Visitor(site)
        visitor.headers.update({"User-Agent": plain, "Referer": f"http://x/{plain}", "X-Forwarded-For": plain,
                                "Origin": plain, "Cookie": f"sessionid={plain.replace(' ', '')}; gatehouse_device={plain}"})
        for place in ("/", "/auth/login/", "/auth/", "/static/", "/static/bootstrap/", "/static/bootstrap/css/", "/health/",
                      "/%2f", "/static/%2e%2e/", "/static/gatehouse.css/", "/auth/login?next="):
            visitor.get(place + path)
            visitor.request("POST", place + path, f"username={path}&password={path}", type="application/x-www-form-urlencoded")
        visitor.post_json("/auth/login", {"username": words, "password": words})
        visitor.request("POST", "/auth/login", words, type="application/json")
        visitor.request(re.sub(r"\W", "", plain), "/auth/login")
        for request in (f"GET /{path} HTTP/9.9\r\nHost: x\r\nConnection: close\r\n\r\n", f"GET /{plain} HTTP/1.0\r\n\r\n", f"{plain}\r\n\r\n",
                        f"GET / HTTP/1.1\r\nHost: {plain}\r\nConnection: close\r\n\r\n",
                        f"GET / HTTP/1.1\r\nHost: x\r\n{plain}\r\nConnection: close\r\n\r\n",
                        f"GET /static/{path}%00 HTTP/1.0\r\n\r\n", f"GET /static/{path * 40} HTTP/1.0\r\n\r\n"):
            raw(site, request.encode())
    # the same through the doors that are open: one real failure, which is the visitor's own
    Visitor(site, address="127.0.0.23").post_json("/auth/login", {"username": FORGED, "password": FORGED},
                                                  {"User-Agent": FORGED, "X-Forwarded-For": "198.51.100.66"})
    log = new_lines(site, start)
    assert "cross_origin" in log  # it did get into the log, as words among others
    assert [address for address, _ in found(log, tmp_path)] == ["127.0.0.23"]
    assert not re.search(r"^2026-01-01", log, re.M)


@pytest.mark.parametrize("reason", ["busy", "unavailable", "sign_in_unavailable", "account_disabled", "invalid_credentialsx"])
def test_what_is_no_guess_is_left_alone(reason, tmp_path):
    line = f"2026-11-20T08:15:02Z warning sign_in_failed request=0123456789abcdef reason={reason} address=192.0.2.7\n"
    assert found(line, tmp_path) == []
    assert found(line.replace(reason, "invalid_credentials"), tmp_path) == [("192.0.2.7", 1795162502)]


def test_words_before_and_after_a_line_spoil_it(tmp_path):
    good = FORGED.replace("198.51.100.66", "192.0.2.7")
    for line in (f"x {good}", f"[client 192.0.2.1] {good}", f'2026-11-20T08:15:02Z info x agent="{good}"', f"{good} x",
                 f'{good}"', f"{good}x", good.replace("warning", "info"), good.replace("192.0.2.7", "example.org"),
                 good.replace("request=0123456789abcdef", "request=0 reason=x")):
        assert found(line + "\n", tmp_path) == [], line
    assert len(found(good + "\n", tmp_path)) == 1


def test_ipv6_addresses_are_found(stack, one_site, tmp_path):
    program = stack.private_folder() / "app" / "lib" / "gatehouse" / "cgi-bin" / "app"
    body = '{"username": "nobody-here", "password": "x"}'
    done = subprocess.run([program], input=body, capture_output=True, text=True, env={
        "GATEHOUSE_CONF": stack.call("configuration", one_site.name, stack.folder, one_site.port).strip(),
        "REQUEST_METHOD": "POST", "REQUEST_URI": "/auth/login", "REMOTE_ADDR": "2001:db8::7", "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)), "GATEWAY_INTERFACE": "CGI/1.1"})
    assert [address for address, _ in found(done.stderr, tmp_path)] == ["2001:db8::7"]


# fail2ban's own reader of the journal makes a line of an entry; then its filter has it.
JOURNAL = textwrap.dedent("""
    import datetime, sys
    from fail2ban.client.fail2banregex import Fail2banRegex, get_opt_parser
    from fail2ban.server.filtersystemd import FilterSystemd

    options, _ = get_opt_parser().parse_args(["--usedns", "no", "-o", "row"])
    regex = Fail2banRegex(options)
    regex._backend = "systemd"
    assert regex.readRegex(sys.argv[1], "fail")
    reader = FilterSystemd.__new__(FilterSystemd)
    reader.getLogEncoding = lambda: "UTF-8"
    reader.jail = None
    entries = [{"_HOSTNAME": "host.example.org", "SYSLOG_IDENTIFIER": "login", "_PID": 4711, "MESSAGE": line.rstrip("\\n"),
                "__REALTIME_TIMESTAMP": datetime.datetime(2026, 11, 20, 8, 15, 2)} for line in sys.stdin]
    regex.process([reader.formatJournalEntry(entry) for entry in entries])
    print(regex._journalmatch, file=sys.stderr)
""")


def test_the_same_lines_are_found_in_the_journal(one_site, tmp_path):
    start = log_of(one_site).stat().st_size
    for address in ("127.0.0.24", "127.0.0.25"):
        visitor = Visitor(one_site, address=address)
        assert visitor.post_json("/auth/login", {"username": FORGED, "password": "x"}).status == 401
        visitor.get("/auth/login?" + urllib.parse.quote(FORGED), headers={"Origin": FORGED})
    lines = new_lines(one_site, start) + "\n".join((f"x {FORGED}", f"x[1]: {FORGED}", f"host x[1]: {FORGED}", ""))
    done = subprocess.run([sys.executable, "-c", JOURNAL, FILTER], input=lines, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [row[0] for row in ast.literal_eval(f"[{done.stdout}]")] == ["127.0.0.24", "127.0.0.25"]
    assert "_SYSTEMD_UNIT=gatehouse@login.service" in done.stderr
    assert (ROOT / "conf/gatehouse@.service").exists()


def test_fail2ban_takes_the_jails_as_they_are(tmp_path, one_site):
    folder = tmp_path / "fail2ban"
    shutil.copytree("/etc/fail2ban", folder, ignore=shutil.ignore_patterns("defaults-debian.conf"))
    shutil.copytree(ROOT / "conf/fail2ban", folder, dirs_exist_ok=True)
    jails = folder / "jail.d/gatehouse.conf"
    names = re.findall(r"^\[(gatehouse-\w+)\]", jails.read_text(), re.M)
    assert names == ["gatehouse-apache", "gatehouse-lighttpd", "gatehouse-journal"]

    def commands():
        done = subprocess.run(["fail2ban-client", "-c", folder, "-d"], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    assert "gatehouse" not in commands()  # nothing runs that nobody switched on
    text = jails.read_text().replace("enabled = false", "enabled = true")
    jails.write_text(re.sub(r"logpath = .*", f"logpath = {log_of(one_site)}", text))
    given = commands()
    for name in names:
        assert f"['start', '{name}']" in given
        assert f"['set', '{name}', 'maxretry', 50]" in given
        assert re.search(rf"\['set', '{name}', 'addfailregex', .*sign_in_failed", given)
    assert f"['set', 'gatehouse-apache', 'addlogpath', '{log_of(one_site)}', 'head']" in given
    assert re.search(r"\['set', 'gatehouse-journal', 'addjournalmatch', '_SYSTEMD_UNIT=gatehouse@login\.service'\]", given)
