"""The class page in a real browser: it searches and sorts, asks for nothing, and does without its script too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browser import chromium, evaluate, open_page, requested

from grader.classpage.page import write
from grader.classpage.view import Page

pytestmark = pytest.mark.browser
SHOWN = "[...document.querySelectorAll('#everybody tbody tr')].filter(row => !row.hidden)"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def written(page: Page, reports: Path) -> Path:
    return write(page, reports / "class")


def names(browser: Any) -> list[str]:
    return [each.strip() for each in evaluate(browser, f"{SHOWN}.map(row => row.cells[0].textContent)")]


def search(browser: Any, text: str) -> None:
    from selenium.webdriver.common.by import By

    box = browser.find_element(By.ID, "search")
    box.clear()
    box.send_keys(text)


def sort(browser: Any, column: str) -> None:
    from selenium.webdriver.common.by import By

    browser.find_element(By.XPATH, f"//table[@id='everybody']//th/button[.='{column}']").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_quiet_and_fits_the_screen(browser: Any, written: Path, width: int, scheme: str) -> None:
    open_page(browser, written, width, scheme)
    evaluate(browser, "document.querySelectorAll('details').forEach(each => each.open = true)")
    assert evaluate(browser, "document.documentElement.scrollWidth") <= width
    assert [entry["message"] for entry in browser.get_log("browser")] == []
    assert requested(browser) == {written.as_uri()}
    assert evaluate(browser, "document.scripts.length") == 1


def test_search_shows_who_has_all_the_words(browser: Any, written: Path) -> None:
    open_page(browser, written, 1280, "light")
    everybody = names(browser)
    assert len(everybody) == 6
    search(browser, "STUDENT-T")
    assert names(browser) == ["student-three", "student-two"]
    assert evaluate(browser, "document.getElementById('found').textContent") == "2 of 6"
    search(browser, "late student")
    assert names(browser) == ["student-two"]
    search(browser, "nobody of that name")
    assert names(browser) == []
    search(browser, " ")
    assert names(browser) == everybody


def test_a_click_on_a_heading_sorts_and_another_turns_it_round(browser: Any, written: Path) -> None:
    open_page(browser, written, 1280, "light")
    points = f"{SHOWN}.map(row => Number(row.cells[1].dataset.value))"
    sort(browser, "points")
    assert evaluate(browser, points) == [0, 0, 1, 2, 3, 4]
    sort(browser, "points")
    assert evaluate(browser, points) == [4, 3, 2, 1, 0, 0]
    assert evaluate(browser, "document.querySelectorAll('#everybody [aria-sort]').length") == 1
    sort(browser, "student")
    assert names(browser)[1:] == ["student-five", "student-one", "student-six", "student-three", "student-two"]


def test_a_link_of_the_table_opens_the_report(browser: Any, written: Path) -> None:
    from selenium.webdriver.common.by import By

    open_page(browser, written, 1280, "light")
    browser.find_element(By.LINK_TEXT, "student-one").click()
    assert evaluate(browser, "document.body.textContent") == "the report"


def test_without_scripts_everybody_is_listed_and_no_tool_is_offered(browser: Any, written: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        open_page(browser, written, 1280, "light")
        assert len(names(browser)) == 6
        assert evaluate(browser, "document.getElementById('tools').checkVisibility()") is False
        assert evaluate(browser, "document.querySelectorAll('#everybody button').length") == 0
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
