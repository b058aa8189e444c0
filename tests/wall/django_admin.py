"""A Django project with its admin site, as small as can be, for behind the wall.

It runs in a folder that has wall.py and settings.py from docs/WALL.md and the tables (admin.sqlite3),
which `migrate` makes. With a port as argument it serves HTTP; uWSGI takes `application`."""
import os
import sys

import django
from django.conf import settings

HERE = os.getcwd()
sys.path.insert(0, HERE)

MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
              "django.middleware.common.CommonMiddleware",
              "django.middleware.csrf.CsrfViewMiddleware",
              "django.contrib.auth.middleware.AuthenticationMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware"]
given = {"MIDDLEWARE": MIDDLEWARE}
with open(os.path.join(HERE, "settings.py")) as file:
    exec(file.read(), given)  # the block of the documentation
given = {name: value for name, value in given.items() if name.isupper()}

settings.configure(
    SECRET_KEY="only for the tests of the wall", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__,
    USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", STATIC_URL="/admin-files/",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(HERE, "admin.sqlite3"),
                           "OPTIONS": {"timeout": 20}}},
    INSTALLED_APPS=["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                    "django.contrib.sessions", "django.contrib.messages"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
                "OPTIONS": {"context_processors": ["django.template.context_processors.request",
                                                   "django.contrib.auth.context_processors.auth",
                                                   "django.contrib.messages.context_processors.messages"]}}],
    **given)
django.setup()

from django.contrib import admin  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402

urlpatterns = [path("admin/", admin.site.urls)]
application = get_wsgi_application()


def main():
    from django.core.management import call_command
    if sys.argv[1] == "migrate":
        call_command("migrate", verbosity=0)
    elif sys.argv[1] == "person":  # a name, and whether it may use the admin site
        from django.contrib.auth.models import User
        User.objects.create(username=sys.argv[2], is_staff="staff" in sys.argv, is_superuser="staff" in sys.argv)
    else:
        sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
        from app import serve
        serve(int(sys.argv[1]), application)


if __name__ == "__main__":
    sys.modules["django_admin"] = sys.modules[__name__]
    main()
