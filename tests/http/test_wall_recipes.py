"""The recipes of docs/WALL.md that are more than a place: Django's admin site, shared hosting; and that
a configuration with a hole in it does not start."""
import pathlib
import re
import shutil
import subprocess

import pytest

from support.site import Visitor, add_person
from support.stack import ROOT
from support.wall import FOLDERS, RECIPES, add_to_group, make_files, recipe, signed_in


@pytest.fixture
def editor(mysql, stack, backends):
    """In the group staff, and known to Django as somebody who may use its admin site."""
    person = add_person(mysql)
    add_to_group(stack, "staff", person)
    backends.manage("person", person.username, "staff")
    return person


class TestDjangoBehindTheWall:
    def test_who_is_signed_in_at_the_wall_is_signed_in_at_the_admin_site(self, walled, editor):
        visitor = signed_in(walled, editor)
        page = visitor.get("/admin/")
        assert page.status == 200 and "Site administration" in page.text
        assert f"<strong>{editor.username}</strong>" in page.text
        assert "django_sessionid" in visitor.cookies and visitor.cookies["sessionid"] != visitor.cookies["django_sessionid"]
        assert visitor.get("/members/page.html").status == 200  # both sign-ins live side by side

    def test_a_form_of_the_admin_site_works(self, walled, editor):
        visitor = signed_in(walled, editor)
        page = visitor.get("/admin/auth/group/add/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text).group(1)
        name = f"of {walled.name} {editor.username}"
        reply = visitor.post("/admin/auth/group/add/", {"name": name}, token)
        assert reply.status == 302
        assert name in visitor.get("/admin/auth/group/").text

    def test_django_does_not_let_in_whom_it_does_not_know(self, walled, staff):
        reply = staff.get("/admin/")
        assert reply.status == 302 and reply.location.startswith("/admin/login/")
        assert "Site administration" not in staff.get(reply.location).text

    def test_the_wall_lets_in_only_its_group(self, walled, mysql, backends, stranger):
        person = add_person(mysql)
        backends.manage("person", person.username, "staff")
        assert signed_in(walled, person).get("/admin/").status == 403
        assert stranger.get("/admin/").location == "/auth/login?next=%2Fadmin%2F"
        assert stranger.get("/admin/login/").status == 303

    def test_a_header_makes_nobody_an_administrator(self, walled, staff, editor):
        for name in ("Remote-User", "Remote_User", "REMOTE_USER", "X-Remote-User"):
            assert "Site administration" not in staff.get("/admin/", headers={name: editor.username}).text

    def test_signing_out_at_the_wall_ends_it_at_django_too(self, walled, editor, staff):
        visitor = signed_in(walled, editor)
        assert visitor.get("/admin/").status == 200
        assert visitor.post("/auth/logout", {}).status == 303
        assert visitor.get("/admin/").status == 303
        # Somebody else signs in on the same browser, with Django's cookie still there.
        visitor.cookies["sessionid"] = staff.cookies["sessionid"]
        assert "Site administration" not in visitor.get("/admin/").text


class TestSharedHosting:
    """A folder with nothing but .htaccess, beside Gatehouse with nothing but .htaccess."""

    @pytest.fixture(scope="class")
    def hosted(self, stack, request):
        if not any("apache" in name for name in request.config.getoption("--servers").split(",")):
            pytest.skip("needs Apache")
        rules = stack.private_folder() / "app" / "share" / "gatehouse" / "conf" / "rules.conf.example"
        server = stack.start("apache-htaccess", {"GATEHOUSE_ACCESS_RULES": str(rules)})
        root = pathlib.Path(stack.call("configuration", server.name, stack.folder, server.port).strip()).parent / "site"
        make_files(root)
        text = (ROOT / "apache-conf" / "htaccess-wall").read_text()
        assert text.count("/home/you/public_html") == 1 and text.count("signed_in") == 3
        text = text.replace("/home/you/public_html", str(root))
        (root / "members" / ".htaccess").write_text(text)
        (root / "staff" / ".htaccess").write_text(text.replace("signed_in", "staff"))
        for name in FOLDERS:
            if name not in ("members", "members/inner", "staff"):
                shutil.rmtree(root / name, ignore_errors=True)
        yield server
        server.stop()

    def test_the_folder_is_for_people_who_are_signed_in(self, hosted, person):
        stranger = Visitor(hosted)
        for path in ("/members/page.html?a=1&b=2", "/members/", "/members/inner/page.html", "/members/style.css"):
            reply = stranger.get(path)
            assert reply.status == 303 and b"SECRET" not in reply.body, (path, reply.status)
        assert stranger.get("/members/page.html?a=1&b=2").location == "/auth/login?next=%2Fmembers%2Fpage.html%3Fa%3D1%26b%3D2"
        reply = stranger.post("/auth/login", {"username": person.username, "password": person.password,
                                              "next": "/members/page.html?a=1&b=2"})
        assert (reply.status, reply.location) == (303, "/members/page.html?a=1&b=2")
        for path in ("/members/page.html?a=1&b=2", "/members/", "/members/inner/page.html", "/members/style.css"):
            reply = stranger.get(path)
            assert reply.status == 200 and b"SECRET-members" in reply.body and reply.cookies() == []
            assert not any(name.lower().startswith("variable") for name in reply.headers)
            assert "private" in reply.headers["Cache-Control"]

    def test_programs_and_forms(self, hosted, person):
        reply = Visitor(hosted, html=False).get("/members/page.html")
        assert reply.status == 401 and reply.json["error"] == "authentication_required"
        reply = Visitor(hosted).post("/members/page.html", {"a": "b"}, token=None)
        assert reply.status == 401 and 'name="password"' in reply.text and reply.value("next") == "/members/page.html"

    def test_another_rule(self, hosted, stack, mysql, person):
        insider = signed_in(hosted, person)
        reply = insider.get("/staff/page.html")
        assert reply.status == 403 and b"SECRET" not in reply.body and "may not see this page" in reply.text
        assert not any(name.lower().startswith("variable") for name in reply.headers)
        other = add_person(mysql)
        add_to_group(stack, "staff", other)
        assert signed_in(hosted, other).get("/staff/page.html").status == 200

    def test_ways_around(self, hosted):
        stranger = Visitor(hosted)
        for path in ("//members/page.html", "/members//page.html", "/./members/page.html", "/%6dembers/page.html", "/x/../members/page.html",
                     "/members/page.html/", "/members/page.html;x", "/members/page.html%00", "/static/../members/page.html",
                     "/app.fcgi/../members/page.html", "/app.fcgi/members/page.html", "/members/.htaccess", "/members/app.fcgi",
                     "/auth/../members/page.html", "/static/%2e%2e/members/page.html", "/static/..%2fmembers/page.html"):
            for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT"):
                reply = stranger.request(method, path)
                assert b"SECRET" not in reply.body and b"FcgidAccessChecker" not in reply.body, (method, path)

    def test_what_is_not_there(self, hosted, person):
        insider = signed_in(hosted, person)
        reply = insider.get("/members/nothing-here")
        assert reply.status == 404 and not any(name.lower().startswith("variable") for name in reply.headers)
        assert insider.get("/dashboard").status == 200  # Gatehouse's own pages are as before


def share(stack):
    return stack.private_folder() / "app" / "share" / "gatehouse"


def refusal(name, walled_site, text, kind):
    """What a server says that must not start with this site."""
    folder = walled_site.new_folder("broken")
    (folder / f"{kind}.conf").write_text(walled_site.fill_in(text))
    with pytest.raises(RuntimeError) as failed:
        walled_site.start(name, folder)
    return str(failed.value)


def test_nginx_does_not_start_with_a_walled_place_but_no_wall(stack, walled_site, walled):
    """Or the question would go to any location that says yes."""
    if walled.name != "nginx":
        pytest.skip("nginx only")
    text = "location / { root /srv/www; try_files $uri /open/page.html; }\n" + recipe("nginx files")
    assert 'unknown "gatehouse_gate" variable' in refusal("nginx", walled_site, text, "nginx")


def test_lighttpd_does_not_start_with_a_walled_place_but_no_rule(stack, walled_site, walled):
    """Also when another place has named one."""
    if walled.name != "lighttpd":
        pytest.skip("lighttpd only")
    second = recipe("lighttpd files").replace("members", "staff").replace('\tvar.gatehouse_rule = "signed_in"\n', "")
    text = 'server.modules += ( "mod_rewrite" )\n' + recipe("lighttpd files") + second
    assert "gatehouse_rule" in refusal("lighttpd", walled_site, text, "lighttpd")


def test_apache_does_not_start_with_a_walled_place_but_no_wall(stack, walled_site, walled):
    if not walled.name.startswith("apache"):
        pytest.skip("Apache only")
    said = refusal(walled.name, walled_site, recipe("apache files"), "apache")
    assert "Invalid command 'Use'" in said or "macro" in said.lower()


def test_lighttpd_knows_every_line_of_the_wall(stack, walled_running, walled):
    if walled.name != "lighttpd":
        pytest.skip("lighttpd only")
    configuration = pathlib.Path(stack.call("configuration", walled.name, stack.folder, walled.port).strip()).parent / "server.conf"
    done = subprocess.run(["/usr/sbin/lighttpd", "-tt", "-f", configuration], capture_output=True, text=True)
    assert done.returncode == 0 and "unknown config-key" not in done.stderr and "WARNING" not in done.stderr.upper(), done.stderr


def test_every_block_of_the_page_is_tried():
    """A recipe that nobody runs is a guess."""
    named = set(re.findall(r"<!-- try: (.+?) -->", RECIPES.read_text()))
    used = "\n".join(path.read_text() for path in [ROOT / "tests/support/wall.py", *(ROOT / "tests/http").glob("test_wall*.py")])
    for name in named:
        server, what = name.split(" ", 1)
        assert f'"{name}"' in used or (f'recipe(f"{server} {{name}}")' in used and f'"{what}"' in used), name
    fenced = re.findall(r"^```(apache|lighttpd|nginx|python)$", RECIPES.read_text(), re.M)
    # All but the three that set a server up, which support/wall.py does for both kinds of Apache at once.
    assert len(fenced) == len(named) + 3


def test_the_example_rules_are_read(stack):
    done = stack.command("check", extra={"GATEHOUSE_ACCESS_RULES": str(share(stack) / "conf" / "rules.conf.example")})
    assert done.returncode == 0, done.stderr


def test_a_mistake_in_the_rules_stops_the_start_and_check_says_where(stack, tmp_path):
    rules = tmp_path / "rules.conf"
    rules.write_text("[staff]\ngroups = staff\n[open]\nrequire = everybody\n")
    done = stack.command("check", extra={"GATEHOUSE_ACCESS_RULES": str(rules)})
    assert done.returncode == 1 and f"{rules}:4: require must be public, guest or signed_in" in done.stderr
    program = stack.private_folder() / "app" / "lib" / "gatehouse" / "cgi-bin" / "gate"
    done = subprocess.run([program, "--check"], env={"GATEHOUSE_CONF": stack.variables()["GATEHOUSE_CONF"], "GATEHOUSE_ACCESS_RULES": str(rules)},
                          capture_output=True, text=True)
    assert done.returncode == 1 and "require must be" in done.stderr
    done = stack.command("check", extra={"GATEHOUSE_ACCESS_RULES": str(tmp_path / "missing.conf")})
    assert done.returncode == 1 and "cannot be read" in done.stderr
