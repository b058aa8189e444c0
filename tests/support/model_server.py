"""A server of language models for tests: plain sockets, so that every byte and every pause is the test's.

    server = ModelServer()
    server.script(openai("Hel", "lo"), status(429, headers={"Retry-After": "1"}), openai("Yes."))
    ... server.url is the base_url; server.requests has what was asked ...
    server.stop()

A reply is a function of a Connection; each request takes the next one of the script, and the last stays
for all that follow. Replies of the helpers below can be given a `gate`: then a piece is only sent when
the test opens it (`gate.release()`), which is how a test watches an answer grow without sleeping."""
import json
import socket
import ssl
import subprocess
import threading
import time

CHUNKED = "Transfer-Encoding: chunked"


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.arrived = time.monotonic()
        self.left = threading.Event()   # the client closed the connection before the reply was over

    @property
    def json(self):
        return json.loads(self.body)


class Connection:
    """What a reply writes to."""

    def __init__(self, server, connection, request):
        self.server, self.connection, self.request = server, connection, request

    def send(self, *parts):
        for part in parts:
            self.connection.sendall(part if isinstance(part, bytes) else part.encode())

    def send_slowly(self, data, size=1):
        """In packets of so many bytes."""
        for at in range(0, len(data), size):
            self.send(data[at:at + size])

    def head(self, *lines, code=200, kind="text/event-stream"):
        self.send("\r\n".join([f"HTTP/1.1 {code} X", f"Content-Type: {kind}", *lines, "", ""]))

    def chunk(self, data):
        data = data if isinstance(data, bytes) else data.encode()
        self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def hang(self):
        """Say nothing until the client leaves, or the server is stopped."""
        self.connection.settimeout(0.1)
        while not self.server.stopping.is_set():
            try:
                if not self.connection.recv(4096):
                    raise ConnectionError("the client left")
            except TimeoutError:
                pass


class ModelServer:
    def __init__(self, *replies, tls=None, family=socket.AF_INET):
        """`tls`: a folder of certificate() to speak TLS with."""
        self.requests, self.connections = [], 0
        self.stopping = threading.Event()
        self.lock = threading.Condition()
        self.threads = []
        self.script(*replies)
        self.context = None
        if tls is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(tls / "server.pem", tls / "server.key")
        self.listener = socket.create_server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), family=family, backlog=128)
        self.port = self.listener.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}" if family == socket.AF_INET else f"[::1]:{self.port}"
        self.url = f"http{'s' if tls else ''}://{self.host}/v1"
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()

    def script(self, *replies):
        self.replies = list(replies)

    def wait_for_requests(self, count, seconds=20):
        with self.lock:
            assert self.lock.wait_for(lambda: len(self.requests) >= count, seconds), f"{len(self.requests)} requests came"
        return self.requests

    def stop(self):
        self.stopping.set()
        self.listener.shutdown(socket.SHUT_RDWR)    # wakes accept()
        self.acceptor.join(10)
        self.listener.close()
        for thread in self.threads:
            thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(30)
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            request = self._read(connection)
        except (OSError, ValueError):
            connection.close()
            return
        with self.lock:
            self.requests.append(request)
            reply = None
            if self.replies:
                reply = self.replies[0] if len(self.replies) == 1 else self.replies.pop(0)
            self.lock.notify_all()
        try:
            (reply or status(500, {"error": "the test has no reply for this"}))(Connection(self, connection, request))
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            request.left.set()
        finally:
            connection.close()

    @staticmethod
    def _read(connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                raise ValueError("no request")
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            more = connection.recv(65536)
            if not more:
                raise ValueError("half a request")
            body += more
        method, path, _ = first.split(" ")
        return Request(method, path, headers, body)


# Events, as bytes of a stream.

def event(data, name=None):
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return ((f"event: {name}\n" if name else "") + f"data: {text}\n\n").encode()


def openai_piece(text, **more):
    return event({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m",
                  "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}], **more})


def openai_end(reason="stop", usage=(7, 5)):
    events = event({"id": "c1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    if usage is not None:
        events += event({"id": "c1", "object": "chat.completion.chunk", "choices": [],
                         "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}})
    return events + event("[DONE]")


def anthropic_begin(tokens=7):
    return (event({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m",
                   "stop_reason": None, "usage": {"input_tokens": tokens, "output_tokens": 1}}}, "message_start")
            + event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}, "content_block_start")
            + event({"type": "ping"}, "ping"))


def anthropic_piece(text, index=0):
    return event({"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": text}}, "content_block_delta")


def anthropic_end(reason="end_turn", tokens=5):
    return (event({"type": "content_block_stop", "index": 0}, "content_block_stop")
            + event({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None},
                     "usage": {"output_tokens": tokens}}, "message_delta")
            + event({"type": "message_stop"}, "message_stop"))


# Replies.

def stream(*pieces, gate=None, pause=0):
    """A whole stream, each piece a chunk of its own; after the first each waits for the gate, or the pause."""
    def reply(connection):
        connection.head(CHUNKED)
        for number, piece in enumerate(pieces):
            if number > 0 and gate is not None:
                while not gate.acquire(timeout=0.1):
                    if connection.server.stopping.is_set():
                        return
            if number > 0 and pause:
                time.sleep(pause)
            connection.chunk(piece)
        connection.send("0\r\n\r\n")
    return reply


def openai(*texts, reason="stop", usage=(7, 5), **pace):
    return stream(*map(openai_piece, texts), openai_end(reason, usage), **pace)


def anthropic(*texts, reason="end_turn", **pace):
    return stream(anthropic_begin(), *map(anthropic_piece, texts), anthropic_end(reason), **pace)


def status(code, body=b"", headers=None, kind="application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def reply(connection):
        lines = [f"{name}: {value}" for name, value in (headers or {}).items()]
        connection.head(*lines, f"Content-Length: {len(data)}", code=code, kind=kind)
        connection.send(data)
    return reply


def whole(data, **more):
    """One JSON body instead of a stream."""
    return status(200, data, **more)


def raw(*parts, hang=False):
    """These bytes and nothing else; then the connection ends, or nothing more comes."""
    def reply(connection):
        connection.send(*parts)
        if hang:
            connection.hang()
    return reply


def certificate(folder, name="127.0.0.1"):
    """A certificate authority (ca.pem) and a server's certificate for that address or host, in a folder."""
    folder.mkdir()
    kind = "IP" if name[0].isdigit() else "DNS"
    (folder / "extensions").write_text(f"subjectAltName={kind}:{name}\n")

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", f"/CN=Authority of {name}",
            "-addext", "basicConstraints=critical,CA:TRUE")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=Test server")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem", "-days", "2",
            "-extfile", "extensions")
    return folder
