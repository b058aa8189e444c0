"""identity = shared_table: whatever Django's save() does, a sign-in ends when Gatehouse says so."""
import pytest

from interop import Browser

TEN_YEARS = 10 * 365 * 86400


@pytest.fixture
def stretched(browser, postgresql, sql):
    """stretched(): a view of Django makes the browser's session last for ten years."""
    def stretch():
        assert browser.django.post("/stretch", {}, None).json == {"expires_in": TEN_YEARS}
        assert sql(postgresql, "SELECT expire_date > now() + interval '9 years' FROM django_session "
                               "WHERE session_key = %s", browser.key) == (True,)
    return stretch


@pytest.fixture(params=["gatehouse", "django"])
def signed_in(request, browser, person):
    """Somebody who signed in at either site, and was seen at Gatehouse."""
    getattr(browser, f"sign_in_at_{request.param}")(person)
    assert browser.name_at_gatehouse() == person.username
    return person


def test_eight_hours_after_signing_in_it_is_over(browser, signed_in, stretched, clock):
    stretched()
    for minutes in range(50, 480, 50):
        clock(minutes=minutes)
        assert browser.name_at_gatehouse() == signed_in.username, minutes
    clock(minutes=479)
    stretched()
    assert browser.name_at_gatehouse() == signed_in.username
    clock(minutes=481)
    assert browser.name_at_gatehouse() is None
    stretched()
    assert browser.name_at_gatehouse() is None
    assert browser.gatehouse.get("/protected").status == 303


def test_an_hour_without_use_it_is_over_however_busy_django_is(browser, signed_in, stretched, clock):
    for minutes in (20, 40, 59):
        clock(minutes=minutes)
        stretched()
        assert browser.name_at_django() == signed_in.username
    clock(minutes=61)
    stretched()
    assert browser.name_at_gatehouse() is None


def test_an_ordinary_save_of_django_stretches_nothing_either(browser, signed_in, clock, postgresql, sql):
    browser.store({"page": 1})
    assert sql(postgresql, "SELECT expire_date > now() + interval '13 days' FROM django_session "
                           "WHERE session_key = %s", browser.key) == (True,)
    clock(minutes=61)
    browser.store({"page": 2})
    assert browser.name_at_gatehouse() is None


def test_what_was_stretched_before_gatehouse_saw_it_has_our_limits(browser, person, stretched, clock):
    browser.sign_in_at_django(person)
    stretched()
    assert browser.name_at_gatehouse() == person.username
    clock(minutes=61)
    assert browser.name_at_gatehouse() is None


def test_keep_me_signed_in_ends_after_thirty_days(browser, person, stretched, clock):
    token = browser.gatehouse.token()
    fields = {"username": person.username, "password": person.password, "remember_me": "on"}
    assert browser.gatehouse.post("/auth/login", fields, token).status == 303
    stretched()
    clock(days=29)
    assert browser.name_at_gatehouse() == person.username
    clock(days=30, minutes=1)
    assert browser.name_at_gatehouse() is None


def test_django_can_shorten_it(browser, person, postgresql):
    browser.sign_in_at_gatehouse(person)
    with postgresql.cursor() as cursor:
        cursor.execute("UPDATE django_session SET expire_date = now() - interval '1 second' WHERE session_key = %s",
                       (browser.key,))
    assert browser.names() == (None, None)


def test_one_sign_in_at_django_more_than_allowed_ends_the_oldest_at_both(shared_site, neighbour, person, clock):
    browsers = []
    for number in range(6):
        clock(seconds=number)
        browsers.append(Browser(shared_site, neighbour).sign_in_at_django(person))
        assert browsers[-1].name_at_gatehouse() == person.username
    assert [browser.names() for browser in browsers] == [(None, None)] + [(person.username, person.username)] * 5


def test_what_rests_here_and_is_used_at_django_is_not_ended_by_a_sign_in(browser, other_browser, person, clock):
    browser.sign_in_at_django(person)
    assert browser.name_at_gatehouse() == person.username
    clock(minutes=61)
    assert browser.name_at_django() == person.username
    other_browser.sign_in_at_gatehouse(person)
    assert browser.name_at_django() == person.username


def test_a_sign_in_at_django_is_not_fresh_at_gatehouse(browser, person):
    """It may have been weeks ago: what asks for a fresh one asks for the password."""
    browser.sign_in_at_django(person)
    assert browser.name_at_gatehouse() == person.username
    reply = browser.gatehouse.get("/devices")
    assert (reply.status, reply.location) == (303, "/auth/confirm?next=%2Fdevices")


def test_an_administrators_sign_in_at_django_has_the_limits_of_one(browser, person, stack, postgresql, sql, clock):
    browser.gatehouse.headers["User-Agent"] = "Testfox/1.0"  # to which it is bound
    assert stack.command("group", "add", "administrators", person.username).returncode == 0
    browser.sign_in_at_django(person)
    assert browser.name_at_gatehouse() == person.username
    assert sql(postgresql, "SELECT kind FROM gatehouse_session WHERE session_key = %s", browser.key) == ("admin",)
    clock(minutes=16)
    assert browser.name_at_gatehouse() is None


def test_sign_ins_at_django_count_for_the_limit(browser, other_browser, person, stack, row):
    assert stack.command("policy", "set", person.username, "authenticated", "concurrent=1").returncode == 0
    browser.sign_in_at_django(person)
    assert browser.name_at_gatehouse() == person.username
    other_browser.sign_in_at_django(person)
    assert other_browser.name_at_gatehouse() == person.username
    assert browser.name_at_gatehouse() is None and row(browser.key) is None
