"""A class of six who did what classes do, and its page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from support.members import exercise, member, work
from support.similarity import essay

from grader.assignment.folder import Assignment
from grader.assignment.model import Exercise, Settings
from grader.classpage.build import build
from grader.classpage.disguise import Disguise
from grader.classpage.model import Member
from grader.classpage.requests import Wrong
from grader.classpage.view import Page
from grader.grading.evidence import Evidence
from grader.grading.model import CellProblem, Hint
from grader.looks.model import Look
from grader.wire.outcome import Returned

HOSTILE = "<script>alert('PWNED')</script> \u202e {{ 7 * 7 }} & \"quoted\""
LOOK = Look(kind="source", what="`eval`", why="it may be anything.")


def apart(works: Sequence[Wrong]) -> tuple[tuple[int, ...], ...]:
    return tuple((place,) for place in range(len(works)))


@pytest.fixture(scope="session")
def assignment() -> Assignment:
    exercises = tuple(Exercise(id=id, title=f"Exercise {id}", points=4, names=(id,)) for id in "ab")
    return Assignment("hw2", Settings(title="Modules", exercise=exercises), Path("course"), None, None)


def _attempt(root: Path, student: str, data: bytes) -> Path:
    folder = root / student / "attempt-1"
    folder.mkdir(parents=True)
    (folder / "report.html").write_text("<p>the report</p>")
    (folder / "observations.bin").write_bytes(msgspec.msgpack.encode(Evidence({"cpu": {"runs": Returned(data)}})))
    return folder


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports") / "hw2"


@pytest.fixture(scope="session")
def class_(reports: Path) -> list[Member]:
    """Two who copied, two who are wrong in one way, one with every kind of trouble and markup, and one absent."""
    hung = CellProblem(cell=3, first_line="while 1:", reason="timeout", message=f"no end within 30 s {HOSTILE}")
    right = exercise("a", 4.0, essay(1), "pass")
    slip = exercise("b", 0.0, "def b(x): return x  # by student-two", message="values differ by 2")
    works = {
        "student-one": work(right, exercise("b", 4.0, essay(2), "pass")),
        "student-two": work(right, slip, looks=(LOOK,)),
        "student-three": work(exercise("a", 4.0, essay(9), "pass"), slip),
        f"student four {HOSTILE}": work(
            exercise("a", 0.0, f"def a(x):\n    # {HOSTILE}\n    return 0", hint=Hint("hostile", f"Mind {HOSTILE}")),
            exercise("b", 1.0, "", message=HOSTILE),
            cells=(hung,),
        ),
        "student-five": work(status="unreadable", reason=f"hw2.ipynb: {HOSTILE}"),
    }
    made = [
        member(name, each, points=float(place), folder=_attempt(reports, f"folder {place}", b"wrong"), late=place == 1)
        for place, (name, each) in enumerate(works.items())
    ]
    return [*made, member("student-six", points=0.0)]


@pytest.fixture(scope="session")
def page(class_: list[Member], assignment: Assignment, reports: Path) -> Page:
    return build(class_, assignment, {}, apart, Disguise([]), reports / "class")


@pytest.fixture(scope="session")
def anonymous(class_: list[Member], assignment: Assignment, reports: Path) -> Page:
    disguise = Disguise([each.student for each in class_], b"k" * 32)
    return build(class_, assignment, {}, apart, disguise, reports / "class-anonymous")
