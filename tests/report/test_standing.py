"""What counts stands in the report: every step and reason for the student, and by whom for the instructor."""

from __future__ import annotations

import msgspec
import pytest

from grader.report.html import render
from grader.report.standing import Standing, Step, standing_for

CANARY = "canary-4711"
STANDING = Standing(
    attempt=1,
    points=15.75,
    max_points=20.0,
    steps=(
        Step(what="attempt 1", points=17.5),
        Step(what="Hooks set to 12", points=2.5, reason="a `typo` of ours", by=CANARY, at="2026-11-25T10:00:00+01:00"),
        Step(what="1 day late", points=-4.25),
    ),
)


def test_a_report_without_a_standing_says_nothing_of_it(samples) -> None:
    assert "What counts" not in render(samples.grade(), "instructor")


@pytest.mark.parametrize("edition", ["student", "instructor"])
def test_every_step_stands_there_with_its_points_and_reason(samples, edition) -> None:
    page = render(samples.grade(), edition, standing=STANDING)
    for text in ("What counts", "15.75", "attempt 1", "Hooks set to 12", "+2.5", "1 day late", "−4.25"):
        assert text in page
    assert "a <code>typo</code> of ours" in page


def test_only_the_instructor_sees_who_decided_and_when(samples) -> None:
    assert CANARY not in render(samples.grade(), "student", standing=STANDING)
    page = render(samples.grade(), "instructor", standing=STANDING)
    assert CANARY in page
    assert "25 Nov 2026, 10:00 (UTC+01:00)" in page
    assert CANARY not in str(standing_for(STANDING, "student"))


def test_another_attempt_that_counts_is_named(samples) -> None:
    assert "by attempt 7" in render(samples.grade(), "student", standing=msgspec.structs.replace(STANDING, attempt=7))


def test_an_excuse_says_that_nothing_counts(samples) -> None:
    page = render(samples.grade(), "student", standing=msgspec.structs.replace(STANDING, points=None))
    assert "This assignment does not count: excused." in page


def test_hostile_text_is_only_text(samples) -> None:
    for text in samples.HOSTILE:
        step = Step(what=text, points=1.0, reason=text, by=text, at=text)
        page = render(samples.grade(), "instructor", standing=msgspec.structs.replace(STANDING, steps=(step,)))
        assert "<script" not in page
        assert "<img" not in page
        assert "\x1b" not in page
