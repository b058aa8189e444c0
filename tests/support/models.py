"""gatehousectl model try, asked the way an operator asks."""
import os
import signal
import subprocess

from support.stack import environment


class Answer:
    def __init__(self, process, output, errors):
        self.status = process.returncode
        self.text = output.decode()           # always UTF-8
        self.said = errors.decode()
        lines = self.said.splitlines()
        self.log = [line for line in lines if line[:2] == "20" and "Z " in line[:24]]
        words = [line for line in lines if line not in self.log]
        self.end, self.tokens = words[0].split(", ", 1) if words and words[0].endswith((" written", "tokens not told")) else (None, None)
        self.error = next((line.split(": ")[1] for line in words if line.startswith("gatehousectl: ")), None)


class Models:
    """Asks servers of models; settings by name, such as openai_retries=0."""

    def __init__(self, stack):
        self.stack = stack
        self.program = stack.private_folder() / "app" / "bin" / "gatehousectl"

    def begin(self, server, question="Hi?", model="openai/test", **settings):
        """A process that asks, with the server as the model's unless settings say otherwise."""
        protocol = model.split("/")[0]
        wanted = {f"{protocol}_base_url": server.url if server else None, f"{protocol}_models": model.split("/", 1)[1],
                  "chat_model_hosts": server.host if server else None, **settings}
        extra = {f"GATEHOUSE_{name.upper()}": str(value) for name, value in wanted.items() if value is not None}
        variables = {**os.environ, **environment(extra), "GATEHOUSE_CONF": self.stack.variables()["GATEHOUSE_CONF"]}
        return subprocess.Popen([self.program, "model", "try", model, question], env=variables,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def ask(self, server, *words, **settings):
        return self.finish(self.begin(server, *words, **settings))

    def finish(self, process):
        output, errors = process.communicate(timeout=60)
        answer = Answer(process, output, errors)
        assert "Sanitizer" not in answer.said and "runtime error" not in answer.said, answer.said
        assert process.returncode in (0, 1), answer.said
        return answer

    def interrupt(self, process):
        process.send_signal(signal.SIGINT)
        return self.finish(process)
