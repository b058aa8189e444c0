"""Other ways onto a machine: shared hosting with .htaccess only, Debian's own lighttpd.conf."""
import os
import pathlib
import re
import subprocess

from support.site import Visitor

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_shared_hosting_with_nothing_but_htaccess(stack, person):
    site = stack.start("apache-htaccess")
    visitor = Visitor(site)
    assert visitor.get("/dashboard").location == "/auth/login?next=%2Fdashboard"
    assert visitor.sign_in(person).status == 303
    for path in ("/", "/dashboard", "/chat/", "/profile", "/articles/germany-vat"):
        assert visitor.get(path).status == 200, path
    assert visitor.api("/api/chat", {"message": "How do I register a GmbH in Germany?"}).status == 200
    assert visitor.get("/nowhere").status == 404
    for path in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', visitor.get("/").text)):
        assert visitor.get(path).status == 200, path
    assert visitor.post("/logout", {}).status == 303
    site.stop()


def test_a_worker_that_cannot_be_run_is_refused(stack):
    for path, reason in (("gatehouse-answerd", "does not begin with a slash"), ("/nowhere/answerd", "No such file")):
        done = stack.command("check", extra={"GATEHOUSE_CHAT_WORKER_PROGRAM": path})
        assert done.returncode == 1 and "worker_program" in done.stderr and reason in done.stderr


def test_systemd_understands_the_units(tmp_path):
    programs = set()
    for path in (ROOT / "conf").glob("*.[st][ei][rm]*"):
        text = path.read_text()
        programs |= set(re.findall(r"^ExecStart=(\S+)", text, re.M))
        # an instance of the template, and a program that is there
        name = path.name.replace("@", "@chat")
        (tmp_path / name).write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.M))
        folder = re.search(r"^RuntimeDirectory=(\w+)$", text, re.M)
        if folder:
            assert f"GATEHOUSE_SERVER_RUNTIME_DIR=/run/{folder.group(1)}\n" in text, "PrivateTmp hides the lock from the others"
    assert programs == {f"/usr/local/{path}" for path in (
        "bin/gatehousectl", "lib/gatehouse/gatehouse-answerd", "lib/gatehouse/cgi-bin/%i")}
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *tmp_path.iterdir()], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_home_the_accounts_own_folder_is_searched(stack):
    """mod_fcgid gives programs no HOME, and an .htaccess cannot set a variable."""
    program = stack.private_folder() / "app" / "bin" / "gatehousectl"
    done = subprocess.run([program, "check"], env={}, capture_output=True, text=True)
    import pwd
    home = pwd.getpwuid(os.geteuid()).pw_dir
    assert done.returncode == 1
    assert f"neither {home}/.config/gatehouse/gatehouse.conf nor /etc/gatehouse/gatehouse.conf is there" in done.stderr


def test_a_misspelt_override_is_refused(stack):
    done = stack.command("check", extra={"GATEHOUSE_SESSION_IDEL_MINUTES": "1"})
    assert done.returncode == 1 and "GATEHOUSE_SESSION_IDEL_MINUTES: there is no such setting" in done.stderr


def test_the_include_fits_debians_own_lighttpd_conf(stack, tmp_path):
    """The lines that docs/DEPLOY.md names, in front of the include, at the top level and in a host block."""
    share = stack.private_folder() / "app" / "share" / "gatehouse"
    debian = pathlib.Path("/etc/lighttpd/lighttpd.conf").read_text()
    lines = f'''
server.modules += ( "mod_setenv", "mod_expire", "mod_fastcgi" )
var.gatehouse_programs = "{share.parent.parent}/lib/gatehouse/cgi-bin"
var.gatehouse_share = "{share}"
var.gatehouse_bootstrap = "/usr/share/javascript/bootstrap5"
var.gatehouse_sockets = "{tmp_path}"
var.gatehouse_folder = "/"
var.gatehouse_environment = ( "GATEHOUSE_CONF" => "/etc/gatehouse/gatehouse.conf" )
'''
    include = f'include "{share}/lighttpd-conf/gatehouse.conf"\n'
    for name, text in (("top", lines + include), ("host", lines + '$HTTP["host"] == "x" {\n' + include + "}\n")):
        path = tmp_path / f"{name}.conf"
        path.write_text(debian + text)
        done = subprocess.run(["/usr/sbin/lighttpd", "-tt", "-f", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "unknown config-key" not in done.stderr and "Duplicate" not in done.stderr, done.stderr


def test_a_second_program_does_not_take_a_socket_away(stack, running):
    server = running("nginx")
    program = stack.private_folder() / "app" / "lib" / "gatehouse" / "cgi-bin" / "login"
    configuration = stack.call("configuration", "nginx", stack.folder, server.port).strip()
    sockets = list(pathlib.Path(configuration).parent.rglob("login.sock"))
    assert len(sockets) == 1
    done = subprocess.run([program, "--listen", f"unix:{sockets[0]}"], env={"GATEHOUSE_CONF": configuration},
                          capture_output=True, text=True, timeout=10)
    assert done.returncode == 1 and "in use by another program" in done.stderr
    assert Visitor(server).get("/auth/login").status == 200


def test_check_says_that_sequences_may_not_be_used(stack):
    """What the first lines of docs/DEPLOY.md did not say: sites made by them could not import a conversation."""
    owner, names = stack.postgresql(), ("chats_chatmessage_id_seq", "gatehouse_temporary_id")
    assert "GRANT USAGE ON SEQUENCES TO gatehouse_app" in (ROOT / "docs" / "DEPLOY.md").read_text()
    for name in names:
        with owner.cursor() as cursor:
            cursor.execute(f"REVOKE USAGE ON SEQUENCE {name} FROM gatehouse_app")
        done = stack.command("check")
        with owner.cursor() as cursor:
            cursor.execute(f"GRANT USAGE ON SEQUENCE {name} TO gatehouse_app")
        assert done.returncode == 1 and "GRANT USAGE ON ALL SEQUENCES" in done.stderr
    owner.close()
    assert stack.command("check").returncode == 0


def test_check_says_which_column_is_missing(stack):
    for setting, value in (("USERNAME", "loginn"), ("ACTIVE_WHEN", "actve:1"), ("LAST_LOGIN", "lastt")):
        done = stack.command("check", extra={f"GATEHOUSE_USERS_{setting}": value})
        assert done.returncode == 1
        sentences = [line for line in done.stderr.splitlines() if line.startswith("gatehousectl:")]
        assert sentences and all("[users] settings do not fit the table: Unknown column" in line and
                                 value.split(":")[0] in line for line in sentences), done.stderr


def test_check_says_that_there_is_no_users_table(stack):
    done = stack.command("check", extra={"GATEHOUSE_USERS_TABLE": "peeple"})
    assert done.returncode == 1
    sentences = [line for line in done.stderr.splitlines() if line.startswith("gatehousectl:")]
    assert len(sentences) == 1 and "there is no table peeple" in sentences[0], done.stderr
