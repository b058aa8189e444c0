"""The house rules that a reader cannot see at a glance, kept by machine."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIB = ROOT / "lib"

# Which modules may see which (docs/ARCHITECTURE.md). Each also sees itself and base.
MAY_SEE = {
    "base": set(), "db": set(), "web": set(), "access": set(),
    "auth": {"db"}, "session": {"db"}, "chat": {"db"}, "audit": {"db"},
    "app": {"web", "access", "auth", "session", "chat", "audit", "db"},
    "pages": {"app", "web", "access", "auth", "session", "chat", "audit", "db"},
}

# Each third-party library has one wrapper that includes its header.
WRAPPERS = {
    "fcgiapp.h": {"web/fastcgi.c"}, "libpq-fe.h": {"db/postgresql_private.h"}, "mysql.h": {"db/mysql.c"},
    "mysqld_error.h": {"db/mysql.c"}, "errmsg.h": {"db/mysql.c"}, "jansson.h": {"base/json.c"},
    "ini.h": {"base/ini.c"}, "crypt.h": {"auth/password.c"}, "md4c.h": {"web/markdown.c"},
    "zlib.h": {"base/compress.c"}, "curl/curl.h": {"base/http_client.c"},
    "maxminddb.h": {"base/places.c"},
}
OPENSSL = {"base/crypto.c"}


def sources(*folders):
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.[ch]"))


def includes(path, form):
    return re.findall(rf"^#include {form}", path.read_text(), re.M)


def test_modules_see_only_what_lies_below_them():
    wrong = []
    for path in sources("lib"):
        module = path.relative_to(LIB).parts[0]
        for name in includes(path, r'"([^"]+)"'):
            other = name.split("/")[0]
            if other not in {module, "base"} | MAY_SEE[module]:
                wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_programs_only_name_their_pages():
    for path in sources("cgi-bin"):
        assert set(includes(path, r'"([^"]+)"')) == {"app/program.h", "pages/pages.h"}, path.name
        assert len(path.read_text().splitlines()) < 60


def test_each_library_has_one_wrapper():
    wrong = []
    for path in sources("lib", "cli", "cgi-bin"):
        name = str(path.relative_to(LIB)) if LIB in path.parents else str(path.relative_to(ROOT))
        for header in includes(path, r"<([^>]+)>"):
            allowed = OPENSSL if header.startswith("openssl/") else WRAPPERS.get(header)
            if allowed is not None and name not in allowed:
                wrong.append(f"{name} includes <{header}>")
            if header.startswith("apr_pools") and name != "base/memory.c":
                wrong.append(f"{name} makes pools of its own")
    assert not wrong, "\n".join(wrong)


def test_there_is_no_sql_in_c():
    statement = re.compile(r'"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|DROP|WITH)\s', re.I)
    wrong = [f"{path.relative_to(ROOT)}: {line.strip()}" for path in sources("lib", "cli", "cgi-bin")
             for line in path.read_text().splitlines() if statement.search(line) and re.search(r"SELECT|INSERT|UPDATE|DELETE FROM|CREATE|ALTER|DROP", line)]
    assert not wrong, "\n".join(wrong)


def test_every_statement_is_used():
    code = "\n".join(path.read_text() for path in sources("lib", "cli"))
    for engine, prefix in (("postgresql", "STATEMENT_"), ("mysql", "MYSQL_STATEMENT_")):
        for path in (ROOT / "sql" / engine / "queries").glob("*.sql"):
            for name in re.findall(r"^-- name: (\w+)", path.read_text(), re.M):
                assert prefix + name.upper() in code, f"{path.name}: {name} is used nowhere"


def test_the_example_configuration_is_the_table():
    import subprocess
    printed = subprocess.run([ROOT / "build" / "gatehousectl", "config", "example"], capture_output=True, text=True, check=True)
    assert (ROOT / "conf" / "gatehouse.conf.example").read_text() == printed.stdout, \
        "run: build/gatehousectl config example > conf/gatehouse.conf.example"


def test_every_setting_does_something():
    rows = re.findall(r"AT\((\w+)\.(\w+)\)", (LIB / "base/config_table.c").read_text())
    assert len(rows) > 40
    code = "\n".join(path.read_text() for path in sources("lib", "cli", "worker") if not path.name.startswith("config"))
    unused = [f"{section}.{key}" for section, key in rows if not re.search(rf"->{section}\.{key}\b", code)]
    assert not unused


def test_every_template_that_is_shown_exists():
    names = set()
    for path in sources("lib/pages", "lib/app"):
        names |= set(re.findall(r'"([\w/-]+\.html)"', path.read_text()))
    assert len(names) > 8
    for name in names:
        assert (ROOT / "templates" / name).exists(), name


def test_what_keeps_its_white_space_stands_on_one_line():
    """The engine moves the lines of a block to where it stands, also those of a textarea."""
    for path in (ROOT / "templates").rglob("*.html"):
        for tag, text in re.findall(r"<(textarea|pre)\b[^>]*>(.*?)</\1>", path.read_text(), re.S):
            assert "\n" not in text, f"{path.name}: {tag} has several lines"


ROUTE = re.compile(r'\{\s*METHOD_(\w+),\s*"([^"]+)",\s*([\w| ]+),\s*(\w+),\s*(\w+)\s*\}')


def routes():
    found = [(path.stem, *match) for path in sorted((LIB / "pages").glob("*.c")) for match in ROUTE.findall(path.read_text())]
    rows = sum(path.read_text().count("{ METHOD_") for path in (LIB / "pages").glob("*.c"))
    assert len(found) == rows > 20, "a route is written in a form that this test does not read"
    return found


def test_what_strangers_can_reach_is_exactly_this():
    public = {(method, path) for _, method, path, needs, _, _ in routes() if "PUBLIC" in needs}
    assert public == {
        ("GET", "/auth/login"), ("GET", "/login"), ("POST", "/auth/login"), ("POST", "/login"),
        ("GET", "/auth/register"), ("GET", "/register"), ("POST", "/auth/register"), ("POST", "/register"),
        ("GET", "/auth/logout"), ("GET", "/logout"), ("POST", "/auth/logout"), ("POST", "/logout"),
        ("GET", "/auth/status"), ("GET", "/health"), ("GET", "/favicon.ico"), ("GET", "/apple-touch-icon.png"),
        ("GET", "/robots.txt"), ("GET", "/docs"), ("GET", "/redoc"), ("GET", "/openapi.json"), ("GET", "/shared/*"), ("GET", "/auth/guest"), ("POST", "/auth/guest"),
    }


def test_only_signing_in_and_up_do_without_a_token():
    free = {(method, path) for _, method, path, needs, _, _ in routes() if "JSON_SIGN_IN" in needs}
    assert free == {("POST", path) for path in ("/auth/login", "/login", "/auth/register", "/register", "/auth/guest")}


def test_every_form_can_be_shown_again():
    for page, method, path, _, _, again in routes():
        if method == "POST" and not path.startswith("/api/"):
            assert again != "NULL", f"{page}: {path} is a dead end when its token is stale"


def test_every_route_is_tested():
    tests = "\n".join(path.read_text() for path in (ROOT / "tests" / "http").glob("*.py"))
    for page, method, path, *_ in routes():
        assert path.rstrip("*") in tests, f"{page}: nothing tests {method} {path}"


def test_every_page_is_served_by_its_program_and_by_app():
    tables = set(re.findall(r"extern const struct route_table (\w+);", (LIB / "pages" / "pages.h").read_text()))
    served = {path.stem: set(re.findall(r"&(\w+),", path.read_text())) for path in (ROOT / "cgi-bin").glob("*.c")}
    assert served["app"] == tables
    alone = [table for name, names in served.items() if name != "app" for table in names]
    assert sorted(alone) == sorted(tables)


@pytest.mark.parametrize("path", [path for path in ROOT.glob("docs/*.md")] + [ROOT / "README.md"], ids=lambda p: p.name)
def test_what_the_documentation_names_is_there(path):
    text = path.read_text()
    for name in re.findall(r"`((?:lib|sql|scripts|tests|templates|static|docs|conf|cli|cgi-bin|demo|django|bench|apache-conf|lighttpd-conf|nginx-conf)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), f"{path.name} names {name}"
    for name in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (path.parent / name).exists(), f"{path.name} links to {name}"
    known = set()
    for part in re.split(r"^\[", (ROOT / "conf" / "gatehouse.conf.example").read_text(), flags=re.M)[1:]:
        known |= {f"{part.split(']')[0]}.{key}" for key in re.findall(r"^(?:# )?(\w+) =", part, re.M)}
    for section, key in re.findall(r"`\[(\w+)\] (\w+)", text):
        assert f"{section}.{key}" in known or f"{section}.{key.removesuffix('_file')}" in known, f"{path.name} names [{section}] {key}"


def test_every_parser_of_outside_bytes_has_a_fuzz_target_with_a_corpus():
    targets = {path.stem.removeprefix("fuzz_") for path in (ROOT / "tests/fuzz").glob("fuzz_*.c")}
    corpora = {path.name for path in (ROOT / "tests/fuzz/corpus").iterdir() if any(path.iterdir())}
    assert targets == corpora >= {"request", "session", "json", "config", "template", "markdown", "article", "device"}


def test_no_machine_is_named():
    import subprocess
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for name in listed:
        path = ROOT / name
        if path.suffix in {".png", ".svg"} or not path.exists():
            continue
        text = path.read_text(errors="replace")
        assert not re.search(r"(^|[^a-z.])/(work|farm)/", text), name


def test_dark_colours_are_the_same_whoever_asks_for_them():
    """They stand twice: a style sheet cannot say "the system is dark, or somebody chose it" once."""
    text = (ROOT / "static" / "gatehouse.css").read_text()
    by_system = re.search(r':root:not\(\[data-bs-theme="light"\]\) \{\n(.*?)\n\t\}', text, re.S).group(1)
    by_choice = re.search(r':root\[data-bs-theme="dark"\] \{\n(.*?)\n\}', text, re.S).group(1)
    colours = re.compile(r"^\s*(--[\w-]+: .*;)", re.M)
    assert colours.findall(by_system) == colours.findall(by_choice)
    assert len(colours.findall(by_choice)) > 20
