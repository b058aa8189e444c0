"""Characters and settings in a browser, with scripts and without."""
import pytest

from conftest import WAYS
from support.characters import CARD, card_png
from support.site import Visitor, add_person


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def browser(open_device, request):
    javascript, device = request.param
    return open_device(device, javascript=javascript)


@pytest.fixture
def signed_in(browser, one_site, mysql):
    person = add_person(mysql)
    visitor = Visitor(one_site)
    visitor.sign_in(person)
    browser.open("/health")
    for name, value in visitor.cookies.items():
        browser.driver.add_cookie({"name": name, "value": value, "path": "/"})
    return browser


def slide(browser, field, presses):
    from selenium.webdriver.common.keys import Keys
    browser.one(f"#{field}").send_keys(Keys.ARROW_RIGHT * presses)


def test_a_character_is_made_looked_at_and_deleted(signed_in):
    browser = signed_in.open("/characters")
    browser.press("Your own")
    browser.wait(lambda: browser.path == "/personality")
    browser.press("New character")
    browser.wait(lambda: browser.path == "/personality/new")
    browser.type("name", "Ada")
    browser.type("backstory", "You examine evidence.")
    slide(browser, "directness", 4)
    if browser.javascript:
        assert browser.one('output[for="directness"]').text == "9"
    browser.press("Preview")
    browser.wait(lambda: "Get straight to the point." in browser.text)
    assert browser.one('output[for="directness"]').text == "9"
    browser.press("Suggest traits")
    browser.wait(lambda: browser.one("#trait-Analytical").is_selected())
    # Enter in a field saves
    browser.one("#name").submit() if not browser.javascript else browser.one("#name").send_keys("\n")
    browser.wait(lambda: browser.path == "/personality?done=saved")
    browser.press("Ada")
    browser.wait(lambda: browser.path.startswith("/characters/"))
    assert "9 of 10" in browser.text and "Analytical" in browser.text
    browser.open("/personality")
    browser.press("Delete")
    browser.wait(lambda: "Delete Ada?" in browser.text)
    browser.press("Delete")
    browser.wait(lambda: browser.path == "/personality?done=deleted" and "You have none yet." in browser.text)
    assert browser.complaints() == []


def test_a_card_is_imported(signed_in, tmp_path):
    file = tmp_path / "rook.png"
    file.write_bytes(card_png(CARD))
    browser = signed_in.open("/personality")
    browser.one("#file").send_keys(str(file))
    browser.press("Import")
    browser.wait(lambda: "The character is imported." in browser.text)
    assert browser.one("#name").get_attribute("value") == "Rook"


def test_the_chosen_colours_hold_against_the_system_and_from_the_first_byte(signed_in):
    def paper():
        return browser.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    browser = signed_in.open("/settings")
    browser.scheme("light")
    light = paper()
    browser.scheme("dark")
    dark = paper()
    assert light != dark
    for choice, system, expected in (("light", "dark", light), ("dark", "light", dark), ("system", "dark", dark), ("system", "light", light)):
        browser.open("/settings")
        browser.one(f"#theme-{choice}").click()
        browser.press("Save")
        browser.wait(lambda: browser.path == "/settings?done=saved")
        browser.scheme(system)
        assert paper() == expected, (choice, system)
    assert browser.complaints() == []
