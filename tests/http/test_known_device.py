"""Devices that signed in before: strangers cannot lock their owners out of them."""
import base64
import hashlib
import hmac
import re
import time

from support.site import bcrypt, Visitor, add_person
from support.throttled import (COOKIE, guess, known, lock, nothing_counted_yet, server,  # noqa: F401  fixtures among them
                               sign_up_fields, try_in)


def test_a_sign_in_gives_the_device_a_cookie(server, person):
    visitor = Visitor(server)
    cookie = visitor.sign_in(person).cookie(COOKIE)
    assert re.match(rf"{COOKIE}=1\.[\w-]{{22}}\.\d{{10}}\.[\w-]{{43}}; ", cookie)
    assert re.search(r"; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly$", cookie)
    assert person.username not in cookie
    assert Visitor(server).post("/auth/register", sign_up_fields()).cookie(COOKIE)
    assert Visitor(server).post("/auth/login", {"username": person.username, "password": "wrong"}).cookie(COOKIE) is None


def test_it_stays_until_somebody_else_signs_in(server, person, mysql):
    visitor = known(server, person)
    first = visitor.cookies[COOKIE]
    assert visitor.sign_in(person).cookie(COOKIE) is None
    assert visitor.cookies[COOKIE] == first
    visitor.post("/auth/logout", {})
    assert visitor.sign_in(add_person(mysql)).cookie(COOKIE)
    assert visitor.cookies[COOKIE] != first


def test_a_stranger_cannot_lock_the_owner_out_of_a_known_device(server, guess, person):
    home = known(server, person)
    lock(guess, person)  # behind the same address
    for n in range(6):
        guess(f"nobody-{n}-{person.username}")  # now everything is locked for it
    assert Visitor(server).sign_in(person).status == 429
    assert home.sign_in(person).status == 303


def test_a_known_device_never_replaces_the_password(server, person):
    home = known(server, person)
    assert home.post("/auth/login", {"username": person.username, "password": "wrong"}).status == 401
    assert home.get("/dashboard").status == 303


def test_a_known_device_guesses_five_times_too(server, guess, person, clock):
    home, other = known(server, person), known(server, person)
    assert [home.post("/auth/login", {"username": person.username, "password": "wrong"}).status for _ in range(6)] \
        == [401] * 5 + [429]
    reply = home.sign_in(person)
    assert reply.status == 429 and "Try again in 15 minutes." in reply.text
    assert other.sign_in(person).status == 303  # another device of the same person
    assert Visitor(server).sign_in(person).status == 303  # and nothing was counted for strangers
    clock(minutes=16)
    lock(lambda *_: home.post("/auth/login", {"username": person.username, "password": "wrong"}), person)
    assert "Try again in 30 minutes." in home.sign_in(person).text


def test_a_known_device_of_somebody_else_helps_nobody(server, guess, person, mysql):
    thief = known(server, add_person(mysql))
    lock(guess, person)
    assert try_in(thief, person).status == 429
    assert [try_in(thief, person).status for _ in range(3)] == [429] * 3


def test_a_cookie_that_was_changed_helps_nobody(server, guess, person):
    home = known(server, person)
    good = home.cookies[COOKIE]
    version, nonce, issued, signature = good.split(".")
    lock(guess, person)
    for bad in ("", "1...", f"2.{nonce}.{issued}.{signature}", f"1.{nonce[::-1]}.{issued}.{signature}",
                f"1.{nonce}.{int(issued) - 1}.{signature}", f"1.{nonce}.{issued}.{signature[::-1]}", good[:-1], good + "A"):
        home.cookies[COOKIE] = bad
        assert try_in(home, person).status == 429, bad
    home.cookies[COOKIE] = good
    assert try_in(home, person).status == 200


def made_by_hand(stack, person, issued, nonce="A" * 22):
    """A cookie as the header of lib/auth/known_device.h describes it."""
    secret = (stack.folder / "secret_key").read_bytes()
    key = hashlib.sha256(b"gatehouse.known_device" + secret).digest()
    signed = f"1.{nonce}.{int(issued)}"
    with stack.mysql() as database, database.cursor() as cursor:
        cursor.execute("SELECT password_hash FROM users WHERE id = %s", (person.id,))
        stored = cursor.fetchone()[0]
    signature = hmac.digest(key, f"{signed}.{person.id}.{stored}".encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def test_a_cookie_lasts_a_year(server, stack, guess, person):
    lock(guess, person)
    visitor = Visitor(server)
    for days, status in ((366, 429), (-1, 429), (364, 200)):
        visitor.cookies[COOKIE] = made_by_hand(stack, person, time.time() - days * 86400)
        assert try_in(visitor, person).status == status, days
    visitor.cookies[COOKIE] = made_by_hand(stack, person, time.time() - 366 * 86400)
    assert Visitor(server, address="127.0.0.2").sign_in(person).cookie(COOKIE)


def test_a_cookie_signed_with_an_earlier_key_is_good(stack, person):
    old = (stack.folder / "secret_key").read_text()
    server = stack.start("lighttpd", {"GATEHOUSE_DJANGO_SECRET_KEY": "another-key-of-more-than-thirty-two-characters",
                                      "GATEHOUSE_DJANGO_SECRET_KEY_FALLBACKS": f"some-other-key-of-more-than-32-characters {old}"})
    home = Visitor(server)
    home.cookies[COOKIE] = made_by_hand(stack, person, time.time())
    for _ in range(6):
        Visitor(server).post_json("/auth/login", {"username": person.username, "password": "wrong"})
    assert try_in(Visitor(server), person).status == 429
    assert try_in(home, person).status == 200
    server.stop()


def test_the_cookie_has_the_prefix_of_the_others(stack, person):
    server = stack.start("lighttpd", {"GATEHOUSE_SITE_URL": "https://www.example.org", "GATEHOUSE_SESSION_COOKIE_PREFIX": "host"})
    visitor = Visitor(server)
    cookie = visitor.post_json("/auth/login", {"username": person.username, "password": person.password}).cookie(f"__Host-{COOKIE}")
    assert "; Path=/;" in cookie and cookie.endswith("; Secure")
    for _ in range(6):
        Visitor(server).post_json("/auth/login", {"username": person.username, "password": "wrong"})
    header = {"Cookie": f"__Host-{COOKIE}={visitor.cookies[f'__Host-{COOKIE}']}"}
    again = visitor.post_json("/auth/login", {"username": person.username, "password": person.password}, header)
    assert again.status == 200 and again.cookie(f"__Host-{COOKIE}") is None
    server.stop()


def test_a_changed_password_makes_every_device_a_stranger(server, stack, guess, person):
    visitor = Visitor(server)
    assert visitor.sign_in(person).status == 303
    with stack.mysql() as database, database.cursor() as cursor:
        cursor.execute("UPDATE users SET password_hash = %s WHERE id = %s", (bcrypt("another password"), person.id))
    person.password = "another password"
    lock(guess, person)
    assert try_in(visitor, person).status == 429
