"""What differs from run to run: where the databases are, which secret key, shared people or not.

The tests say it in the variable NEIGHBOUR, as JSON. Without that the project joins what `make run`
started: `. .run/env` first."""
import json
import os
import pathlib


def _of_make_run():
    try:
        state = pathlib.Path(os.environ["MYSQL_HOME"])  # where `make run` keeps its things
        return {
            "shared": True, "debug": True,
            "secret_key": (state / "secret_key").read_text().strip(),
            "postgresql": {"host": os.environ["PGHOST"], "port": os.environ["PGPORT"],
                           "database": os.environ["PGDATABASE"], "user": os.environ["PGUSER"]},
            "mysql": {"socket": os.environ["MYSQL_UNIX_PORT"], "database": os.environ["MYSQL_DATABASE"],
                      "user": os.environ["MYSQL_USER"]},
        }
    except KeyError as missing:
        raise SystemExit(f"{missing} is not set: run `. .run/env` first, with `make run` running.")


GIVEN = json.loads(os.environ["NEIGHBOUR"]) if "NEIGHBOUR" in os.environ else _of_make_run()
