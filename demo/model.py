"""A stand-in for a language model, for `make run MODEL=demo`: it understands nothing, repeats the question
and plays a text that is always the same, word by word, in OpenAI's format.

    python3 demo/model.py PORT        listens on 127.0.0.1 only"""
import http.server
import json
import re
import sys
import time

WORD_SECONDS = 0.04

TEXT = """**This is a demo.** No language model is connected: this text is always the same, so that you can watch an answer grow, stop it and try again.

You asked:

{question}

What answers can hold:

- *Lists*, with `code` in them
- Links, such as <https://www.debian.org/>

```python
def greet(name):
    return f"Hello, {{name}}!"
```

| What | Where |
|---|---|
| Stop | beside the message box, or Escape |
| Another version | Retry, below the answer |
| All keys | press ? |

To connect a real model, see `docs/MODELS.md`."""


def answer_to(messages):
    question = next((m["content"] for m in reversed(messages) if m.get("role") == "user"), "")
    return TEXT.format(question="\n".join("> " + line for line in str(question)[:400].splitlines()))


def event(delta, reason=None):
    piece = {"id": "demo", "object": "chat.completion.chunk", "model": "demo",
             "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    return f"data: {json.dumps(piece)}\n\n".encode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        if not self.path.endswith("/chat/completions"):
            self.send_error(404)
            return
        try:
            messages = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))["messages"]
            text = answer_to(messages)
        except (ValueError, LookupError, TypeError, AttributeError):
            self.send_error(400)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()  # HTTP/1.0: the end of the connection is the end of the answer
        try:
            for word in re.findall(r"\s*\S+|\s+$", text):
                self.wfile.write(event({"content": word}))
                self.wfile.flush()
                time.sleep(WORD_SECONDS)
            self.wfile.write(event({}, "stop") + b"data: [DONE]\n\n")
        except OSError:
            pass  # stopped

    def log_message(self, *_):
        pass  # what people ask is nobody's business


if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
