#!/usr/bin/python3
"""Django's command, for this project. Beside a running `make run` it needs nothing but the variables of
its env file; see "An example" in docs/DJANGO.md."""
import os
import pathlib
import sys

SITE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(SITE), str(SITE.parents[1] / "django")]


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "neighbour.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
