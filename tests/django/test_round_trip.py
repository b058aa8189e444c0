"""10,000 random sessions, written by each and read by the other without a difference.

The dictionaries come from a seed that a failure prints; GATEHOUSE_TEST_SEED makes them again."""
import json
import os
import random
import secrets
import subprocess

import pytest

from interop import json_text
from support.stack import ROOT

COUNT, DEEPEST = 10_000, 6
LONGEST = 500_000  # characters; Gatehouse refuses more than a megabyte

ALPHABETS = ["abc_ ", "\"\\/\b\f\n\r\t", "\x00\x01\x1f\x7f\x80\x9f", "äöüßéñ", "日本語हिन्दी", "👋🏽𝔘\U0010ffff",
             "\u2028\u2029\ufeff\ufffd", "<>&'{}[]:,."]
INTEGERS = [0, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 + 1, 2 ** 63, -(2 ** 63) - 1, 2 ** 64, 10 ** 100, -(10 ** 100)]
REALS = [0.0, -0.0, 1.5, 1e308, -1e308, 5e-324, 1e-7, 1e16, 0.1 + 0.2]


@pytest.fixture(scope="module")
def seed():
    return os.environ.get("GATEHOUSE_TEST_SEED") or secrets.token_hex(8)


@pytest.fixture(scope="module")
def sessions(seed):
    dice, made = random.Random(seed), [{}, {"": {}}]
    while len(made) < COUNT:
        data = random_dictionary(dice)
        if len(compact(data)) < LONGEST:
            made.append(data)
    return made


def random_text(dice):
    text = "".join(dice.choices(dice.choice(ALPHABETS), k=dice.choice((0, 1, 3, 10, 40))))
    return text * 40 if dice.random() < 0.05 else text  # long, and worth compressing


def random_number(dice):
    kind = dice.random()
    if kind < 0.3:
        return dice.choice(INTEGERS)
    if kind < 0.5:
        return dice.choice((-1, 1)) * dice.getrandbits(dice.choice((8, 40, 70, 200)))
    if kind < 0.7:
        return dice.choice(REALS)
    return dice.uniform(-1, 1) * 10.0 ** dice.randrange(-300, 300)


def random_value(dice, depth):
    kind = dice.random()
    if depth < DEEPEST and kind < 0.15:
        return random_dictionary(dice, depth + 1)
    if depth < DEEPEST and kind < 0.3:
        return [random_value(dice, depth + 1) for _ in range(dice.randrange(4))]
    if kind < 0.6:
        return random_text(dice)
    return random_number(dice) if kind < 0.85 else dice.choice((True, False, None))


def random_dictionary(dice, depth=1):
    return {random_text(dice): random_value(dice, depth) for _ in range(dice.choice((0, 1, 2, 4, 8)))}


def depth_of(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth_of, inner), default=0) if isinstance(value, (dict, list)) else 0


def compact(data):
    """As Django's serializer writes it: a difference in any byte of any number or letter shows."""
    return json.dumps(data, separators=(",", ":"))


def expect_all(found, expected, seed):
    """The first difference of thousands, and how to see it again."""
    assert len(found) == len(expected) == COUNT
    for number, (one, other) in enumerate(zip(found, expected)):
        assert one == other, f"session {number} differs; GATEHOUSE_TEST_SEED={seed}"


@pytest.fixture(scope="module")
def gatehouse(stack):
    """gatehouse(command, texts): Gatehouse's own library, all texts in one run of a helper."""
    words = os.environ.get("GATEHOUSE_TEST_INSTALL", "").split()
    made = subprocess.run(["make", "-s", "--no-print-directory", *words, "django-test-helper"],
                          cwd=ROOT, text=True, capture_output=True, timeout=300)
    assert made.returncode == 0, made.stderr
    program = ROOT / made.stdout.split()[-1]

    def ask(command, texts):
        given = "".join(f"{command} {text}\n" for text in texts)
        done = subprocess.run([program, stack.folder / "secret_key"], input=given, text=True, capture_output=True,
                              timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()
    return ask


def test_the_sessions_are_as_hard_as_they_should_be(sessions, signer, seed):
    text = "".join(map(compact, sessions))
    depths = [depth_of(data) for data in sessions]
    assert len(sessions) == COUNT and max(depths) >= DEEPEST, seed
    for part in ("1e+308", "-0.0", "5e-324", str(10 ** 100), str(-(2 ** 63) - 1), "\\ud83d", "\\u0000", '"":', "{}"):
        assert part in text, (part, seed)
    compressed = sum(signer.write(data).startswith(".") for data in sessions[:1000])
    assert 50 < compressed < 950, (compressed, seed)


def test_sessions_of_django_are_read_by_gatehouse(sessions, gatehouse, signer, seed):
    expect_all(gatehouse("decode", map(signer.write, sessions)), [compact(data) for data in sessions], seed)


def test_what_gatehouse_changes_is_its_own_member_and_nothing_else(sessions, gatehouse, signer, seed):
    """Django signs, Gatehouse gives it another hash of the password, Django reads."""
    given = [{"before": 1, **data, "_auth_user_hash": "0" * 64, "after": 1.0} for data in sessions]
    expected = [{**data, "_auth_user_hash": signer.auth_hash("another")} for data in given]
    texts = gatehouse("resign", map(signer.write, given))
    expect_all([json_text(text).decode() for text in texts], [compact(data) for data in expected], seed)
    expect_all([compact(signer.read(text)) for text in texts], [compact(data) for data in expected], seed)


def test_sessions_of_gatehouse_are_read_changed_and_written_by_django(sessions, gatehouse, signer, seed):
    texts = gatehouse("encode", map(compact, sessions))
    expect_all([json_text(text).decode() for text in texts], [compact(data) for data in sessions], seed)
    changed = [{**signer.read(text), "of Django": "geändert"} for text in texts]
    expected = [{**data, "of Django": "geändert"} for data in sessions]
    expect_all(gatehouse("decode", map(signer.write, changed)), [compact(data) for data in expected], seed)


def test_django_itself_agrees_about_what_it_signs(neighbour, signer):
    """The signer of these tests is Django's SessionStore in every byte but the time."""
    data = {"a": ["ä", 2 ** 70], "long": "x" * 200}
    code = f"from django.contrib.sessions.backends.db import SessionStore\nprint(SessionStore().encode({data!r}))"
    theirs, ours = neighbour.run(code).split(":"), signer.write(data).split(":")
    assert theirs[0] == ours[0]
    assert signer.read(":".join(theirs)) == data
