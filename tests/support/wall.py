"""A site behind the login wall: files, PHP, a Python application and a Django project of its own,
configured with the very blocks of docs/WALL.md and, for what no recipe shows, tests/wall."""
import json
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile

from support.site import Visitor
from support.stack import ROOT, environment, wait_until

OURS = ROOT / "tests" / "wall"
RECIPES = ROOT / "docs" / "WALL.md"
ASSETS = 20
# Folders with one page and its assets; in each file stands SECRET and the folder's name.
FOLDERS = ("members", "members/inner", "staff", "recent", "administrators", "vault", "unknown", "open", "free", "mixed", "errors")
SCRIPTS = ("reports", "intranet", "reading", "free", "open")
APACHE_MODULES = ("authn_core", "authz_user", "macro", "proxy", "proxy_http", "proxy_fcgi")


def recipe(name):
    """The block of docs/WALL.md under `<!-- try: NAME -->`."""
    found = re.search(rf"<!-- try: {re.escape(name)} -->\n```\w+\n(.*?)```", RECIPES.read_text(), re.S)
    assert found, f"docs/WALL.md has no block {name}"
    return found.group(1)


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def service_account():
    """The account that the servers run under (scripts/common.sh), as (name, group)."""
    person = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    import grp
    return person.pw_name, grp.getgrgid(person.pw_gid).gr_name


class Backends:
    """What stands behind the wall: PHP-FPM, an application and a Django project, each over HTTP and
    in a way that takes variables (SCGI)."""

    def __init__(self, stack, folder):
        self.folder = folder
        self.processes = []
        self.log = open(folder / "backends.log", "w")
        self.fpm_socket = folder / "fpm.sock"
        self.ports = {name: stack.free_port() for name in ("app", "app_scgi", "django", "django_scgi")}
        self.project = folder / "project"
        self._make_project()
        self._start_fpm()
        self._start([sys.executable, OURS / "app.py", str(self.ports["app"])])
        self._start_uwsgi("app_scgi", OURS / "app.py", OURS)
        self._start([sys.executable, "-W", "ignore", OURS / "django_admin.py", str(self.ports["django"])], cwd=self.project)
        self._start_uwsgi("django_scgi", OURS / "django_admin.py", self.folder / "scgi-project")
        for port in self.ports.values():
            assert wait_until(lambda: answers(port), 20), (folder / "backends.log").read_text()
        assert wait_until(self.fpm_socket.exists, 10), (folder / "backends.log").read_text()

    def _start(self, words, **more):
        self.processes.append(subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL,
                                               stdout=self.log, stderr=self.log, start_new_session=True, **more))

    def _start_fpm(self):
        user, group = service_account()
        account = f"user = {user}\ngroup = {group}\n" if os.geteuid() == 0 else ""
        (self.folder / "fpm.conf").write_text(
            f"[global]\ndaemonize = no\nerror_log = {self.folder}/fpm.log\n"
            f"[www]\n{account}listen = {self.fpm_socket}\nlisten.mode = 0666\npm = static\npm.max_children = 4\n")
        program = sorted(pathlib.Path("/usr/sbin").glob("php-fpm*"))[-1]
        self._start([program, "-F", "-y", self.folder / "fpm.conf"])

    def _start_uwsgi(self, name, file, folder):
        user, group = service_account()
        account = ["--uid", user, "--gid", group] if os.geteuid() == 0 else []
        self._start(["/usr/bin/uwsgi", "--plugin", "python3", "--master", "--die-on-term", "--threads", "4", "--need-app",
                     "--scgi-socket", f"127.0.0.1:{self.ports[name]}", "--chdir", folder, "--wsgi-file", file, *account])

    def _make_project(self):
        """The project of the recipe, and the same as it is behind SCGI."""
        self.project.mkdir()
        (self.project / "wall.py").write_text(recipe("django wall.py"))
        (self.project / "settings.py").write_text(recipe("django settings.py"))
        self.manage("migrate")
        behind_scgi = self.folder / "scgi-project"
        shutil.copytree(self.project, behind_scgi)
        # "leave this line out", says the recipe
        text, count = re.subn(r"    header = .*\n", "    pass\n", (behind_scgi / "wall.py").read_text())
        assert count == 1
        (behind_scgi / "wall.py").write_text(text)
        user, group = service_account()
        for path in [behind_scgi, *behind_scgi.iterdir()]:
            shutil.chown(path, user, group)

    def manage(self, *words):
        for project in (self.project, self.folder / "scgi-project"):
            if project.is_dir():
                done = subprocess.run([sys.executable, "-W", "ignore", OURS / "django_admin.py", *words], cwd=project,
                                      capture_output=True, text=True, timeout=60)
                assert done.returncode == 0, done.stderr

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.log.close()


def make_files(www):
    """The document root."""
    for name in FOLDERS:
        folder = www / name
        folder.mkdir(parents=True, exist_ok=True)
        secret = f"SECRET-{name.replace('/', '-')}"
        links = "".join(f'<img src="asset-{number}.svg" alt="">' for number in range(ASSETS))
        page = f'<!doctype html><title>{name}</title><link rel="stylesheet" href="style.css"><p>{secret}</p>{links}\n'
        for file in ("page.html", "index.html"):
            (folder / file).write_text(page)
        (folder / "style.css").write_text(f"/* {secret} */\n")
        for number in range(ASSETS):
            (folder / f"asset-{number}.svg").write_text(f"<svg><!-- {secret} {number} --></svg>\n")
    for name in SCRIPTS:
        (www / name).mkdir(exist_ok=True)
        shutil.copy(OURS / "who.php", www / name / "who.php")
        (www / name / "notes.txt").write_text(f"SECRET-{name} <?php echo 'run'; ?>\n")


class WalledSite:
    """The folder that scripts/services adds to a server's configuration (WALLED_SITE)."""

    def __init__(self, stack, folder, backends):
        self.stack, self.folder, self.backends = stack, folder, backends
        self.www = folder / "www"
        self.www.mkdir()
        make_files(self.www)
        share = stack.private_folder() / "app" / "share" / "gatehouse"
        self.rules = share / "conf" / "rules.conf.example"
        ports = backends.ports
        self.places = [
            ("/usr/local/share/gatehouse", share), ("/srv/www", self.www), ("/run/php/php8.2-fpm.sock", backends.fpm_socket),
            ("127.0.0.1:8000", f"127.0.0.1:{ports['app']}"), ("127.0.0.1:8001", f"127.0.0.1:{ports['django']}"),
            ('"port" => 8000', f'"port" => {ports["app"]}'), ('"port" => 8010', f'"port" => {ports["app_scgi"]}'),
            ("8011", ports["django_scgi"]), ('"/run/lighttpd/', 'var.gatehouse_sockets + "/'),
        ]

    def fill_in(self, text):
        """The examples' folders, sockets and ports, as they are here."""
        for example, here in self.places:
            text = text.replace(example, str(here))
        return text

    def new_folder(self, name):
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))
        folder.chmod(0o755)  # the servers run as another user
        return folder

    def write(self, name, apache=(), lighttpd=(), nginx=(), ours=True):
        """A configuration of these recipes; `ours`: and what tests/wall has."""
        folder = self.new_folder(name)
        modules = "".join(f"<IfModule !mod_{module}.c>\nLoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n</IfModule>\n"
                          for module in APACHE_MODULES)
        setting_up = (f"DocumentRoot /srv/www\n<Directory /srv/www>\nRequire all granted\nDirectoryIndex index.html\n</Directory>\n"
                      f"{modules}<IfModule mod_fcgid.c>\n"
                      "Include /usr/local/share/gatehouse/apache-conf/gatehouse-wall-fcgid.conf\n</IfModule>\n<IfModule !mod_fcgid.c>\n"
                      "LoadModule authnz_fcgi_module /usr/lib/apache2/modules/mod_authnz_fcgi.so\n"
                      "Include /usr/local/share/gatehouse/apache-conf/gatehouse-wall-authnz.conf\n</IfModule>\n")
        parts = {
            "apache": [setting_up, *apache],
            "lighttpd": ['server.modules += ( "mod_scgi", "mod_proxy", "mod_rewrite" )\nserver.document-root := "/srv/www"\n'
                         'index-file.names = ( "index.html" )\nmimetype.assign = ( ".html" => "text/html", ".css" => "text/css", '
                         '".svg" => "image/svg+xml", ".txt" => "text/plain" )\n', *lighttpd],
            "nginx": ["types { text/html html; text/css css; image/svg+xml svg; text/plain txt; }\n"
                      "include /usr/local/share/gatehouse/nginx-conf/gatehouse-wall.conf;\n", *nginx],
        }
        for server, texts in parts.items():
            if ours:
                texts.append((OURS / f"{server}.conf").read_text())
            (folder / f"{server}.conf").write_text(self.fill_in("\n".join(texts)))
        return folder

    def start(self, server, site, extra=None):
        """A server with this configuration; `extra`: more of the programs' environment."""
        return self.stack.start(server, {"WALLED_SITE": str(site), "GATEHOUSE_ACCESS_RULES": str(self.rules), **(extra or {})})


def all_recipes(server):
    """The places of the matrix, for a kind of server."""
    if server == "apache":
        fcgid_only = "<IfModule mod_fcgid.c>\n" + recipe("apache php-cgi") + "</IfModule>\n"
        return [recipe("apache files"), fcgid_only, *(recipe(f"apache {name}") for name in ("php-fpm", "proxy", "django"))]
    if server == "lighttpd":
        return [recipe(f"lighttpd {name}") for name in ("files", "php-cgi", "php-fpm", "scgi", "proxy", "django")]
    return [recipe(f"nginx {name}") for name in ("files", "php-fpm", "proxy", "django")]


def signed_in(server, person, html=True):
    visitor = Visitor(server, html=html)
    visitor.headers["User-Agent"] = "the tests of the wall"  # some kinds of sign-in are bound to it
    reply = visitor.post_json("/auth/login", {"username": person.username, "password": person.password})
    assert reply.status == 200, reply.text
    visitor.person = person
    return visitor


def add_to_group(stack, group, person):
    done = stack.command("group", "add", group, person.username)
    assert done.returncode == 0, done.stderr


def exchange(port, data, seconds=10):
    """What a server sends back to these bytes, until it closes or has nothing to say for a while."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(data)
        try:
            while piece := connection.recv(65536):
                received += piece
        except (TimeoutError, ConnectionResetError):
            pass
    return received


def told(reply):
    assert reply.status == 200, (reply.status, reply.text[:200])
    return json.loads(reply.text)["told"]
