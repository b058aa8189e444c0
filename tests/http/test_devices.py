"""My devices: who is signed in where, ending one or all others; for administrators those of a person."""
import html
import re
import secrets
import subprocess

import pytest

from support.sessions import BROWSER, PHONE, begin_guest, kind_of, sign_in
from support.site import Visitor, add_person
from support.stack import ROOT

JSON = {"Accept": "application/json"}


def listed(visitor, path="/devices"):
    reply = visitor.get(path, headers=JSON)
    assert reply.status == 200, reply.text
    return reply.json["sessions"]


def id_of(visitor):
    return visitor.get("/auth/status").json["session"]


def end(visitor, fields, path="/devices/end"):
    return visitor.post(path, fields, visitor.token("/profile"))


@pytest.fixture
def admin(one_site, mysql, stack):
    person = add_person(mysql)
    assert stack.command("group", "add", "administrators", person.username).returncode == 0
    return sign_in(one_site, person)


@pytest.fixture
def endings(postgresql):
    """endings(person): reason, actor and address of each session that ended."""
    def read(person):
        with postgresql.cursor() as cursor:
            cursor.execute("SELECT reason, actor, host(address) FROM gatehouse_audit "
                           "WHERE user_id = %s AND event = 'session_ended' ORDER BY id", (str(person.id),))
            return cursor.fetchall()
    return read


# The list.

def test_it_says_what_is_signed_in_since_when_and_from_where(site, person, clock, postgresql):
    laptop = sign_in(site, person, "127.0.0.3")
    clock(minutes=20)
    phone = sign_in(site, person, "127.0.0.4", PHONE, remember_me="1")
    clock(minutes=50)
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM created_at)::bigint FROM gatehouse_session "
                       "WHERE user_id = %s ORDER BY created_at", (str(person.id),))
        since = [row[0] for row in cursor.fetchall()]
    here, there = listed(laptop)
    ago = {name: (one.pop("last_seen_seconds_ago"), one.pop("since")) for name, one in (("here", here), ("there", there))}
    assert here == {"id": id_of(laptop), "device": "Firefox on Linux", "browser": "Firefox", "system": "Linux",
                    "address": "127.0.0.3", "place": None, "kind": "authenticated", "method": "password",
                    "since_text": "50 minutes ago", "last_seen_text": "just now", "remember": False, "is_this": True}
    assert there == {"id": id_of(phone), "device": "Chrome on Android", "browser": "Chrome", "system": "Android",
                     "address": "127.0.0.4", "place": None, "kind": "authenticated", "method": "password",
                     "since_text": "30 minutes ago", "last_seen_text": "30 minutes ago", "remember": True, "is_this": False}
    assert ago["here"][0] < 10 and 1795 < ago["there"][0] < 1830
    assert [abs(ago[name][1] - moment) <= 1 for name, moment in zip(("here", "there"), since)] == [True, True]


def test_the_page_names_each_device_and_marks_this_one(member):
    sign_in(member.server, member.person, browser=PHONE)
    page = member.get("/devices").text
    assert "Chrome on Android" in page and page.count("this device") == 1
    assert page.count('action="/devices/end"') == 1 and page.count('action="/devices/end-others"') == 1
    assert "Sign out<span class=\"visually-hidden\"> Chrome on Android" in page
    assert 'href="/devices"' in member.get("/profile").text


def test_no_key_is_anywhere(one_member):
    other = sign_in(one_member.server, one_member.person)
    for headers in ({}, JSON):
        text = one_member.get("/devices", headers=headers).text
        for visitor in (one_member, other):
            assert visitor.cookies["sessionid"] not in text


def test_alone_there_is_nothing_to_end(one_member):
    page = one_member.get("/devices").text
    assert "this device" in page and "/devices/end" not in page


def test_what_is_over_is_not_in_the_list(one_site, person, clock):
    sign_in(one_site, person)
    remembered = sign_in(one_site, person, remember_me="1")
    clock(minutes=61)
    assert [one["remember"] for one in listed(remembered)] == [True]
    clock(hours=23)
    assert len(listed(remembered)) == 1


def test_what_a_browser_says_of_itself_is_never_markup(one_site, person):
    sign_in(one_site, person, browser='"><script>alert(1)</script> Win-your-prize.example/1.0')
    visitor = sign_in(one_site, person)
    for headers in ({}, JSON):
        text = visitor.get("/devices", headers=headers).text
        assert "alert(1)" not in text and "example/1.0" not in text


def test_a_place_is_shown_where_a_database_knows_the_address(stack, person, postgresql, tmp_path):
    folder = stack.private_folder() / "places"
    folder.mkdir(exist_ok=True)
    subprocess.run(["perl", ROOT / "tests" / "unit" / "make_places.pl", folder], check=True)
    for path in folder.iterdir():
        path.chmod(0o644)
    site = stack.start("lighttpd", {"GATEHOUSE_SITE_PLACE_DATABASE": str(folder / "places6.mmdb")})
    try:
        far, near = sign_in(site, person), sign_in(site, person)
        with postgresql.cursor() as cursor:
            cursor.execute("UPDATE gatehouse_session SET address = '198.51.100.7' WHERE public_id = %s", (id_of(far),))
        assert {one["address"]: one["place"] for one in listed(near)} == {"198.51.100.7": "São Paulo, Brazil", "127.0.0.1": None}
        assert "From 198.51.100.7, about São Paulo, Brazil" in near.get("/devices").text
    finally:
        site.stop()


# Ending.

def test_one_is_ended_by_its_id_and_stays_dead(site, person, endings):
    here, there, third = (sign_in(site, person) for _ in range(3))
    reply = end(here, {"id": id_of(there)})
    assert (reply.status, reply.location) == (303, "/devices?ended=1")
    assert "1 sign-in has ended." in here.get(reply.location).text
    assert there.get("/protected").location.endswith("notice=expired")
    assert [kind_of(visitor) for visitor in (here, there, third)] == ["authenticated", None, "authenticated"]
    assert endings(person) == [("by_person", None, "127.0.0.1")]


def test_all_others_are_ended(site, person, mysql, endings):
    here, *others = [sign_in(site, person) for _ in range(4)]
    stranger = sign_in(site, add_person(mysql))
    reply = end(here, {}, "/devices/end-others")
    assert (reply.status, reply.location) == (303, "/devices?ended=3")
    assert "3 sign-ins have ended." in here.get(reply.location).text
    assert [kind_of(visitor) for visitor in [here, *others, stranger]] == ["authenticated", None, None, None, "authenticated"]
    assert endings(person) == [("by_person", None, "127.0.0.1")] * 3


def test_programs_do_the_same_with_json(one_site, person):
    here, second, third = (sign_in(one_site, person) for _ in range(3))
    reply = here.api("/devices/end", {"id": id_of(second)})
    assert (reply.status, reply.json["logged_out_sessions"], reply.json["message"]) == (200, 1, "1 sign-in has ended.")
    assert here.api("/devices/end-others", {}).json["logged_out_sessions"] == 1
    assert here.api("/devices/end-others", {}).json["logged_out_sessions"] == 0
    assert [kind_of(visitor) for visitor in (here, second, third)] == ["authenticated", None, None]


def test_ones_own_can_be_ended_like_any(one_member):
    reply = end(one_member, {"id": id_of(one_member)})
    assert reply.status == 303
    assert one_member.get(reply.location).location.startswith("/auth/login?next=")


def test_only_ones_own_can_be_ended(one_member, mysql):
    theirs = sign_in(one_member.server, add_person(mysql))
    for id in (id_of(theirs), secrets.token_hex(16), "00000000-0000-4000-8000-000000000000", "", "all", "' OR true --",
               theirs.cookies["sessionid"], one_member.cookies["sessionid"]):
        reply = end(one_member, {"id": id})
        assert reply.status == 404, id
    assert end(one_member, {}).status == 404
    assert one_member.api("/devices/end", {"id": ["x"]}).status == 404
    assert kind_of(theirs) == kind_of(one_member) == "authenticated"


def test_a_form_from_elsewhere_ends_nothing_and_a_stale_one_is_shown_again(one_site, person):
    here, there = sign_in(one_site, person), sign_in(one_site, person)
    id = id_of(there)
    for path, fields in (("/devices/end", {"id": id}), ("/devices/end-others", {})):
        page = here.post(path, fields, "a" * 64)
        assert page.status == 403 and "Nothing was changed" in html.unescape(page.text)
        assert 'action="/devices/end"' in page.text
        assert here.post(path, fields, here.token("/profile"), {"Origin": "https://evil.example"}).status == 403
        assert here.request("GET", path).status == 405
    assert kind_of(there) == "authenticated"


def test_strangers_and_guests_have_no_devices(stack, person):
    site = stack.start("lighttpd", {"GATEHOUSE_SESSION_GUEST": "on"})
    try:
        assert Visitor(site).get("/devices").location == "/auth/login?next=%2Fdevices"
        assert Visitor(site, html=False).get("/devices").status == 401
        guest = begin_guest(site, person.email)
        assert guest.get("/devices").location.startswith("/auth/login")
        assert guest.api("/devices/end-others", {}).status == 401
    finally:
        site.stop()


# Administrators.

def test_an_administrator_sees_and_ends_those_of_a_person(admin, person, endings):
    first, second, third = (sign_in(admin.server, person, browser=PHONE) for _ in range(3))
    assert "Username or email" in admin.get("/admin/devices").text
    for name in (person.username, person.email, person.email.upper()):
        assert {one["id"] for one in listed(admin, f"/admin/devices?user={name}")} == {id_of(one) for one in (first, second, third)}
    page = admin.get(f"/admin/devices?user={person.username}").text
    assert f"Devices of {person.username}" in page and page.count("Chrome on Android") >= 3
    assert "this device" not in page
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w{64})"', page).group(1)
    reply = admin.post("/admin/devices/end", {"user": person.username, "id": id_of(first)}, token)
    assert (reply.status, reply.location) == (303, f"/admin/devices?ended=1&user={person.username}")
    assert [kind_of(visitor) for visitor in (first, second, third)] == [None, "authenticated", "authenticated"]
    assert admin.api("/admin/devices/end", {"user": person.email}).json["logged_out_sessions"] == 2
    assert [kind_of(visitor) for visitor in (second, third)] == [None, None]
    assert endings(person) == [("by_administrator", admin.person.username, "127.0.0.1")] * 3
    assert kind_of(admin) == "admin"
    activity = sign_in(admin.server, person).get("/activity").text
    assert "by the people who run this site" in activity and admin.person.username not in activity


def test_of_nobody_there_is_nothing(admin, mysql):
    page = admin.get("/admin/devices?user=nobody%22%3E")
    assert page.status == 400 and page.field_error("user") == "There is nobody with this username or email."
    assert page.value("user") == 'nobody">'
    reply = admin.get("/admin/devices?user=nobody", headers=JSON)
    assert (reply.status, set(reply.json["fields"])) == (400, {"user"})
    assert admin.get("/admin/devices", headers=JSON).status == 400
    assert admin.api("/admin/devices/end", {"user": "nobody"}).status == 404
    assert admin.api("/admin/devices/end", {}).status == 404
    quiet = add_person(mysql)
    assert "not signed in anywhere" in admin.get(f"/admin/devices?user={quiet.username}").text


def test_an_id_of_somebody_else_is_not_ended_under_a_persons_name(admin, person, mysql):
    theirs = sign_in(admin.server, add_person(mysql))
    assert admin.api("/admin/devices/end", {"user": person.username, "id": id_of(theirs)}).status == 404
    assert kind_of(theirs) == "authenticated"


def test_a_stale_form_of_an_administrator_is_shown_again(admin, person):
    theirs = sign_in(admin.server, person)
    page = admin.post("/admin/devices/end", {"user": person.username, "id": id_of(theirs)}, "a" * 64)
    assert page.status == 403 and f"Devices of {person.username}" in page.text and page.value("user") == person.username
    assert kind_of(theirs) == "authenticated"


def test_others_may_not_and_are_not_told_who_exists(member, person):
    for path in ("/admin/devices", f"/admin/devices?user={person.username}", "/admin/devices?user=nobody"):
        assert member.get(path).status == 403
    assert member.api("/admin/devices/end", {"user": person.username}).status == 403
    assert kind_of(member) == "authenticated"


def test_a_sign_in_from_before_one_was_an_administrator_is_made_anew(one_site, person, stack):
    visitor = sign_in(one_site, person, remember_me="1")
    assert stack.command("group", "add", "administrators", person.username).returncode == 0
    assert visitor.get("/admin/devices").location == "/auth/confirm?next=%2Fadmin%2Fdevices"
    token = visitor.token("/auth/confirm")
    assert visitor.post("/auth/confirm", {"password": person.password, "next": "/admin/devices"}, token).location == "/admin/devices"
    assert visitor.get("/admin/devices").status == 200
    assert kind_of(visitor) == "admin"
    assert stack.command("group", "remove", "administrators", person.username).returncode == 0
    assert visitor.get("/admin/devices").status == 403
