"""What course staff decide is written with who, when and why; what cannot be meant is refused in a sentence."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.grades import exercises, grade

from grader.errors import BadInput
from grader.gradebook import Gradebook
from grader.gradebook.classroom import Change, Classroom
from grader.gradebook.events import Event, Excuse, Extension, Override

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)
DUE = datetime.fromisoformat("2026-11-23T12:00:00+01:00")
SETTINGS = """title = "Hooks"
[[exercise]]
id = "scale_hook"
title = "Scale hook"
points = 12
[[exercise]]
id = "make_mlp"
title = "An MLP"
points = 8
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("hw2", "hw10", "hw1"):
        folder = tmp_path / "reference" / name
        folder.mkdir(parents=True)
        (folder / "assignment.toml").write_text(SETTINGS)
    (tmp_path / "course.toml").write_text(f"[due]\nhw2 = {DUE.isoformat()}\n[late]\npercent_per_day = 10\n")
    return tmp_path


@pytest.fixture
def classroom(root: Path, place: str) -> Iterator[Classroom]:
    opened = Classroom.open(place, root, make=True)
    for student in ("alice", "bob"):
        opened.book.add(grade(student, exercises=exercises(scale_hook=(9.5, 12), make_mlp=(8, 8))), Path("reports"))
    yield opened
    opened.book.close()


def change(student: str = "alice", assignment: str = "hw2", **more: object) -> Change:
    return Change(assignment=assignment, student=student, by="ta", at=AT, **{"reason": "we spoke", **more})  # type: ignore[arg-type]


def refusal(call: object, *arguments: object, **named: object) -> str:
    with pytest.raises(BadInput) as refused:
        call(*arguments, **named)  # type: ignore[operator]
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_decision_is_kept_with_who_when_and_why(classroom: Classroom) -> None:
    who = {"assignment": "hw2", "student": "alice", "by": "ta", "at": AT, "reason": "we spoke"}
    classroom.override(change(), "scale_hook", 12.0)
    classroom.override(change(reason="  we spoke\n"), None, None)
    classroom.excuse(change())
    assert classroom.extend(change(), days=1.5) == DUE + timedelta(days=1.5)
    expected: list[Event] = [
        Override(**who, exercise="scale_hook", points=12.0),
        Override(**who, points=None),
        Excuse(**who),
        Extension(**who, until=DUE + timedelta(days=1.5)),
    ]
    assert classroom.book.events() == expected


def test_the_grades_are_those_of_everybody_in_the_book(classroom: Classroom) -> None:
    classroom.override(change(), "scale_hook", 12.0)
    classroom.excuse(change("carol", new=True))
    listed = classroom.finals("hw2")
    assert [(each.student, each.final) for each in listed] == [("alice", 20), ("bob", 17.5), ("carol", None)]
    assert [each.final for each in classroom.finals("hw2", "bob")] == [17.5]
    assert [(each.student, each.final) for each in classroom.finals("hw10")] == [("alice", 0), ("bob", 0), ("carol", 0)]


def test_totals_are_over_the_assignments_in_use_in_the_course_s_order(classroom: Classroom) -> None:
    classroom.book.add(grade("bob", assignment="hw10", score=5.0), Path("reports"))
    classroom.book.add(grade("bob", assignment="long_gone", score=5.0), Path("reports"))
    totals = classroom.totals()
    assert [(each.student, list(each.grades), each.points, each.max) for each in totals] == [
        ("alice", ["hw2", "hw10"], 17.5, 40),
        ("bob", ["hw2", "hw10"], 22.5, 40),
    ]


def test_the_history_is_everything_in_its_order(classroom: Classroom) -> None:
    classroom.extend(change(), days=1)
    classroom.override(change(), "make_mlp", 7.0)
    classroom.override(change(), "make_mlp", None)
    classroom.excuse(change())
    assert [(each.by, each.what, each.reason) for each in classroom.history("hw2", "alice")] == [
        ("alice", "attempt 1: 17.5 of 20", ""),
        ("ta", "extended until 2026-11-24 11:00 UTC", "we spoke"),
        ("ta", "make_mlp set to 7", "we spoke"),
        ("ta", "override of make_mlp taken back", "we spoke"),
        ("ta", "excused", "we spoke"),
    ]


def test_an_unknown_student_is_refused_with_near_names_unless_new(classroom: Classroom) -> None:
    said = "there is no student 'Alcie' in the gradebook; did you mean alice?"
    assert refusal(classroom.excuse, change("Alcie")) == said
    assert refusal(classroom.finals, "hw2", "Alcie") == said
    assert refusal(classroom.history, "hw2", "Alcie") == said
    assert (
        refusal(classroom.excuse, change("zzz")) == "there is no student 'zzz' in the gradebook; there are alice, bob"
    )
    assert "STUDENT 'zo\\u202ae '" in refusal(classroom.excuse, change("zo\u202ae ", new=True))
    classroom.excuse(change("zoe", new=True))
    assert classroom.book.students() == ["alice", "bob", "zoe"]


@pytest.mark.parametrize(
    ("exercise", "points", "said"),
    [
        ("scale_hok", 3.0, "hw2 has no exercise 'scale_hok'; did you mean scale_hook?"),
        ("zzz", 3.0, "hw2 has no exercise 'zzz'; there are scale_hook, make_mlp"),
        ("scale_hook", 12.5, "--points 12.5 cannot be given: scale_hook is worth 0 to 12 points"),
        ("scale_hook", -1.0, "--points -1 cannot be given: scale_hook is worth 0 to 12 points"),
        (None, 20.5, "--points 20.5 cannot be given: hw2 is worth 0 to 20 points"),
        (None, float("nan"), "--points nan cannot be given: hw2 is worth 0 to 20 points"),
    ],
)
def test_points_that_cannot_be_given_are_refused(
    classroom: Classroom, exercise: str | None, points: float, said: str
) -> None:
    assert refusal(classroom.override, change(), exercise, points) == said
    assert classroom.book.events() == []


def test_a_reason_and_a_name_are_needed(classroom: Classroom) -> None:
    assert refusal(classroom.excuse, change(reason=" ")).startswith("--reason is empty; say why")
    assert refusal(classroom.excuse, change(reason="x" * 2001)) == "--reason is no text of at most 2,000 letters"
    nobody = Change("hw2", "alice", "we spoke", "", AT)
    assert refusal(classroom.excuse, nobody).startswith("--by is empty")
    assert refusal(classroom.excuse, change(assignment="hw3")).startswith("there is no assignment 'hw3'")


def test_what_is_no_extension_is_refused(classroom: Classroom) -> None:
    assert refusal(classroom.extend, change(), days=0.0) == (
        "--days 0 is no extension; give a number above 0, at most 1000"
    )
    assert refusal(classroom.extend, change(), until=DUE).endswith("is no extension: due is 2026-11-23T12:00:00+01:00")
    assert "hw10 has no due date to extend; give it one in course.toml: [due] hw10 =" in refusal(
        classroom.extend, change(assignment="hw10"), days=1
    )


def test_an_extension_is_counted_from_everybody_s_due_date_and_may_be_taken_back(classroom: Classroom) -> None:
    classroom.extend(change(), days=1)
    assert classroom.extend(change(), days=2) == DUE + timedelta(days=2)
    assert classroom.extend(change()) == DUE


def test_a_gradebook_that_is_not_there_is_not_made_to_be_read(root: Path) -> None:
    place = root / "reports" / "gradebook.sqlite"
    assert refusal(Classroom.open, place, root) == (
        f"there is no gradebook at {place}; submit a notebook first, or say with --gradebook where it is"
    )
    assert not place.parent.exists()


def test_a_wrong_course_toml_is_refused_before_anything_is_opened(root: Path) -> None:
    (root / "course.toml").write_text("[late]\npercent = 3\n")
    assert "course.toml: late.percent is no known key" in refusal(Classroom.open, root / "b.sqlite", root, make=True)
    assert not (root / "b.sqlite").exists()


def test_the_book_is_shared_with_who_submits(classroom: Classroom, place: str) -> None:
    other = Gradebook(place)
    other.add(grade("bob", 2, score=20.0), Path("reports"))
    other.close()
    assert [each.final for each in classroom.finals("hw2", "bob")] == [20]
