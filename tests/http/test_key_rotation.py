"""Changing the secret key: who uses the site meanwhile stays signed in, also when the old key is gone."""
import secrets
import shutil
import threading

import pytest

from support.site import Visitor, add_person
from support.stack import wait_until
from support.wall import recipe

OLD, NEW = (secrets.token_urlsafe(48) for _ in range(2))
RECHECK = 61  # [users] recheck_seconds, and a second


def keys(current, *earlier):
    return {"GATEHOUSE_DJANGO_SECRET_KEY": current, "GATEHOUSE_DJANGO_SECRET_KEY_FALLBACKS": " ".join(earlier)}


@pytest.fixture
def started(stack):
    servers = []

    def start(*given, **more):
        servers.append(stack.start("lighttpd", {**keys(*given), **more}))
        return servers[-1]
    yield start
    for server in servers:
        server.stop()


def change(server, *given):
    server.extra = {**server.extra, **keys(*given)}
    server.restart()


def signed_in(server, person, **more):
    visitor = Visitor(server)
    assert visitor.sign_in(person, **more).status == 303
    return visitor


def is_signed_in(visitor):
    return visitor.get("/protected").status == 200


def data(sql, postgresql, visitor):
    return sql(postgresql, "SELECT session_data FROM django_session WHERE session_key = %s",
               visitor.cookies["sessionid"])[0]


def test_who_uses_the_site_stays_signed_in_when_the_old_key_is_gone(started, person, clock):
    server = started(OLD)
    busy, idle = signed_in(server, person, remember_me="on"), signed_in(server, person, remember_me="on")
    change(server, NEW, OLD)
    assert is_signed_in(busy) and is_signed_in(idle)
    clock(seconds=RECHECK)
    assert is_signed_in(busy)
    change(server, NEW)
    assert is_signed_in(busy)
    clock(seconds=2 * RECHECK)
    assert is_signed_in(busy)
    reply = idle.get("/protected")
    assert reply.status == 303 and "notice=expired" in reply.location


def test_without_the_old_key_everybody_is_signed_out_and_can_sign_in_again(started, person):
    server = started(OLD)
    visitor = signed_in(server, person)
    change(server, NEW)
    assert not is_signed_in(visitor)
    fields = {"username": person.username, "password": person.password}
    assert visitor.post("/auth/login", fields, visitor.token("/auth/login")).status == 303
    assert is_signed_in(visitor)


def test_a_session_is_signed_anew_once_and_only_when_it_must(started, person, clock, sql, postgresql):
    server = started(OLD)
    visitor = signed_in(server, person)
    first = data(sql, postgresql, visitor)
    clock(seconds=RECHECK)
    assert is_signed_in(visitor) and data(sql, postgresql, visitor) == first
    change(server, NEW, OLD)
    assert is_signed_in(visitor) and data(sql, postgresql, visitor) == first  # looked up just now
    clock(seconds=2 * RECHECK)
    assert is_signed_in(visitor)
    second = data(sql, postgresql, visitor)
    assert second != first
    clock(seconds=3 * RECHECK)
    assert is_signed_in(visitor) and data(sql, postgresql, visitor) == second


def test_the_key_can_be_changed_twice_and_back(started, person, clock):
    server = started(OLD)
    visitor = signed_in(server, person)
    third = secrets.token_urlsafe(48)
    for step, given in enumerate([(NEW, OLD), (third, NEW, OLD), (OLD, third), (OLD,)], 1):
        change(server, *given)
        assert is_signed_in(visitor), given
        clock(seconds=step * RECHECK)
        assert is_signed_in(visitor), given


def test_a_password_changed_meanwhile_still_ends_the_session(started, person, clock, stack):
    server = started(OLD)
    visitor = signed_in(server, person)
    change(server, NEW, OLD)
    assert is_signed_in(visitor)
    done = stack.command("user", "password", person.username, given="quite another one\n")
    assert done.returncode == 0, done.stderr
    clock(seconds=RECHECK)
    assert not is_signed_in(visitor)


def test_a_stronger_hash_finds_the_sessions_of_the_old_key_too(started, person, clock, mysql):
    server = started(OLD, GATEHOUSE_USERS_BCRYPT_COST="8")
    first = signed_in(server, person)
    server.extra["GATEHOUSE_USERS_BCRYPT_COST"] = "9"
    change(server, NEW, OLD)
    signed_in(server, person)  # which replaces the hash, and signs it into all sessions with the new key
    change(server, NEW)
    clock(seconds=RECHECK)
    assert is_signed_in(first)


def test_what_django_writes_at_the_same_moment_is_not_lost(started, person, clock, sql, postgresql, stack):
    server = started(OLD)
    visitor = signed_in(server, person)
    change(server, NEW, OLD)
    key, before = visitor.cookies["sessionid"], data(sql, postgresql, visitor)
    other = signed_in(server, person)
    written = data(sql, postgresql, other)  # signed with the new key, for the same person
    clock(seconds=RECHECK)
    django = stack.postgresql()
    django.autocommit = False
    statuses = []
    with django.cursor() as cursor:
        cursor.execute("UPDATE django_session SET session_data = %s WHERE session_key = %s", (written, key))
        request = threading.Thread(target=lambda: statuses.append(visitor.get("/protected").status))
        request.start()
        # It waits for our row now, with what it read before in hand.
        assert wait_until(lambda: sql(postgresql, "SELECT count(*) FROM pg_locks WHERE NOT granted")[0] == 1, 1.5)
        django.commit()
    request.join()
    django.close()
    assert statuses == [200]
    assert written != before and data(sql, postgresql, visitor) == written


@pytest.mark.parametrize("given", [(NEW, "short"), (NEW, OLD, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")])
def test_a_weak_earlier_key_stops_the_start(stack, given):
    done = stack.command("check", extra=keys(*given))
    assert done.returncode != 0 and "a key of secret_key_fallbacks is weak" in done.stderr
    assert OLD not in done.stderr and NEW not in done.stderr


def test_earlier_keys_can_stand_in_a_file_of_their_own(stack, started, person):
    server = started(OLD)
    visitor = signed_in(server, person)
    file, known = (stack.private_folder() / name for name in ("earlier_keys", "secret_key"))
    file.write_text(f"{secrets.token_urlsafe(48)} {OLD}\n")
    file.chmod(0o640)
    shutil.chown(file, known.stat().st_uid, known.stat().st_gid)
    server.extra = {"GATEHOUSE_DJANGO_SECRET_KEY": NEW, "GATEHOUSE_DJANGO_SECRET_KEY_FALLBACKS_FILE": str(file)}
    server.restart()
    assert is_signed_in(visitor)


@pytest.fixture
def signing(walled, walled_site):
    """A walled site whose cookies are signed, with the old key."""
    site = walled_site.write("signing", *([recipe(f"{kind} files")] for kind in ("apache", "lighttpd", "nginx")), ours=False)
    server = walled_site.start(walled.name, site, {**keys(OLD), "GATEHOUSE_SESSION_SIGN_COOKIE": "on"})
    yield server
    server.stop()


def test_the_wall_takes_cookies_of_the_old_key_and_gives_none(signing, person, mysql, clock):
    """Only Gatehouse's own pages give them anew: the answers of the places behind the wall are not its own."""
    walled_only, both = signed_in(signing, person, remember_me="on"), signed_in(signing, add_person(mysql), remember_me="on")
    change(signing, NEW, OLD)
    before = dict(walled_only.cookies)
    for seconds in (1, RECHECK, 2 * RECHECK):
        clock(seconds=seconds)
        for visitor in (walled_only, both):
            reply = visitor.get("/members/page.html")
            assert reply.status == 200 and b"SECRET" in reply.body
            assert reply.cookies() == [], "no cookie beside somebody else's page"
    assert walled_only.cookies == before
    # As DEPLOY.md says: the old key stays as long as a sign-in can last, also for who only comes to the wall.
    clock(days=29, hours=23)
    assert walled_only.get("/members/page.html").status == 200
    assert both.get("/protected").cookie("sessionid") is not None
    change(signing, NEW)
    assert both.get("/members/page.html").status == 200 and both.get("/protected").status == 200
    clock(days=30, minutes=1)
    for visitor in (walled_only, both):
        assert visitor.get("/members/page.html").status == 303, "over by itself"
