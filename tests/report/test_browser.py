"""Reports in a real browser: nothing runs, nothing is requested, nothing is wider than the screen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.hostile import NAMES, scripted

from grader.notebook.read import read
from grader.report.html import write
from grader.report.live import check_html
from grader.report.notebook import notebook_html
from grader.report.standing import Standing, Step

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
)
PAGES = (
    "good",
    "bad",
    "needs_a_look",
    "every_verdict",
    "crashed",
    "public",
    "hostile",
    "live",
    "scripted",
    "named",
    "standing",
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if not (CHROMIUM.exists() and DRIVER.exists()):
        pytest.skip(f"needs {CHROMIUM} and {DRIVER} (Debian packages chromium and chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def folder(samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("reports")
    hostile = samples.notebook()
    for text in samples.HOSTILE:
        hostile.cells += [samples.nbformat.v4.new_markdown_cell(text), samples.nbformat.v4.new_code_cell(text)]
    hostile.cells.append(samples.nbformat.v4.new_markdown_cell("![t](https://example.invalid/t.png) <img src=/x>"))
    for name in PAGES[:7]:
        write(getattr(samples, name)(), root / name, notebook_html(hostile), feedback="message")
    # As `submit` shows them: read from a file, with names that are markup.
    (root / "small.ipynb").write_text(scripted(), "utf-8")
    node = read(root / "small.ipynb").node
    write(samples.bad(), root / "scripted", notebook_html(node), feedback="message")
    name = " ".join(NAMES)
    named = msgspec.structs.replace(samples.bad(), student=name, title=name, submission=name, assignment=name)
    write(named, root / "named", notebook_html(node), feedback="message")
    steps = tuple(Step(what=text, points=1.0, reason=text, by=text, at=text) for text in samples.HOSTILE)
    standing = Standing(attempt=7, points=1.0, max_points=2.0, steps=steps)
    write(samples.bad(), root / "standing", standing=standing)
    (root / "live").mkdir()
    fragments = "".join(check_html(exercise) for exercise in samples.bad().exercises)
    head = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += '<link rel="icon" href="data:,">'
    (root / "live" / "report.html").write_text(head + fragments, "utf-8")
    return root


def _open(browser: Any, path: Path, width: int, scheme: str) -> None:
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(path.as_uri())


def _dialog(browser: Any) -> str:
    """What a dialog on the page says; "" where there is none, as it should be."""
    from selenium.common.exceptions import NoAlertPresentException

    try:
        return str(browser.switch_to.alert.text)
    except NoAlertPresentException:
        return ""


def _evaluate(browser: Any, expression: str) -> Any:
    answer = browser.execute_cdp_cmd("Runtime.evaluate", {"expression": expression, "returnByValue": True})
    return answer["result"].get("value")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_and_fits_the_screen(browser, folder, name, width, scheme) -> None:
    path = folder / name / "report.html"
    _open(browser, path, width, scheme)
    _evaluate(browser, "document.querySelectorAll('details').forEach(each => each.open = true)")
    assert _evaluate(browser, "document.documentElement.scrollWidth") <= width
    assert browser.title != "PWNED"
    assert not _dialog(browser)
    assert _evaluate(browser, "document.scripts.length") == 0
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    requested = {m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"}
    assert {url for url in requested if not url.startswith("data:")} == {path.as_uri()}


def test_dark_is_dark_and_light_is_light(browser, folder) -> None:
    seen = []
    for scheme in ("light", "dark"):
        _open(browser, folder / "good" / "report.html", 1280, scheme)
        seen.append(_evaluate(browser, "getComputedStyle(document.body).backgroundColor"))
    assert seen == ["rgb(250, 249, 246)", "rgb(20, 22, 26)"]


def test_the_style_that_the_policy_allows_is_applied(browser, folder) -> None:
    _open(browser, folder / "bad" / "report.html", 1280, "light")
    assert _evaluate(browser, "getComputedStyle(document.querySelector('main')).maxWidth") == "896px"


def test_print_shows_what_is_folded(browser, folder) -> None:
    _open(browser, folder / "good" / "report.html", 1280, "dark")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    folded = "document.querySelector('details:not([open]) .g-body').getBoundingClientRect().height"
    assert _evaluate(browser, folded) > 0
    assert _evaluate(browser, "getComputedStyle(document.body).backgroundColor") == "rgb(250, 249, 246)"
