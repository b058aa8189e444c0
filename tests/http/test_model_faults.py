"""Language models whose servers are slow, broken, busy or wrong."""
import gzip
import time

import pytest

from support.model_server import (CHUNKED, ModelServer, anthropic, anthropic_begin, anthropic_piece, event, openai, openai_end, openai_piece,
                                  raw, status, stream, whole)

OK = "HTTP/1.1 200 OK\r\n"


def short(value):
    """The name of a test's parameter."""
    return None if isinstance(value, (int, dict)) else repr(value)[1:24].strip("'")


@pytest.mark.parametrize("code, body, error", [
    (400, {"error": {"message": "bad", "type": "invalid_request_error"}}, "model_request_refused"),
    (400, {"error": {"message": "x", "code": "context_length_exceeded"}}, "model_context_full"),
    (400, {"object": "error", "message": "This model's maximum context length is 4096 tokens.", "type": "BadRequestError"}, "model_context_full"),
    (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 2 tokens > 1 maximum"}}, "model_context_full"),
    (400, {"error": {"code": 400, "message": "the request exceeds", "type": "exceed_context_size_error"}}, "model_context_full"),
    (400, {"error": {"code": "content_filter", "message": "filtered"}}, "model_declined"),
    (400, {"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low"}}, "model_quota_used_up"),
    (401, {"error": {"message": "Incorrect API key provided: sk-top-secret", "code": "invalid_api_key"}}, "model_key_refused"),
    (403, {"error": "forbidden"}, "model_key_refused"),
    (404, {"error": {"message": "model 'x' not found", "type": "api_error"}}, "model_not_found"),
    (404, b"<html>not found</html>", "model_not_found"),
    (405, b"", "model_request_refused"),
    (413, b"", "model_context_full"),
    (422, {"detail": [{"loc": ["body", "model"], "msg": "field required"}]}, "model_request_refused"),
    (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}, "model_quota_used_up"),
    (504, b"", "model_timeout"),
])
def test_what_is_not_tried_again(models, model_server, code, body, error):
    model_server.script(status(code, body), openai("too late"))
    answer = models.ask(model_server, openai_key="sk-top-secret", openai_retries=5)
    assert (answer.status, answer.error, answer.text) == (1, error, "")
    assert answer.end == ("declined" if error == "model_declined" else "failed")
    assert len(model_server.requests) == 1
    log, = answer.log
    assert f"error={error} status={code}" in log and "model_failed" in log
    assert "sk-top-secret" not in answer.said


@pytest.mark.parametrize("code, body, error", [
    (429, {"error": {"message": "sk-top-secret is too fast", "type": "rate_limit_error"}}, "model_rate_limited"),
    (500, {"error": {"message": "oops", "type": "server_error"}}, "model_server_error"), (502, b"<html>", "model_server_error"),
    (503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, "model_overloaded"),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "model_overloaded")])
def test_what_is_tried_again(models, model_server, code, body, error):
    model_server.script(status(code, body), status(code, body), openai("At last."))
    answer = models.ask(model_server, openai_key="sk-top-secret")
    assert (answer.status, answer.text, answer.end) == (0, "At last.\n", "complete")
    times = [request.arrived for request in model_server.requests]
    assert len(times) == 3 and times[1] - times[0] >= 0.25 and times[2] - times[1] >= 0.5
    assert [line.split()[2] for line in answer.log] == ["model_retry"] * 2
    assert "sk-top-secret" not in answer.said
    assert all(request.json == model_server.requests[0].json for request in model_server.requests)


def test_at_last_it_gives_up(models, model_server):
    model_server.script(status(503))
    answer = models.ask(model_server, openai_retries=1)
    assert (answer.error, len(model_server.requests)) == ("model_overloaded", 2)
    model_server.script(status(500))
    answer = models.ask(model_server, openai_retries=0)
    assert (answer.error, len(model_server.requests)) == ("model_server_error", 3)


def test_a_server_may_say_how_long_to_wait(models, model_server):
    model_server.script(status(429, headers={"Retry-After": "2"}), openai("Now."))
    answer = models.ask(model_server)
    assert answer.text == "Now.\n"
    first, second = (request.arrived for request in model_server.requests)
    assert 1.9 <= second - first < 6


@pytest.mark.parametrize("wait", ["21", "86400", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_nobody_waits_for_long(models, model_server, wait):
    model_server.script(status(429, headers={"Retry-After": wait}), openai("too late"))
    assert models.ask(model_server).error == "model_rate_limited"
    assert len(model_server.requests) == 1


def test_no_wait_goes_past_the_whole_time(models, model_server):
    model_server.script(status(503, headers={"Retry-After": "5"}), openai("too late"))
    assert models.ask(model_server, openai_total_seconds=4).error == "model_overloaded"
    assert len(model_server.requests) == 1


@pytest.mark.parametrize("wait", ["-5", "soon", "", "0"])
def test_a_senseless_wait_is_none(models, model_server, wait):
    model_server.script(status(429, headers={"Retry-After": wait}), openai("Now."))
    assert models.ask(model_server).text == "Now.\n"


def test_nobody_there(models):
    server = ModelServer()
    server.stop()
    answer = models.ask(server, openai_retries=1)
    assert (answer.error, len(answer.log)) == ("model_unreachable", 2)
    assert "transfer=unreachable" in answer.log[0]


def test_no_such_host(models):
    answer = models.ask(None, openai_base_url="https://gatehouse-test.invalid/v1", openai_retries=0)
    assert answer.error == "model_unreachable" and "transfer=unresolved" in answer.log[0]


@pytest.mark.parametrize("begin", ["", "HTTP/1.1 200", OK + "Content-Type: text/event-stream\r\n", OK + "\r\n", OK + f"{CHUNKED}\r\n\r\n40\r\ndata: "], ids=short)
def test_gone_before_anything_came_is_tried_again(models, model_server, begin):
    model_server.script(raw(begin), openai("Again."))
    answer = models.ask(model_server)
    if begin == OK + "\r\n":    # an answer that is complete, and empty
        assert answer.error == "model_bad_answer"
    else:
        assert (answer.text, len(model_server.requests)) == ("Again.\n", 2)


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_cut_in_the_middle(models, model_server, protocol):
    """What came is shown; it is not tried again; a clean end that the protocol does not know is a cut, too."""
    body = {"openai": openai_piece("Hel") + openai_piece("lo")[:-20],
            "anthropic": anthropic_begin() + anthropic_piece("Hel") + anthropic_piece("lo")[:-20]}[protocol]
    for begin in (OK + f"{CHUNKED}\r\n\r\n{len(body) + 9:x}\r\n", OK + f"Content-Length: {len(body) + 9}\r\n\r\n", OK + "\r\n"):
        model_server.script(raw(begin, body), openai("too late"))
        answer = models.ask(model_server, model=f"{protocol}/test")
        assert (answer.text, answer.end, answer.error) == ("Hel\n", "failed", "model_cut_off")
    assert len(model_server.requests) == 3


@pytest.mark.parametrize("body", [
    b"data: {\n\n", b"data: [1]\n\n", b"data: hello\n\n", b"data:\n\n", b'data: {"choices":[{"delta":{"content":"\\x"}}]}\n\n',
    b"data: " + b"[" * 5000 + b"\n\n", b'data: {"a":' + b"[" * 100 + b"]" * 100 + b"}\n\n", b'data: {"a":[' + b"1," * 50000 + b"1]}\n\n",
    b"<html>Welcome</html>", b"", b"\n\n\n", b": only comments\n\n", b"hello", b"{", b"{}", b'{"choices":[]}', b'{"choices":[{"message":{}}]}'], ids=short)
def test_what_is_no_answer(models, model_server, body):
    model_server.script(raw(OK + f"Content-Length: {len(body)}\r\n\r\n", body), openai("too late"))
    answer = models.ask(model_server)
    assert (answer.error, answer.text, len(model_server.requests)) == ("model_bad_answer", "", 1)


@pytest.mark.parametrize("junk", [
    {}, {"choices": None}, {"choices": {}}, {"choices": [None]}, {"choices": [{"delta": None}]}, {"choices": [{"delta": "x"}]}, {"choices": "x"},
    {"choices": [{"delta": {"content": 5}}]}, {"choices": [{"delta": {"content": {"text": "x"}}}]}, {"choices": [{"delta": {"content": [None, 1]}}]},
    {"choices": [{"finish_reason": 7}]}, {"usage": "x"}, {"usage": {"prompt_tokens": -4, "completion_tokens": "9"}},
    {"usage": {"prompt_tokens": 1e300}}, {"error": None}])
def test_odd_events_are_read_over(models, model_server, junk):
    model_server.script(stream(event(junk), openai_piece("Fine."), openai_end()))
    answer = models.ask(model_server)
    assert (answer.text, answer.end, answer.tokens) == ("Fine.\n", "complete", "7 tokens read, 5 written")


@pytest.mark.parametrize("pieces", [(), ("",), ("", "")])
def test_an_empty_answer_is_none(models, model_server, pieces):
    model_server.script(openai(*pieces))
    assert models.ask(model_server).error == "model_empty_answer"
    model_server.script(openai(*pieces, reason="length"))
    assert models.ask(model_server).error == "model_empty_answer"


def test_errors_inside_a_stream(models, model_server):
    model_server.script(stream(openai_piece("Hel"), event({"error": {"message": "GPU gone, said sk-top-secret", "type": "server_error"}}, "error")))
    answer = models.ask(model_server, openai_key="sk-top-secret")
    assert (answer.text, answer.error, len(model_server.requests)) == ("Hel\n", "model_server_error", 1)
    assert "GPU gone, said ***" in answer.said
    overloaded = event({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "error")
    model_server.script(stream(anthropic_begin(), anthropic_piece("Hel"), overloaded))
    answer = models.ask(model_server, model="anthropic/test")
    assert (answer.text, answer.error) == ("Hel\n", "model_overloaded")
    for odd in ({"error": "Ollama says so"}, {"error": 5}, {"error": {}}, {"object": "error", "message": "vLLM says so"}):
        model_server.script(stream(event(odd)))
        assert models.ask(model_server, openai_retries=0).error == "model_server_error"


def test_an_error_before_the_first_piece_is_tried_again(models, model_server):
    overloaded = event({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "error")
    model_server.script(stream(anthropic_begin(), overloaded), anthropic("Now."))
    answer = models.ask(model_server, model="anthropic/test")
    assert (answer.text, answer.tokens, len(model_server.requests)) == ("Now.\n", "7 tokens read, 5 written", 2)


# Waits. Each setting is a second here, so that the test does not wait for more.

@pytest.mark.parametrize("said, settings, transfer", [
    ("", {"first_byte": 1}, "first_byte_timeout"),
    (OK, {"first_byte": 1}, "first_byte_timeout"),
    (OK + "Content-Type: text/event-stream\r\n\r\n", {"first_byte": 1}, "first_byte_timeout"),
    (OK + "\r\n" + openai_piece("Hel").decode(), {"idle": 1}, "idle_timeout"),
    (OK + "\r\n" + openai_piece("Hel").decode() + "data: {", {"idle": 1}, "idle_timeout"),
    (OK + "\r\n" + openai_piece("Hel").decode(), {"total": 1}, "total_timeout"),
    ("", {"total": 1}, "total_timeout")], ids=short)
def test_a_server_that_hangs(models, model_server, said, settings, transfer):
    model_server.script(raw(said, hang=True))
    begun = time.monotonic()
    answer = models.ask(model_server, **{f"openai_{name}_seconds": seconds for name, seconds in settings.items()})
    assert (answer.error, answer.text) == ("model_timeout", "Hel\n" if "Hel" in said else "")
    assert f"transfer={transfer}" in answer.log[0] and len(model_server.requests) == 1
    assert 0.9 <= time.monotonic() - begun < 10
    assert model_server.requests[0].left.wait(10)


def test_a_trickle_ends_with_the_whole_time(models, model_server):
    """Comments keep a connection alive, but not for ever."""
    def reply(connection):
        connection.head("Connection: close")
        while True:
            connection.send(": still there\n\n")
            connection.server.stopping.wait(0.1)
    model_server.script(reply)
    answer = models.ask(model_server, openai_total_seconds=2, openai_idle_seconds=1)
    assert answer.error == "model_timeout" and "transfer=total_timeout" in answer.log[0]


def test_a_slow_server_is_waited_for(models, model_server):
    """Longer than the idle limit altogether, but never silent for so long."""
    model_server.script(openai(*"slowly", pause=0.3))
    answer = models.ask(model_server, openai_idle_seconds=1)
    assert (answer.text, answer.end) == ("slowly\n", "complete")


def test_a_server_whose_connections_nobody_accepts(models):
    """TCP stands, because the kernel answers; TLS does not come."""
    import socket
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        answer = models.ask(None, openai_base_url=f"https://{host}/v1", chat_model_hosts=host, openai_connect_seconds=1, openai_retries=0)
    assert answer.error == "model_unreachable" and "transfer=connect_timeout" in answer.log[0]


# Too much.

def endless(begin, more):
    def reply(connection):
        connection.send(begin)
        while True:
            connection.send(more)
    return reply


@pytest.mark.parametrize("begin, more", [
    (OK, "X-More: " + "x" * 1000 + "\r\n"),
    (OK + "X-More: ", "x" * 1000),
    ("HTTP/1.1 200 ", "O" * 1000),
    ("", "HTTP/1.1 103 Early\r\n\r\n"),
    (OK + "\r\ndata: ", "x" * 1000),
    (OK + "\r\n", "x" * 1000),
    (OK + "\r\n", "data: x\n" * 100),
    (OK + "\r\n{", "\"x\": 1, " * 100),
    (OK + "\r\n", ": x\n" * 10000),
    (OK + "\r\n", "\n" * 10000),
    (OK + "\r\n", "data: {}\n\n" * 1000),
], ids=short)
def test_no_end(models, model_server, begin, more):
    model_server.script(endless(begin, more))
    answer = models.ask(model_server)
    assert (answer.error, answer.text, len(model_server.requests)) == ("model_bad_answer", "", 1)
    assert model_server.requests[0].left.wait(10)


def test_no_end_of_an_error(models, model_server):
    model_server.script(endless("HTTP/1.1 400 X\r\n\r\n", "x" * 1000))
    answer = models.ask(model_server)
    assert answer.error == "model_request_refused" and len(answer.log[0]) < 1000


def test_nothing_is_decompressed(models, model_server):
    bomb = gzip.compress(b"data: " + b"x" * 50_000_000)
    for coding in ("Content-Encoding: gzip", "Content-Encoding: br", "Transfer-Encoding: gzip, chunked", "content-encoding:  GZIP  "):
        model_server.script(raw(OK + f"{coding}\r\nContent-Length: {len(bomb)}\r\n\r\n", bomb))
        answer = models.ask(model_server)
        assert answer.error == "model_bad_answer" and "transfer=bad_answer" in answer.log[0]
    model_server.script(whole({"choices": [{"message": {"content": "Plain."}, "finish_reason": "stop"}]}, headers={"Content-Encoding": "identity"}))
    assert models.ask(model_server).text == "Plain.\n"


@pytest.mark.parametrize("answer", ["SSH-2.0-OpenSSH_9.2\r\n", "data: x\n\n", "HTTP/9.9 200 OK\r\n\r\n", "\x00\xff" * 100])
def test_what_is_no_http(models, model_server, answer):
    model_server.script(raw(answer))
    assert models.ask(model_server, openai_retries=0).error in ("model_bad_answer", "model_unreachable")
