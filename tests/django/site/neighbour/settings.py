"""Everything that differs from run to run comes in the variable NEIGHBOUR, as JSON."""
import json
import os

GIVEN = json.loads(os.environ["NEIGHBOUR"])

SECRET_KEY = GIVEN["secret_key"]
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "neighbour.urls"
WSGI_APPLICATION = "neighbour.serve.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"

POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "HOST": GIVEN["postgresql"]["host"],
              "PORT": GIVEN["postgresql"]["port"], "NAME": GIVEN["postgresql"]["database"],
              "USER": GIVEN["postgresql"]["user"]}

if GIVEN["shared"]:
    # As docs/DJANGO.md tells people to write it.
    INSTALLED_APPS += ["gatehouse_django", "gatehouse_django.chats"]
    AUTH_USER_MODEL = "gatehouse_django.User"
    AUTHENTICATION_BACKENDS = ["gatehouse_django.backends.GatehouseBackend"]
    DATABASE_ROUTERS = ["gatehouse_django.routers.GatehouseRouter"]
    DATABASES = {
        "default": POSTGRESQL,
        "users": {"ENGINE": "django.db.backends.mysql", "NAME": GIVEN["mysql"]["database"],
                  "USER": GIVEN["mysql"]["user"], "OPTIONS": {"unix_socket": GIVEN["mysql"]["socket"]}},
    }
    GATEHOUSE_USERS = GIVEN.get("users", {})
else:
    # A project with people of its own, that only keeps its sessions in the same table.
    DATABASES = {
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": GIVEN["own_database"]},
        "sessions": POSTGRESQL,
    }
    DATABASE_ROUTERS = ["neighbour.routers.SessionsRouter"]
