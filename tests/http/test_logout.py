"""Signing out."""
from support.site import Visitor


def test_signing_out_ends_the_session_on_the_server_and_in_the_browser(member, postgresql, sql):
    key = member.cookies["sessionid"]
    reply = member.post("/auth/logout", {})
    assert (reply.status, reply.location) == (303, "/auth/login?notice=signed_out")
    assert "Max-Age=0" in reply.cookie("sessionid")
    for table in ("django_session", "gatehouse_session"):
        assert sql(postgresql, f"SELECT count(*) FROM {table} WHERE session_key = %s", key) == (0,)
    member.cookies["sessionid"] = key
    assert member.get("/dashboard").status == 303
    assert "signed out" in Visitor(member.server).get(reply.location).text


def test_a_link_does_not_sign_out_it_asks(member):
    for path in ("/auth/logout", "/logout"):
        page = member.get(path)
        assert page.status == 200 and 'method="post"' in page.text.lower()
    assert member.get("/dashboard").status == 200


def test_somebody_elses_form_does_not_sign_out(member):
    assert member.post("/logout", {}, token=None).status == 403
    assert member.get("/dashboard").status == 200


def test_a_stranger_is_sent_to_sign_in(visitor):
    assert visitor.get("/logout").location == "/auth/login"
    assert visitor.post("/logout", {}).status == 303


def test_programs_sign_out_with_json(one_member):
    reply = one_member.api("/logout", {})
    assert reply.status == 200
    assert reply.json["success"] is True
    assert one_member.get("/protected").status == 303
