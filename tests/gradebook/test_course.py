"""Every mistake in course.toml is answered with its key and what was expected there."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from grader.assignment.errors import BadAssignment
from grader.assignment.folder import Assignment
from grader.assignment.model import Exercise, Late, Settings
from grader.gradebook.course import Course, Rounding, read_course, terms_of

KNOWN = ["hw1", "hw2"]
DUE = datetime(2026, 11, 20, 22, 59, tzinfo=UTC)
EXERCISES = (Exercise(id="a", title="A", points=12.5), Exercise(id="b", title="B", points=7.5))


def course(tmp_path: Path, text: str) -> Course:
    (tmp_path / "course.toml").write_text(text)
    return read_course(tmp_path, KNOWN)


def assignment(**settings: object) -> Assignment:
    return Assignment("hw2", Settings(title="T", exercise=EXERCISES, **settings), Path(), None, None)  # type: ignore[arg-type]


def test_without_a_file_every_rule_is_its_default(tmp_path: Path) -> None:
    assert read_course(tmp_path, KNOWN) == Course()
    assert terms_of(assignment(), Course()).max_score == 20


def test_everything_that_is_given_is_read(tmp_path: Path) -> None:
    read = course(
        tmp_path,
        "[due]\nhw2 = 2026-11-20T23:59:00+01:00\n"
        "[late]\ngrace_minutes = 15\npercent_per_day = 10\nmax_percent = 50\nmax_days = 3\n"
        '[attempts]\ncount = "last"\n[drop]\nlowest = 1\n[rounding]\nstep = 0.5\ndirection = "up"\n',
    )
    assert read.due == {"hw2": DUE}
    assert read.late == Late(grace_minutes=15, percent_per_day=10, max_percent=50, max_days=3)
    assert (read.attempts.count, read.drop.lowest, read.rounding) == ("last", 1, Rounding(step=0.5, direction="up"))
    terms = terms_of(assignment(), read)
    assert (terms.due, terms.late, terms.count, terms.rounding) == (DUE, read.late, "last", read.rounding)


def test_the_class_says_when_and_the_assignment_what_lateness_costs(tmp_path: Path) -> None:
    read = course(tmp_path, "[due]\nhw2 = 2026-11-20T23:59:00+01:00\n[late]\npercent_per_day = 10\n")
    own = assignment(due=datetime(2025, 1, 1, tzinfo=UTC), late=Late(percent_per_day=25))
    assert terms_of(own, read).due == DUE
    assert terms_of(own, read).late.percent_per_day == 25
    assert terms_of(own, Course()).due == datetime(2025, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[late]\nper_day_percent = 1",
            "course.toml: late.per_day_percent is no known key; did you mean late.percent_per_day?",
        ),
        ("[late]\nmax_days = -1", "course.toml: late.max_days must be a whole number, 0 or more, got -1"),
        ("[late]\nmax_percent = 101", "course.toml: late.max_percent must be a number from 0 to 100, got 101"),
        ("[late]\ngrace_minutes = inf", "course.toml: late.grace_minutes must be a number, 0 or more, got inf"),
        ("late = 3", "course.toml: late must be a table [late], got 3"),
        (
            '[attempts]\ncount = "average"',
            'course.toml: attempts.count must be "best", "last" or "first", got "average"',
        ),
        ("[drop]\nlowest = 0.5", "course.toml: drop.lowest must be a whole number, 0 or more, got 0.5"),
        ("[rounding]\nstep = 0", "course.toml: rounding.step must be a number above 0, such as 0.5, got 0"),
        (
            '[rounding]\ndirection = "even"',
            'course.toml: rounding.direction must be "nearest", "up" or "down", got "even"',
        ),
        ("[dew]", "course.toml: dew is no known key; did you mean due?"),
        ("due = 3", "course.toml: due must be a table [due] of moments by assignment, got 3"),
        (
            "[due]\nhw2 = 2026-11-20T23:59:00",
            "course.toml: due.hw2 must be a date and time with its offset, such as 2026-03-01T23:59:00+01:00, "
            'got "2026-11-20 23:59:00"',
        ),
        (
            "[due]\nhw2 = 2026-11-20",
            "course.toml: due.hw2 must be a date and time with its offset, such as 2026-03-01T23:59:00+01:00, "
            'got "2026-11-20"',
        ),
        (
            "[due]\nhw3 = 2026-11-20T23:59:00+01:00",
            "course.toml: due.hw3: there is no such assignment; did you mean hw2?",
        ),
        (
            "[due]\nfinal = 2026-11-20T23:59:00+01:00",
            "course.toml: due.final: there is no such assignment; there are hw1, hw2",
        ),
        ("[late", "course.toml: is not TOML: "),
    ],
)
def test_a_mistake_is_told_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(BadAssignment) as refused:
        course(tmp_path, text)
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)
