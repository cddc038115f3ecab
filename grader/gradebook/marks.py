"""The points of one attempt: what policies reckon with, read from a grade without its pictures and messages."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from grader.grading.model import Arrival, Status

_NOT_READ = ("unreadable", "foreign")


class ExerciseMarks(msgspec.Struct, frozen=True):
    """The points of one exercise; fields as in `grader.grading.model.ExerciseGrade`."""

    id: str
    title: str
    score: float
    max_score: float


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """The points of one attempt; fields as in `grader.grading.model.Grade`, but for the moment.

    Attributes:
        handed_in: When it was handed in, with a zone; None where that is not known, and for nothing.
        arrival: What is known of that moment.
        recorded: When the grader got it, or when it was handed in where that is known.
    """

    student: str
    attempt: int
    score: float
    max_score: float
    handed_in: datetime | None = None
    arrival: Arrival = "timed"
    recorded: datetime | None = None
    status: Status = "graded"
    scope: Literal["full", "public"] = "full"
    provisional: tuple[str, ...] = ()
    digest: str = ""
    exercises: tuple[ExerciseMarks, ...] = ()

    @property
    def was_read(self) -> bool:
        """Whether there was a notebook of this assignment to grade at all."""
        return self.status not in _NOT_READ


class _Slim(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a grade.json; the decoder skips everything else."""

    student: str
    attempt: int
    score: float
    max_score: float
    status: Status
    scope: Literal["full", "public"] = "full"
    provisional: tuple[str, ...] = ()
    arrival: Arrival = "timed"
    digest: str = ""
    exercises: tuple[ExerciseMarks, ...] = ()


def marks_of(grade_json: str, recorded: datetime | None) -> Marks:
    """Read the points of a grade.

    Args:
        grade_json: The whole grade as JSON.
        recorded: The moment that it is recorded with, with a zone; None for nothing.

    Returns:
        Its points.
    """
    slim = msgspec.json.decode(grade_json, type=_Slim)
    handed_in = recorded if slim.arrival == "timed" else None
    return Marks(handed_in=handed_in, recorded=recorded, **msgspec.structs.asdict(slim))
