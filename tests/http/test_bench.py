"""`make bench` and `make bench-chat`, as briefly as they can run: they are used seldom, and a page that changes may
break them. What they measure here says nothing."""
import os
import pathlib
import re
import subprocess

import pytest

from support.stack import IS_SANITIZED

ROOT = pathlib.Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.alone, pytest.mark.skipif(IS_SANITIZED, reason="it builds and measures without sanitizers")]


def run(target, options):
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("GATEHOUSE_", "DATABASES_", "MAKE"))}
    done = subprocess.run(["make", "-s", target, f"BENCH_OPTIONS={options}"], cwd=ROOT, env=kept, text=True,
                          capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def test_pages_are_measured_against_their_floors():
    said = run("bench", "--only pages --rounds 1 --seconds 1")
    for page in ("/protected", "/dashboard", "/auth/status"):
        assert re.search(rf"^\| {page}, floor B.*\| \d\.\d\d", said, re.M), said


def test_streamed_answers_are_measured():
    assert re.search(r"\d", run("bench-chat", "--rounds 2 --seconds 1"))
