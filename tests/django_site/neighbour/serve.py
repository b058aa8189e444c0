"""Serve the project on a free port of the loopback address, which is printed: python -m neighbour.serve

Ends with its standard input, so that it never outlives the tests."""
import os
import socketserver
import sys
import threading
import wsgiref.simple_server

os.environ["DJANGO_SETTINGS_MODULE"] = "neighbour.settings"

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()


class Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


def main():
    from django.conf import settings
    from django.core.management import call_command
    call_command("check", databases=list(settings.DATABASES), fail_level="WARNING", stdout=sys.stderr)
    if "own_database" in settings.GIVEN:
        call_command("migrate", database="default", verbosity=0)
    server = wsgiref.simple_server.make_server("127.0.0.1", 0, application, server_class=Server)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
