"""The settings, which say the same as the sections [users] and [django] of gatehouse.conf.

    GATEHOUSE_USERS = {
        "database": "users",            # alias in DATABASES of the users table
        "table": "users",               # or "database.table"
        "id": "id",                     # names of its columns …
        "username": "username",         # "" where people sign in by email only
        "email": "email",
        "password_hash": "password_hash",
        "last_login": "last_login",     # "" where there is none
        "active_when": "is_active:1",   # column:number, "is_deleted:0" for the inverted flag,
                                        # "" where everybody may sign in
        "id_type": "integer",           # "text" for keys such as UUIDs; "bigint unsigned", "int" …
                                        # where foreign keys point at it: they must be the same
        "bcrypt_cost": 12,              # of new hashes, see passwords.make
        "writable": False,              # whether save() of a person is allowed, for projects that
                                        # change passwords or names themselves
        "admin_tables": False,          # True: the tables of Django's admin, auth and contenttypes
                                        # stand beside the people, as the admin site needs it
    }
    GATEHOUSE_SESSIONS_DATABASE = "default"   # alias of PostgreSQL: sessions and conversations

Every key may be left out; above are the defaults.
"""
import re

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

DEFAULTS = {
    "database": "users",
    "table": "users",
    "id": "id",
    "username": "username",
    "email": "email",
    "password_hash": "password_hash",
    "last_login": "last_login",
    "active_when": "is_active:1",
    "id_type": "integer",
    "bcrypt_cost": 12,
    "writable": False,
    "admin_tables": False,
}


def users(key):
    """One setting of the users table."""
    given = getattr(settings, "GATEHOUSE_USERS", {})
    unknown = sorted(set(given) - set(DEFAULTS))
    if unknown:
        raise ImproperlyConfigured(f"GATEHOUSE_USERS: there is no setting called {', '.join(unknown)}.")
    return given.get(key, DEFAULTS[key])


def users_table():
    """The table's name as Django wants it: a name with a database in front is quoted here."""
    return ".".join(f"`{part}`" for part in users("table").split(".")) if "." in users("table") else users("table")


def active_rule():
    """Column and number of people who may sign in; (None, None): everybody may."""
    rule = users("active_when")
    if not rule:
        return None, None
    column, colon, number = rule.partition(":")
    if not (column and colon and number.isdigit()):
        raise ImproperlyConfigured('GATEHOUSE_USERS: write active_when as column:number, such as "is_active:1".')
    return column, int(number)


def id_type():
    """MySQL's type of the key, or "text"; a plain integer counts as bigint, which is Django's own."""
    given = users("id_type").lower()
    if given not in ("integer", "text") and not re.fullmatch(r"(tiny|small|medium|big)?int( unsigned)?", given):
        raise ImproperlyConfigured('GATEHOUSE_USERS: id_type is "integer", "text", or a type such as "bigint unsigned".')
    return "bigint" if given == "integer" else given


def sessions_database():
    return getattr(settings, "GATEHOUSE_SESSIONS_DATABASE", "default")
