"""Reports in a real browser: nothing runs, nothing is requested, nothing is wider than the screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.browser import chromium, evaluate, open_page, requested
from support.hostile import NAMES, scripted

from grader.notebook.read import read
from grader.report.html import write
from grader.report.live import check_html
from grader.report.notebook import notebook_html
from grader.report.standing import Standing, Step

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
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


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


def _dialog(browser: Any) -> str:
    """What a dialog on the page says; "" where there is none, as it should be."""
    from selenium.common.exceptions import NoAlertPresentException

    try:
        return str(browser.switch_to.alert.text)
    except NoAlertPresentException:
        return ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_and_fits_the_screen(browser, folder, name, width, scheme) -> None:
    path = folder / name / "report.html"
    open_page(browser, path, width, scheme)
    evaluate(browser, "document.querySelectorAll('details').forEach(each => each.open = true)")
    assert evaluate(browser, "document.documentElement.scrollWidth") <= width
    assert browser.title != "PWNED"
    assert not _dialog(browser)
    assert evaluate(browser, "document.scripts.length") == 0
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    assert requested(browser) == {path.as_uri()}


def test_dark_is_dark_and_light_is_light(browser, folder) -> None:
    seen = []
    for scheme in ("light", "dark"):
        open_page(browser, folder / "good" / "report.html", 1280, scheme)
        seen.append(evaluate(browser, "getComputedStyle(document.body).backgroundColor"))
    assert seen == ["rgb(250, 249, 246)", "rgb(20, 22, 26)"]


def test_the_style_that_the_policy_allows_is_applied(browser, folder) -> None:
    open_page(browser, folder / "bad" / "report.html", 1280, "light")
    assert evaluate(browser, "getComputedStyle(document.querySelector('main')).maxWidth") == "896px"


def test_print_shows_what_is_folded(browser, folder) -> None:
    open_page(browser, folder / "good" / "report.html", 1280, "dark")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    folded = "document.querySelector('details:not([open]) .g-body').getBoundingClientRect().height"
    assert evaluate(browser, folded) > 0
    assert evaluate(browser, "getComputedStyle(document.body).backgroundColor") == "rgb(250, 249, 246)"
