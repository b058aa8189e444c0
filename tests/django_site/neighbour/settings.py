"""Settings of the project; what docs/DJANGO.md tells people to write stands under "shared"."""
from neighbour.given import GIVEN

SECRET_KEY = GIVEN["secret_key"]
DEBUG = GIVEN.get("debug", False)
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
ROOT_URLCONF = "neighbour.urls"
WSGI_APPLICATION = "neighbour.serve.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"

INSTALLED_APPS = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                  "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": ["django.template.context_processors.request",
                                       "django.contrib.auth.context_processors.auth",
                                       "django.contrib.messages.context_processors.messages"]},
}]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"

POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "HOST": GIVEN["postgresql"]["host"],
              "PORT": GIVEN["postgresql"]["port"], "NAME": GIVEN["postgresql"]["database"],
              "USER": GIVEN["postgresql"]["user"]}

if GIVEN["shared"]:
    INSTALLED_APPS += ["gatehouse_django", "gatehouse_django.chats", "people"]
    AUTH_USER_MODEL = GIVEN.get("user_model", "people.Person")
    AUTHENTICATION_BACKENDS = ["gatehouse_django.backends.GatehouseBackend"]
    AUTH_PASSWORD_VALIDATORS = [{"NAME": "gatehouse_django.passwords.BcryptLengthValidator"}]
    DATABASE_ROUTERS = ["gatehouse_django.routers.GatehouseRouter"]
    DATABASES = {
        "default": POSTGRESQL,
        "users": {"ENGINE": "django.db.backends.mysql", "NAME": GIVEN["mysql"]["database"],
                  "USER": GIVEN["mysql"]["user"], "OPTIONS": {"unix_socket": GIVEN["mysql"]["socket"]}},
    }
    # Gatehouse's own table, to which the admin site may write passwords.
    GATEHOUSE_USERS = GIVEN.get("users", {"id_type": "bigint unsigned", "admin_tables": True, "writable": True})
else:
    # A project with people of its own, that only keeps its sessions in the same table.
    DATABASES = {
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": GIVEN["own_database"]},
        "sessions": POSTGRESQL,
    }
    DATABASE_ROUTERS = ["neighbour.routers.SessionsRouter"]
