"""Which database holds what: people in MySQL, sessions and conversations in PostgreSQL.

    DATABASE_ROUTERS = ["gatehouse_django.routers.GatehouseRouter"]

What is not named here goes where it went before. A router that stands earlier in the list wins.
"""
from django.contrib.auth import get_user_model
from django.db import router

from gatehouse_django import conf

IN_POSTGRESQL = {"sessions", "gatehouse_chats"}

# The admin site joins its log with the people, and these three belong together.
BESIDE_PEOPLE = {"admin", "auth", "contenttypes"}


def _place(app_label):
    """The database of an app whose place is known; None for the others."""
    if app_label in IN_POSTGRESQL:
        return conf.sessions_database()
    if app_label in BESIDE_PEOPLE and conf.users("admin_tables"):
        return conf.users("database")
    return None


def _is_of_people(model):
    from gatehouse_django.models import AbstractGatehouseUser  # models are not there yet at import
    return issubclass(model, (AbstractGatehouseUser, get_user_model()))


class GatehouseRouter:
    def _route(self, ask, model, instance=None, **hints):
        if _is_of_people(model):
            return conf.users("database")
        place = _place(model._meta.app_label)
        if place is None and instance is not None and _is_of_people(type(instance)):
            # Django would take what belongs to a person from the person's own database.
            return ask(model, **hints)
        return place

    def db_for_read(self, model, **hints):
        return self._route(router.db_for_read, model, **hints)

    def db_for_write(self, model, **hints):
        return self._route(router.db_for_write, model, **hints)

    def allow_relation(self, one, other, **hints):
        """Project tables may point at people in the other database; declare such a ForeignKey with
        db_constraint=False, because no database can check it."""
        return True if _is_of_people(type(one)) or _is_of_people(type(other)) else None

    def allow_migrate(self, db, app_label, **hints):
        """`migrate` makes nothing in the database of the users table but what belongs there, unless
        it is the default."""
        if _place(app_label) is not None:
            return db == _place(app_label)
        return False if db == conf.users("database") != "default" else None
