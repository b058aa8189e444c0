"""What the operator configured, as administrators see it."""
import pytest

from support.characters import JSON, administrator


@pytest.fixture
def admin(one_site, mysql, stack):
    return administrator(one_site, mysql, stack)


def test_administrators_see_every_setting_and_no_secret(stack, admin):
    data = admin.get("/config", headers=JSON).json
    settings = {f"{one['section']}.{one['key']}": one for one in data["settings"]}
    shown = stack.command("config", "show").stdout
    assert set(settings) == {line.split(" = ")[0] for line in shown.splitlines()}
    secrets = {name for name, one in settings.items() if one["is_secret"]}
    assert {"django.secret_key", "postgresql.dsn", "mysql.password", "chat.key_secret"} <= secrets
    assert {settings[name]["value"] for name in secrets} <= {"(set)", "(not set)"}
    assert settings["django.secret_key"]["value"] == "(set)" and settings["chat.key_secret"]["value"] == "(not set)"
    assert settings["chat.message_limit"]["value"] == "4000" and settings["chat.message_limit"]["is_default"] is True
    assert settings["users.bcrypt_cost"]["is_default"] is False

    page = admin.get("/config")
    assert page.status == 200 and page.text.count("<dt>") == len(settings)
    text = (stack.private_folder() / "x").parent  # where the file lies is no setting
    assert str(text) + "/gatehouse.conf" not in page.text
    for line in open(stack.variables()["GATEHOUSE_CONF"]):
        name, _, value = line.partition("=")
        if name.strip() in ("secret_key", "dsn") and value.strip():
            assert value.strip() not in page.text and value.strip() not in str(data)
    assert 'href="/config"' in admin.get("/settings").text


def test_nobody_else_sees_it(one_member):
    assert one_member.get("/config").status == 403
    assert one_member.get("/config", headers=JSON).json["error"] == "forbidden"
    assert 'href="/config"' not in one_member.get("/settings").text
