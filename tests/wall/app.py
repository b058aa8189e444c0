"""A small application behind the wall: says what it was told about the visitor, as JSON.

With a port as argument it serves HTTP on the loopback address; uWSGI takes `application`."""
import json
import sys
import wsgiref.simple_server
from socketserver import ThreadingMixIn


def told(environ):
    """What somebody could take for the name of the visitor."""
    words = ("USER", "REMOTE", "GATEHOUSE", "VARIABLE", "FORWARDED")
    return {name: value for name, value in sorted(environ.items())
            if isinstance(value, str) and any(word in name.upper() for word in words)
            and name not in ("REMOTE_ADDR", "REMOTE_PORT", "REMOTE_HOST", "HTTP_USER_AGENT")}


def application(environ, start_response):
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = json.dumps({"secret": "SECRET-app", "told": told(environ), "method": environ["REQUEST_METHOD"],
                       "path": environ.get("PATH_INFO", ""), "query": environ.get("QUERY_STRING", ""),
                       "body": environ["wsgi.input"].read(length).decode("latin-1")}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


class Server(ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 64


def serve(port, app):
    wsgiref.simple_server.make_server("127.0.0.1", port, app, server_class=Server).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), application)
