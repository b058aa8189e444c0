"""identity = shared_table over users tables as other programs made them."""
import pymysql
import pytest

from interop import SHIPPED_MODEL, Browser, Neighbour
from support.site import Person, bcrypt


LAYOUTS = {
    # An inverted flag in one bit, no username, no last_login.
    "inverted": ("""CREATE TABLE `user` (user_id bigint AUTO_INCREMENT PRIMARY KEY, email varchar(255) UNIQUE,
                        full_name varchar(255), password varchar(255), is_deleted bit(1) NOT NULL DEFAULT b'0')
                        DEFAULT CHARSET=latin1""",
                 {"table": "user", "id": "user_id", "username": "", "password_hash": "password", "last_login": "",
                  "active_when": "is_deleted:0"},
                 {"created_at": "", "full_name": "full_name"}, "UPDATE `user` SET is_deleted = b'1'", "$2a$"),
    # As Laravel makes it: no flag either.
    "laravel": ("""CREATE TABLE users (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, name varchar(255) NOT NULL DEFAULT "",
                        email varchar(255) NOT NULL UNIQUE, password varchar(255) NOT NULL,
                        remember_token varchar(100), created_at timestamp NULL, updated_at timestamp NULL)""",
                {"table": "users", "username": "", "password_hash": "password", "last_login": "", "active_when": ""},
                {"full_name": "name"}, "DELETE FROM users", "$2y$"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_other_tables_are_shared_too(stack, layout, clock):
    create, names, more, disable, prefix = LAYOUTS[layout]
    database = f"shared_{layout}"
    connection = pymysql.connect(unix_socket=stack.variables()["MYSQL_UNIX_PORT"], user="root", autocommit=True)
    with connection.cursor() as cursor:
        for statement in (f"CREATE DATABASE {database}", f"USE {database}", create,
                          f"GRANT SELECT, INSERT, UPDATE ON {database}.* TO gatehouse_app@localhost"):
            cursor.execute(statement)
        cursor.execute(f"INSERT INTO `{names['table']}` (email, password) VALUES ('ann@example.org', %s)",
                       (bcrypt("correct horse battery", variant=prefix[1:3]),))
    extra = {f"GATEHOUSE_USERS_{key.upper()}": value for key, value in {**names, **more}.items()}
    extra = {**extra, "GATEHOUSE_MYSQL_DATABASE": database, "GATEHOUSE_DJANGO_IDENTITY": "shared_table"}
    site = stack.start("lighttpd", extra)
    project = None
    try:
        # The table as database.table, through a connection to another database.
        project = Neighbour(stack, shared=True, user_model=SHIPPED_MODEL, users={**names, "table": f"{database}.{names['table']}"})
        ann = Person(1, "ann@example.org", "ann@example.org", "correct horse battery")
        first, second = Browser(site, project), Browser(site, project)
        first.sign_in_at_gatehouse(ann)
        second.sign_in_at_django(ann)
        for browser in (first, second):
            assert browser.names() == (ann.username, ann.username)
            assert browser.django.get("/whoami").json["id"] == 1
        counts = project.run("from gatehouse_django.models import User\n"
                             "if isinstance(User.is_active, bool): print(1, 0)\n"
                             "else: print(*(User.objects.filter(is_active=active).count() for active in (True, False)))")
        assert counts == "1 0"
        with connection.cursor() as cursor:
            cursor.execute(disable)
        clock(seconds=61)
        for browser in (first, second):
            assert browser.names() == (None, None)
    finally:
        if project:
            project.stop()
        site.stop()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {database}")
        connection.close()
