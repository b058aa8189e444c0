"""Language models: what is asked, and how answers come, in both protocols."""
import re
import threading

import pytest

from support.model_server import (ModelServer, anthropic, anthropic_begin, anthropic_end, anthropic_piece, event, openai, openai_end,
                                  openai_piece, raw, status, stream, whole)

PROTOCOLS = {"openai": openai, "anthropic": anthropic}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_answer_comes_with_its_tokens(models, model_server, protocol):
    model_server.script(PROTOCOLS[protocol]("Hel", "lo, ", "wörld ", "😀", "\nbye"))
    answer = models.ask(model_server, model=f"{protocol}/test")
    assert (answer.status, answer.text, answer.end, answer.log) == (0, "Hello, wörld 😀\nbye\n", "complete", [])
    assert answer.tokens == "7 tokens read, 5 written"


def test_what_an_openai_server_is_asked(models, model_server):
    model_server.script(openai("x"))
    models.ask(model_server, "Straße \"1\"\n<b>?", model="openai/qwen/2:7b", openai_key="sk-1", openai_answer_tokens=77)
    request, = model_server.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == "Bearer sk-1"
    assert request.headers["content-type"] == "application/json"
    assert "accept-encoding" not in request.headers and "cookie" not in request.headers and "expect" not in request.headers
    assert request.json == {"model": "qwen/2:7b", "messages": [{"role": "user", "content": "Straße \"1\"\n<b>?"}], "stream": True,
                            "stream_options": {"include_usage": True}, "max_tokens": 77}


def test_what_an_anthropic_server_is_asked(models, model_server):
    model_server.script(anthropic("x"))
    models.ask(model_server, "Hi?", model="anthropic/test", anthropic_key="sk-ant-1", anthropic_answer_tokens=78)
    request, = model_server.requests
    assert (request.method, request.path) == ("POST", "/v1/messages")
    assert request.headers["x-api-key"] == "sk-ant-1" and request.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in request.headers
    assert request.json == {"model": "test", "messages": [{"role": "user", "content": "Hi?"}], "stream": True, "max_tokens": 78}


def test_without_a_key_none_is_sent(models, model_server):
    model_server.script(openai("x"))
    assert models.ask(model_server).status == 0
    assert "authorization" not in model_server.requests[0].headers


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_pieces_are_handed_on_as_they_come(models, model_server, protocol):
    gate = threading.Semaphore(0)
    model_server.script(PROTOCOLS[protocol]("one ", "two ", "three", gate=gate))
    process = models.begin(model_server, model=f"{protocol}/test")
    seen = b""
    if protocol == "anthropic":
        gate.release()      # message_start has no text
    for expected in (b"one ", b"two ", b"three"):
        seen += process.stdout.read(len(expected))
        assert seen.endswith(expected)
        gate.release()
    answer = models.finish(process)
    assert answer.end == "complete"


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_bytes_may_be_cut_anywhere(models, model_server, size):
    body = b"".join(map(openai_piece, ("a😀", "é", "ü\n", "€"))) + openai_end()

    def reply(connection):
        connection.head("Transfer-Encoding: chunked")
        for at in range(0, len(body), size):
            connection.chunk(body[at:at + size])
        connection.send("0\r\n\r\n")
    model_server.script(reply)
    assert models.ask(model_server).text == "a😀éü\n€\n"
    model_server.script(lambda connection: (connection.head(f"Content-Length: {len(body)}"), connection.send_slowly(body, size)))
    assert models.ask(model_server).text == "a😀éü\n€\n"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_characters_cut_between_events_are_joined(models, model_server, protocol):
    """Some servers cut text by tokens, which may be parts of a character: then an event holds bytes that are no UTF-8."""
    text = "aé€😀z".encode()
    pieces = [PIECES[protocol]("CUT").replace(b"CUT", text[at:at + 1]) for at in range(len(text))]
    begin, end = {"openai": (b"", openai_end()), "anthropic": (anthropic_begin(), anthropic_end())}[protocol]
    model_server.script(stream(begin, *pieces, end) if begin else stream(*pieces, end))
    assert models.ask(model_server, model=f"{protocol}/test").text == "aé€😀z\n"


PIECES = {"openai": openai_piece, "anthropic": anthropic_piece}


def test_what_is_no_utf8_becomes_the_replacement_character(models, model_server):
    raw_piece = openai_piece("CUT")
    bad = [b"a\xffb", b"\xc3", b"(", b"\xe2\x82", b"x", b"\xed\xa0\x80", b"\\ud800y", b"\\u0000", b"\\u001b[31m", b"\xf0\x9f"]
    model_server.script(stream(*(raw_piece.replace(b"CUT", piece) for piece in bad), openai_end()))
    answer = models.ask(model_server)
    assert answer.text == "a\ufffdb\ufffd(\ufffd\ufffdx\ufffd\ufffd\ufffd\ufffdy\ufffd\ufffd[31m\ufffd\n"


def test_all_forms_of_a_stream(models, model_server):
    """CR, LF and CRLF, a byte order mark, comments, fields that nobody knows, data in several lines, no chunks."""
    first = openai_piece("one").replace(b"\n", b"\r\n")
    second = b": waiting\n\nid: 4\nretry: 10\nwhat: ever\n" + openai_piece(" two").replace(b"data: ", b"data:")
    third = openai_piece(" three").replace(b'"choices"', b'\ndata: "choices"').replace(b"\n", b"\r")
    model_server.script(lambda connection: (connection.head("Connection: close"),
                                            connection.send(b"\xef\xbb\xbf", first, second, third, openai_end())))
    assert models.ask(model_server).text == "one two three\n"


def test_reasoning_is_not_part_of_an_answer(models, model_server):
    thought = event({"choices": [{"delta": {"role": "assistant", "content": None, "reasoning_content": "hmm", "reasoning": "hmm"}}]})
    model_server.script(stream(thought, openai_piece("Yes."), openai_end()))
    assert models.ask(model_server).text == "Yes.\n"
    thinking = [event({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "hmm"}}, "content_block_start"),
                event({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hmm"}}, "content_block_delta"),
                event({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "x"}}, "content_block_delta")]
    model_server.script(stream(anthropic_begin(), *thinking, event({"type": "new_thing", "text": "no"}), anthropic_piece("Yes.", 1), anthropic_end()))
    assert models.ask(model_server, model="anthropic/test").text == "Yes.\n"


def test_a_server_that_answers_in_one_piece(models, model_server):
    model_server.script(whole({"choices": [{"message": {"role": "assistant", "content": "All at once."}, "finish_reason": "stop"}],
                               "usage": {"prompt_tokens": 3, "completion_tokens": 4}}))
    answer = models.ask(model_server)
    assert (answer.text, answer.end, answer.tokens) == ("All at once.\n", "complete", "3 tokens read, 4 written")
    model_server.script(whole({"type": "message", "content": [{"type": "thinking", "thinking": "hmm"}, {"type": "text", "text": "All at"},
                                                              {"type": "text", "text": " once."}],
                               "stop_reason": "end_turn", "usage": {"input_tokens": 3, "cache_read_input_tokens": 2, "output_tokens": 4}}))
    answer = models.ask(model_server, model="anthropic/test")
    assert (answer.text, answer.end, answer.tokens) == ("All at once.\n", "complete", "5 tokens read, 4 written")


@pytest.mark.parametrize("protocol, reason, end, error", [
    ("openai", "length", "cut", None), ("openai", "content_filter", "declined", "model_declined"), ("openai", "tool_calls", "complete", None),
    ("anthropic", "max_tokens", "cut", None), ("anthropic", "refusal", "declined", "model_declined"),
    ("anthropic", "stop_sequence", "complete", None)])
def test_why_an_answer_ends(models, model_server, protocol, reason, end, error):
    model_server.script(PROTOCOLS[protocol]("So far", reason=reason))
    answer = models.ask(model_server, model=f"{protocol}/test")
    assert (answer.text, answer.end, answer.error) == ("So far\n", end, error)


def test_a_refusal_in_words(models, model_server):
    model_server.script(stream(event({"choices": [{"delta": {"refusal": "I would rather not."}}]}), openai_end()))
    answer = models.ask(model_server)
    assert (answer.text, answer.end, answer.error) == ("I would rather not.\n", "declined", "model_declined")


@pytest.mark.parametrize("words, gone", [
    ("Unknown parameter: 'stream_options'.", {"stream_options"}),
    ("Extra inputs are not permitted: stream_options.include_usage", {"stream_options"}),
    ("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", {"max_tokens"})])
@pytest.mark.parametrize("code", [400, 422])
def test_what_a_server_does_not_know_is_left_out(models, model_server, words, gone, code):
    model_server.script(status(code, {"error": {"message": words, "type": "invalid_request_error"}}), openai("Fine.", usage=None))
    answer = models.ask(model_server, openai_retries=0)
    assert (answer.text, answer.tokens) == ("Fine.\n", "tokens not told")
    first, second = (request.json for request in model_server.requests)
    assert set(first) - set(second) == gone
    assert second.get("max_tokens", second.get("max_completion_tokens")) == 2048


def test_a_server_that_goes_on_complaining_is_asked_no_more(models, model_server):
    model_server.script(status(400, {"error": {"message": "no stream_options, no max_completion_tokens, no temperature"}}))
    assert models.ask(model_server).error == "model_request_refused"
    assert len(model_server.requests) == 2


def test_a_stream_may_end_without_its_last_words(models, model_server):
    """A reason without [DONE], [DONE] without a reason: the answer is complete; and after [DONE] nobody waits."""
    end = event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
    for pieces in ((openai_piece("Yes."), end), (openai_piece("Yes."), event("[DONE]"))):
        model_server.script(stream(*pieces))
        answer = models.ask(model_server)
        assert (answer.text, answer.end) == ("Yes.\n", "complete")
    model_server.script(raw("HTTP/1.1 200 OK\r\n\r\n", openai_piece("Yes."), openai_end(), hang=True))
    answer = models.ask(model_server)
    assert (answer.text, answer.end) == ("Yes.\n", "complete")
    assert model_server.requests[-1].left.wait(10)


def test_an_answer_ends_at_the_greatest_length(models, model_server):
    """However long the server goes on; and between two characters."""
    def reply(connection):
        connection.head("Connection: close")
        while True:
            connection.send(openai_piece("€" * 1000))
    model_server.script(reply)
    answer = models.ask(model_server)
    assert (answer.status, answer.end) == (0, "cut")
    assert answer.text == "€" * (262144 // 3) + "\n"
    assert model_server.requests[0].left.wait(10)


def test_an_interrupt_cancels_and_the_server_notices(models, model_server):
    model_server.script(raw("HTTP/1.1 200 OK\r\n\r\n", openai_piece("Hel"), hang=True))
    process = models.begin(model_server)
    assert process.stdout.read(3) == b"Hel"
    answer = models.interrupt(process)
    assert (answer.status, answer.end, answer.error) == (1, "cancelled", "model_cancelled")
    assert model_server.requests[0].left.wait(10)


def test_an_interrupt_while_nothing_has_come(models, model_server):
    model_server.script(raw("", hang=True))
    process = models.begin(model_server)
    model_server.wait_for_requests(1)
    assert models.interrupt(process).end == "cancelled"
    assert model_server.requests[0].left.wait(10)


def test_an_interrupt_while_waiting_for_the_next_try(models, model_server):
    model_server.script(status(503, {}, headers={"Retry-After": "15"}))
    process = models.begin(model_server)
    assert b"model_retry" in process.stderr.readline()
    answer = models.interrupt(process)
    assert answer.end == "cancelled" and len(model_server.requests) == 1


def test_a_reader_that_goes_away_ends_the_answer(models, model_server):
    """What gatehousectl prints to has been closed: no more is asked of the server."""
    gate = threading.Semaphore(0)

    def reply(connection):
        connection.head("Connection: close")
        connection.send(openai_piece("a"))
        while True:
            gate.acquire(timeout=0.05)
            connection.send(openai_piece("b" * 1000))
    model_server.script(reply)
    process = models.begin(model_server)
    assert process.stdout.read(1) == b"a"
    process.stdout.close()
    process.wait(20)
    assert model_server.requests[0].left.wait(10)
    process.stderr.close()


def test_list(stack):
    done = stack.command("model", "list")
    assert (done.returncode, done.stdout) == (0, "No models are configured; docs/MODELS.md says how.\n")
    done = stack.command("model", "list", extra={"GATEHOUSE_OPENAI_BASE_URL": "https://api.example.org/v1/", "GATEHOUSE_OPENAI_MODELS": "b, a/c ,",
                                                 "GATEHOUSE_ANTHROPIC_MODELS": "claude"})
    assert (done.returncode, done.stdout) == (0, "openai/b\nopenai/a/c\nanthropic/claude\n")


@pytest.mark.parametrize("name", ["openai/other", "openai/", "openai", "", "/test", "anthropic/test", "knowledge", "OPENAI/test", "openai/test/"])
def test_a_model_that_is_not_offered(stack, model_server, name):
    extra = {"GATEHOUSE_OPENAI_BASE_URL": model_server.url, "GATEHOUSE_OPENAI_MODELS": "test", "GATEHOUSE_CHAT_MODEL_HOSTS": model_server.host}
    done = stack.command("model", "try", name, "Hi?", extra=extra)
    assert done.returncode == 1 and f"there is no model {name};" in done.stderr
    assert model_server.connections == 0


def test_how_the_command_is_used(stack):
    for words in ([], ["try"], ["try", "openai/test"], ["try", "a", "b", "c"], ["list", "x"], ["ask"]):
        done = stack.command("model", *words)
        assert done.returncode == 2 and "that is not how model is used" in done.stderr
    done = stack.command("model", "try", "openai/test", "", extra={"GATEHOUSE_OPENAI_BASE_URL": "https://x.example", "GATEHOUSE_OPENAI_MODELS": "test"})
    assert done.returncode == 1 and re.search("question must be text", done.stderr)


def test_servers_on_ipv6(models):
    import socket
    with ModelServer(openai("Six."), family=socket.AF_INET6) as server:
        assert models.ask(server).text == "Six.\n"
