"""The summary is markdown in which nothing of a student's is more than text."""

import html
import re
from dataclasses import replace

import mistune
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.grades import exercises, grade

from grader.ci.model import Finding, Marked, Outcome
from grader.ci.summary import MOST_BYTES, literal, summary

EVIL = (
    "]] | x |\n# big\n![i](http://evil/x.png) [l](javascript:x) <img src=x onerror=y> `c` **b** @ada https://evil :+1: "
    "&amp; ~~s~~ [^1] - [x] y"
)
FOUND = Finding("error", "major", "hw.ipynb", 3, EVIL, EVIL, "hw.double.x")


def marked(**changes: object) -> Marked:
    given = grade(exercises=exercises(scale_hook=(2, 4)), score=2.0, max_score=4.0)
    return replace(Marked("hw.ipynb", "hw", given, "", b"", (FOUND,)), **changes)


def rendered(text: str) -> str:
    made = mistune.create_markdown(escape=False, plugins=["table", "url", "strikethrough", "footnotes", "task_lists"])(
        text
    )
    assert isinstance(made, str)
    return made


def tags(page: str) -> set[str]:
    return set(re.findall(r"<\s*(/?\w+)", page))


FINE = {
    *("h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code", "br"),
    *("/h2", "/h3", "/p", "/table", "/thead", "/tbody", "/tr", "/th", "/td", "/ul", "/li", "/code"),
}


def test_points_are_in_a_table_and_a_low_score_is_said() -> None:
    text = summary(Outcome((marked(findings=()),)), 80)
    assert "### ❌ <code>hw&#46;ipynb</code>: 2 / 4 (50 %), under 80 %" in text
    assert "| Scale hook | 2 / 4 | 0 / 0 |" in text
    assert "### ✅" in summary(Outcome((marked(findings=()),)), 50)


def test_what_a_student_wrote_is_text_and_nothing_else() -> None:
    given = grade(status="unreadable", reason=EVIL, notices=(EVIL,))
    outcome = Outcome((marked(), marked(path=EVIL, grade=given)), ((EVIL, EVIL),), (EVIL,))
    page = rendered(summary(outcome, 0))
    assert tags(page) <= FINE
    assert "<a" not in page
    assert "href" not in html.unescape(re.sub(r"<code>.*?</code>|<p>.*?</p>", "", page, flags=re.DOTALL))


@given(st.text())
def test_any_text_is_one_piece_of_code(text: str) -> None:
    page = rendered(f"- {literal(text)}: end")
    assert tags(page) <= {"ul", "/ul", "li", "/li", "code", "/code"}
    assert page.count("<code>") == page.count("</code>") == 1


@pytest.mark.parametrize("number", [1, 2_000])
def test_it_is_never_larger_than_github_takes(number: int) -> None:
    many = tuple(replace(FOUND, line=line, message="|" * 400) for line in range(1, number + 1))
    text = summary(Outcome((marked(findings=many),)), 0)
    assert len(text.encode()) <= MOST_BYTES + 100
    assert ("more than a summary can hold" in text) == (number > 1)


def test_nothing_to_grade_is_said() -> None:
    assert "No notebook to grade." in summary(Outcome(()), 0)
