"""A headless Chromium, and what pages are checked with."""
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

HERE = pathlib.Path(__file__).resolve().parent
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]


@pytest.fixture(scope="session")
def node_modules():
    """axe-core and html-validate in the versions of the lock file."""
    folder = HERE / "node_modules"
    # One process after the other: npm begins by throwing away what another one has just installed.
    with open(HERE / "package-lock.json") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "axe-core" / "axe.min.js").exists() or not (folder / ".bin" / "html-validate").exists():
            # Node knows only the authorities it was built with; here also those of this system.
            authorities = {"NODE_EXTRA_CA_CERTS": "/etc/ssl/certs/ca-certificates.crt"}
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=HERE, check=True,
                           stdout=subprocess.DEVNULL, timeout=300, env={**authorities, **os.environ})
    return folder


class Chromium:
    """A process, which takes seconds to start, so that it serves many tests, one after the other."""

    def __init__(self, javascript):
        self.javascript = javascript
        self.profile = tempfile.mkdtemp(prefix="gh-browser-")
        options = webdriver.ChromeOptions()
        for flag in FLAGS + [f"--user-data-dir={self.profile}"]:
            options.add_argument(flag)
        options.binary_location = "/usr/bin/chromium"
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        if not javascript:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(30)

    def quit(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)


class Browser:
    """Selenium with the few words that the tests use."""

    def __init__(self, site, chromium):
        self.site = site
        self.chromium, self.driver, self.javascript = chromium, chromium.driver, chromium.javascript
        self.resize(1280, 900)

    def close(self):
        """Leave the process as new: one empty window, and nothing kept of this one's."""
        old = self.driver.window_handles
        self.driver.switch_to.new_window("tab")
        new = self.driver.current_window_handle
        for window in old:
            self.driver.switch_to.window(window)
            self.driver.close()
        self.driver.switch_to.window(new)
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": self.site.url, "storageTypes": "all"})
        self.driver.get_log("browser")

    def resize(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def be_a_phone(self):
        """Narrow, and with a finger instead of a mouse: "pointer: coarse", "hover: none"."""
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": 390, "height": 800, "deviceScaleFactor": 2, "mobile": True})
        return self

    def scheme(self, name):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": name}]})

    def may_copy(self):
        """Let pages use the clipboard, as a person's click does."""
        self.driver.execute_cdp_cmd("Browser.grantPermissions", {
            "origin": self.site.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})

    @property
    def copied(self):
        return self.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")

    def open(self, path):
        self.driver.get(self.site.url + path)
        return self

    @property
    def path(self):
        return self.driver.current_url.removeprefix(self.site.url)

    @property
    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def type(self, name, text):
        for field in self.all(f'main input[name="{name}"], main textarea[name="{name}"]'):
            if field.is_displayed():
                field.clear()
                field.send_keys(text)
                return
        raise AssertionError(f"there is no visible field {name} on {self.path}")

    def tick(self, name):
        box = self.one(f'main [name="{name}"]')
        if not box.is_selected():
            box.click()

    def press(self, words):
        """Click the visible button or link with these words."""
        for kind in ("button", "a", "summary"):
            for element in self.all(kind):
                # the first line: what follows is for screen readers
                if element.is_displayed() and element.text.strip().split("\n")[0] == words:
                    before = self.one("html")
                    element.click()
                    return before
        raise AssertionError(f"nothing visible says {words!r} on {self.path}: {self.text}")

    def wait(self, question, seconds=15):
        # While one page goes and the next one comes, elements vanish under the question, and the driver
        # says so in many ways; what never becomes true ends with its time.
        return WebDriverWait(self.driver, seconds, 0.1, [WebDriverException]).until(lambda _: question())

    def complaints(self):
        """What the browser's console holds against a page: blocked scripts, errors, missing files."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and "status of 4" not in entry["message"] and "status of 5" not in entry["message"]]


@pytest.fixture(scope="session")
def chromiums():
    """Those that are idle."""
    idle = []
    yield idle
    for chromium in idle:
        chromium.quit()


@pytest.fixture
def open_browser(one_site, chromiums):
    """open_browser(site, javascript): two that are open at once are two processes."""
    browsers = []

    def open_one(site=None, javascript=True):
        fitting = [chromium for chromium in chromiums if chromium.javascript == javascript]
        if fitting:
            chromiums.remove(fitting[0])
        browsers.append(Browser(site or one_site, fitting[0] if fitting else Chromium(javascript)))
        return browsers[-1]
    yield open_one
    for browser in browsers:
        try:
            browser.close()
            chromiums.append(browser.chromium)
        except WebDriverException:  # it is broken; the next test gets a new one
            browser.chromium.quit()


DEVICES = ["phone", "desktop"]
# scripts and device; without scripts the two differ in nothing but the width
WAYS = {"with-javascript": (True, "desktop"), "phone": (True, "phone"), "phone-without-javascript": (False, "phone")}


@pytest.fixture
def open_device(open_browser):
    """open_device(device, site, javascript): a browser as it is on that device."""
    def open_one(device, site=None, javascript=True):
        browser = open_browser(site, javascript)
        return browser.be_a_phone() if device == "phone" else browser
    return open_one


@pytest.fixture
def browser(open_browser):
    return open_browser()


@pytest.fixture
def axe(node_modules):
    source = (node_modules / "axe-core" / "axe.min.js").read_text()

    def run(browser):
        """Violations of WCAG 2.2 AA and axe's best practices, as text."""
        browser.driver.execute_script(source)
        result = browser.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
            ".then(r => done(r.violations), e => done([{id: String(e), nodes: []}]))")
        return [f"{found['id']}: {json.dumps([node['html'][:200] for node in found['nodes']])}" for found in result]
    return run


@pytest.fixture
def html_validate(node_modules, tmp_path):
    def run(pages):
        """Errors that html-validate finds in these pages, name → text."""
        for name, text in pages.items():
            (tmp_path / f"{name}.html").write_text(text)
        done = subprocess.run([node_modules / ".bin" / "html-validate", "--config", HERE.parent / "pages" / "htmlvalidate.json",
                               "--formatter", "text", *sorted(map(str, tmp_path.glob("*.html")))],
                              capture_output=True, text=True, timeout=120)
        return done.stdout + done.stderr if done.returncode else ""
    return run
