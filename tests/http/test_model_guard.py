"""Language models: where requests may go, and what nobody learns."""
import pytest

from support.model_server import ModelServer, certificate, openai, status


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return certificate(folder / "good"), certificate(folder / "other", "other.example")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "0.0.0.0", "[::1]", "[::]",
                                  "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "LOCALHOST"])
def test_private_addresses_are_refused_however_they_are_written(models, model_server, host):
    answer = models.ask(model_server, openai_base_url=f"https://{host}:{model_server.port}/v1", chat_model_hosts="")
    assert answer.error == "model_address_refused"
    assert "[chat] model_hosts" in answer.said
    assert model_server.connections == 0


@pytest.mark.parametrize("address", ["10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "[fd00::1]", "[fe80::1]", "[2002:7f00:1::]",
                                     "[2001:0:7f00:1::]", "224.0.0.1", "255.255.255.255", "192.0.2.1"])
def test_networks_that_are_not_public(models, address):
    assert models.ask(None, openai_base_url=f"https://{address}/v1", openai_retries=0).error == "model_address_refused"


@pytest.mark.parametrize("listed", ["127.0.0.1:1", "127.0.0.2", "localhost", "127.0.0.1.example.org"])
def test_another_host_or_port_on_the_list_is_no_help(models, model_server, listed):
    url = f"https://127.0.0.1:{model_server.port}/v1"
    assert models.ask(model_server, openai_base_url=url, chat_model_hosts=listed).error == "model_address_refused"
    assert model_server.connections == 0


@pytest.mark.parametrize("listed", ["127.0.0.1", "localhost, 127.0.0.1", "example.org,127.0.0.1:{port}"])
def test_a_listed_host_is_asked(models, model_server, listed):
    model_server.script(openai("Here."))
    assert models.ask(model_server, chat_model_hosts=listed.format(port=model_server.port)).text == "Here.\n"


def test_a_listed_name_is_asked_wherever_it_leads(models, model_server):
    model_server.script(openai("Here."))
    answer = models.ask(model_server, openai_base_url=f"http://LocalHost:{model_server.port}/v1", chat_model_hosts=f"localhost:{model_server.port}")
    assert answer.text == "Here.\n"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(models, model_server, code):
    with ModelServer(openai("Give me your key.")) as elsewhere:
        model_server.script(status(code, headers={"Location": elsewhere.url + "/chat/completions"}))
        answer = models.ask(model_server, openai_key="sk-top-secret", chat_model_hosts=f"{model_server.host}, {elsewhere.host}")
        assert answer.error == "model_misconfigured" and "transfer=redirected" in answer.log[0]
        assert elsewhere.connections == 0 and len(model_server.requests) == 1


def test_a_proxy_of_the_environment_is_not_used(models, model_server, monkeypatch):
    with ModelServer(openai("I am the proxy.")) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.host}")
        model_server.script(openai("Direct."))
        assert models.ask(model_server).text == "Direct.\n"
        assert proxy.connections == 0


def test_a_certificate_of_an_authority_of_ones_own(models, certificates):
    good, _ = certificates
    with ModelServer(openai("Safe."), tls=good) as server:
        assert models.ask(server, chat_model_ca_file=good / "ca.pem").text == "Safe.\n"


def test_certificates_that_do_not_count(models, certificates):
    good, other = certificates
    cases = [(good, None), (good, other / "ca.pem"), (other, other / "ca.pem")]   # nobody's, another's, another host's
    for folder, authority in cases:
        with ModelServer(openai("Trust me."), tls=folder) as server:
            answer = models.ask(server, chat_model_ca_file=authority, openai_key="sk-top-secret")
            assert answer.error == "model_untrusted" and answer.text == ""
            assert server.requests == []


def test_tls_with_a_server_that_has_none(models, model_server):
    model_server.script(openai("Plain."))
    answer = models.ask(model_server, openai_base_url=model_server.url.replace("http:", "https:"),
                        openai_connect_seconds=2)
    assert answer.error in ("model_untrusted", "model_unreachable") and model_server.requests == []


def test_the_key_is_in_no_log(models, model_server):
    for code in (400, 401, 403, 404, 429, 500, 529):
        model_server.script(status(code, {"error": {"message": "Authorization: Bearer sk-top-secret, again sk-top-secret", "type": "x sk-top-secret"}}))
        answer = models.ask(model_server, openai_key="sk-top-secret", openai_retries=1, server_log_level="debug")
        assert answer.error and "sk-top-secret" not in answer.said
    assert models.stack.command("config", "show", extra={"GATEHOUSE_OPENAI_KEY": "sk-top-secret", "GATEHOUSE_OPENAI_BASE_URL": "https://x.example",
                                                         "GATEHOUSE_OPENAI_MODELS": "m"}).stdout.count("openai.key = (set)\n") == 1


def test_a_servers_words_cannot_break_the_log(models, model_server):
    model_server.script(status(400, {"error": {"message": "a\nb\x1b[31m\u202e" + "x" * 5000}}))
    answer = models.ask(model_server)
    log, = answer.log
    assert "a?b?[31m?xxx" in log and len(log) < 700


def test_a_key_in_a_file(models, model_server, tmp_path):
    key = tmp_path / "key"
    key.write_text("sk-from-file\n")
    key.chmod(0o600)
    model_server.script(openai("x"))
    models.ask(model_server, openai_key_file=key)
    assert model_server.requests[0].headers["authorization"] == "Bearer sk-from-file"


# Settings

GOOD = {"OPENAI_BASE_URL": "https://api.example.org/v1", "OPENAI_MODELS": "m"}


@pytest.mark.parametrize("settings, reason", [
    ({"OPENAI_BASE_URL": "api.example.org"}, "GATEHOUSE_OPENAI_BASE_URL: base_url must look like"),
    ({"OPENAI_BASE_URL": "ftp://api.example.org"}, "base_url must look like"),
    ({"OPENAI_BASE_URL": "https://me:you@api.example.org"}, "base_url must look like"),
    ({"OPENAI_BASE_URL": "https://api.example.org?x=1"}, "base_url must look like"),
    ({"OPENAI_BASE_URL": "https://api.example.org:99999"}, "base_url must look like"),
    ({"OPENAI_BASE_URL": "https://"}, "base_url must look like"),
    ({"OPENAI_BASE_URL": "http://api.example.org/v1"}, "base_url is not https, so its host must be in [chat] model_hosts: api.example.org:80"),
    ({"OPENAI_MODELS": ""}, "models is empty"),
    ({"OPENAI_BASE_URL": ""}, "models are named, but base_url is empty"),
    ({"OPENAI_KEY": "sk x"}, "key holds a space"),
    ({"OPENAI_RETRIES": "11"}, "retries must be a whole number from 0 to 10"),
    ({"OPENAI_IDLE_SECONDS": "0"}, "idle_seconds must be a whole number from 1"),
    ({"ANTHROPIC_KEY": "sk"}, "GATEHOUSE_ANTHROPIC_MODELS"),
    ({"CHAT_MODEL_HOSTS": "http://127.0.0.1"}, "model_hosts has http://127.0.0.1"),
    ({"CHAT_MODEL_HOSTS": "::1"}, "model_hosts has ::1"),
    ({"CHAT_MODEL_HOSTS": "a b"}, "model_hosts has a b"),
    ({"CHAT_MODEL_CA_FILE": "/nonexistent"}, "cannot read /nonexistent: No such file"),
])
def test_settings_that_cannot_be(stack, settings, reason):
    extra = {f"GATEHOUSE_{name}": value for name, value in {**GOOD, **settings}.items()}
    done = stack.command("config", "show", extra=extra)
    if "ANTHROPIC_KEY" in settings:
        assert done.returncode == 1 and "models is empty; name those of this server" in done.stderr
    else:
        assert done.returncode == 1 and reason in done.stderr


def test_a_setting_in_the_file_is_named_by_its_line(stack, tmp_path):
    conf = tmp_path / "gatehouse.conf"
    text = open(stack.variables()["GATEHOUSE_CONF"]).read() + "\n[openai]\nbase_url = http://example.org\nmodels = m\n"
    conf.write_text(text)
    conf.chmod(0o600)
    line = text.split("\n").index("base_url = http://example.org") + 1
    from support.models import Models
    import os
    import subprocess
    done = subprocess.run([Models(stack).program, "model", "list"], capture_output=True, text=True, env={**os.environ, "GATEHOUSE_CONF": str(conf)})
    assert done.returncode == 1 and f"{conf}:{line}: base_url is not https" in done.stderr
