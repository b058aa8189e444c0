"""A web server's side of FastCGI, as little of it as measurements and tests need."""
import socket
import struct

BEGIN, END, PARAMS, STDIN, STDOUT = 1, 3, 4, 5, 6
RESPONDER, AUTHORIZER = 1, 2


def _record(kind, content):
    return struct.pack("!BBHHBx", 1, kind, 1, len(content), 0) + content


END_OF_INPUT = _record(STDIN, b"")


def _pair(name, value):
    def length(text):
        return bytes([len(text)]) if len(text) < 128 else struct.pack("!I", len(text) | 1 << 31)
    return length(name) + length(value) + name + value


def request(path, cookies=None, method="GET", body=b"", accept="text/html", type=None,
            role=RESPONDER, more=None):
    """The bytes of one request, as web servers send them. Most send an authorizer no input."""
    parameters = {
        "REQUEST_METHOD": method, "REQUEST_URI": path, "SCRIPT_NAME": path, "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
        "SERVER_SOFTWARE": "test", "GATEWAY_INTERFACE": "CGI/1.1", "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1", "HTTP_ACCEPT": accept,
    }
    if cookies:
        parameters["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    parameters.update(more or {})
    if type:
        parameters["CONTENT_TYPE"] = type
    if body:
        parameters["CONTENT_LENGTH"] = str(len(body))
    pairs = b"".join(_pair(name.encode(), value.encode()) for name, value in parameters.items())
    head = _record(BEGIN, struct.pack("!HB5x", role, 0)) + _record(PARAMS, pairs) + _record(PARAMS, b"")
    return head if role == AUTHORIZER else head + (_record(STDIN, body) if body else b"") + END_OF_INPUT


def connect(place):
    """`place`: the path of a socket, or host and port."""
    connection = socket.socket(socket.AF_INET if isinstance(place, tuple) else socket.AF_UNIX)
    connection.connect(place if isinstance(place, tuple) else str(place))
    connection.settimeout(30)
    return connection


def exchange(place, sent):
    """Send a request to a program's socket; what it answered: status line, headers and body."""
    with connect(place) as connection:
        connection.sendall(sent)
        return answer_of(connection)


def answer_of(connection):
    """What it answers until it closes the connection."""
    received = b""
    while piece := connection.recv(1 << 16):
        received += piece
    answer = b""
    while received:
        _, kind, _, length, padding = struct.unpack("!BBHHBx", received[:8])
        if kind == STDOUT:
            answer += received[8:8 + length]
        received = received[8 + length + padding:]
    return answer
