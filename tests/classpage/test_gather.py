"""The class as the gradebook has it: the attempt that counts, graded anew where it was, and late by one's own date."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.grades import exercises, grade

from grader.classpage.gather import gather
from grader.errors import BadInput
from grader.gradebook import Gradebook
from grader.gradebook.classroom import Classroom
from grader.gradebook.course import Course
from grader.gradebook.events import Excuse, Extension, Override, Regrade

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SETTINGS = """
title = "Modules"

[[exercise]]
id = "mlp"
title = "MLP"
points = 20
"""


@pytest.fixture
def classroom(tmp_path: Path):  # type: ignore[no-untyped-def]
    folder = tmp_path / "reference" / "hw2"
    folder.mkdir(parents=True)
    (folder / "assignment.toml").write_text(SETTINGS)
    (tmp_path / "course.toml").write_text("[due]\nhw2 = 2026-11-23T10:00:00+00:00\n")
    Gradebook(tmp_path / "book.sqlite").close()
    opened = Classroom.open(tmp_path / "book.sqlite", tmp_path)
    assert isinstance(opened.course, Course)
    yield opened
    opened.book.close()


def hand_in(
    classroom: Classroom, student: str, attempt: int, score: float, at: str = "09:00", **changes: object
) -> None:
    made = grade(
        student,
        attempt,
        score=score,
        exercises=exercises(mlp=(score, 20)),
        submitted_at=f"2026-11-23T{at}:00+00:00",
        **changes,
    )
    classroom.book.add(made, Path(f"reports/{student}/attempt-{attempt}"))


def test_everybody_is_there_with_the_attempt_that_counts(classroom: Classroom) -> None:
    hand_in(classroom, "bob", 1, 5.0)
    hand_in(classroom, "bob", 2, 15.0)
    hand_in(classroom, "ann", 1, 3.0, status="unreadable", reason="no JSON")
    classroom.book.append(Excuse(assignment="hw2", student="cy", by="ta", at=NOON, reason="ill"))
    ann, bob, cy = gather(classroom, "hw2")
    assert (ann.student, ann.work.status, ann.work.reason) == ("ann", "unreadable", "no JSON")
    assert (bob.work.attempt, bob.points, bob.folder) == (2, 15.0, Path("reports/bob/attempt-2"))
    assert (cy.work, cy.points, cy.folder) == (None, None, None)


def test_an_attempt_graded_anew_is_shown_as_that(classroom: Classroom) -> None:
    hand_in(classroom, "bob", 1, 5.0)
    anew = grade("bob", 1, score=9.0, exercises=exercises(mlp=(9.0, 20)))
    classroom.book.append(Regrade.of(anew, version="2", by="ta", at=NOON, reason="a wrong check"))
    (bob,) = gather(classroom, "hw2")
    assert [each.score for each in bob.work.exercises] == [9.0]


def test_late_is_after_the_students_own_due_date(classroom: Classroom) -> None:
    hand_in(classroom, "ann", 1, 5.0, at="09:59")
    hand_in(classroom, "bob", 1, 5.0, at="10:01")
    hand_in(classroom, "cy", 1, 5.0, at="10:01")
    until = datetime(2026, 11, 24, tzinfo=UTC)
    classroom.book.append(Extension(assignment="hw2", student="cy", by="ta", at=NOON, reason="train", until=until))
    assert [each.late for each in gather(classroom, "hw2")] == [False, True, False]


def test_a_class_that_handed_in_nothing_has_no_page(classroom: Classroom) -> None:
    with pytest.raises(BadInput, match="nobody has handed in anything for hw2: there is no class page to write"):
        gather(classroom, "hw2")


def test_what_changed_the_points_is_told_with_its_reason(classroom: Classroom) -> None:
    hand_in(classroom, "ann", 1, 5.0)
    hand_in(classroom, "bob", 1, 5.0, arrival="unknown")
    who = {"assignment": "hw2", "student": "ann", "by": "ta", "at": NOON}
    classroom.book.append(Override(**who, reason="a typo of ours", points=7.0))
    ann, bob = gather(classroom, "hw2")
    assert ann.changes == "attempt 1: 5; total set to 7 (was 5): +2 (ta: a typo of ours)"
    assert (bob.changes, bob.handed_in, bob.late) == ("", "unknown", False)
