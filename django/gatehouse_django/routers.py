"""Which database holds what: people in MySQL, sessions and conversations in PostgreSQL.

    DATABASE_ROUTERS = ["gatehouse_django.routers.GatehouseRouter"]

What is not named here goes where it went before. A router that stands earlier in the list wins.
"""
from django.contrib.auth import get_user_model

from gatehouse_django import conf

IN_POSTGRESQL = {"sessions", "gatehouse_chats"}


class GatehouseRouter:
    def db_for_read(self, model, **hints):
        if issubclass(model, get_user_model()):
            return conf.users("database")
        if model._meta.app_label in IN_POSTGRESQL:
            return conf.sessions_database()
        return None

    db_for_write = db_for_read

    def allow_relation(self, one, other, **hints):
        """Project tables may point at people in the other database; declare such a ForeignKey with
        db_constraint=False, because no database can check it."""
        if isinstance(one, get_user_model()) or isinstance(other, get_user_model()):
            return True
        return None

    def allow_migrate(self, db, app_label, **hints):
        """`migrate` makes nothing in the database of the users table, unless it is the default."""
        if db == conf.users("database") != "default":
            return False
        if app_label == "sessions":
            return db == conf.sessions_database()
        return None
