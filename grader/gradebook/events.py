"""What people decided about grades: who, what, when and why, as frozen values that are only ever added to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from grader.grading.model import Arrival, Grade


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One change of what a student's grade of an assignment is.

    Attributes:
        assignment: The assignment's name.
        student: Whose grade it is.
        by: Who decided.
        at: When, with a zone.
        reason: Why, in words that the student may read.
    """

    assignment: str
    student: str
    by: str
    at: datetime
    reason: str


class Override(Event, frozen=True, kw_only=True):
    """Points that a person gave in place of those that the checks gave.

    Attributes:
        exercise: The exercise's id; None for the assignment's total, on which lateness then takes nothing off.
        points: The points; None takes an earlier override back.
    """

    exercise: str | None = None
    points: float | None


class Excuse(Event, frozen=True, kw_only=True):
    """The assignment does not count for the student; with ``excused=False`` it does after all."""

    excused: bool = True


class Extension(Event, frozen=True, kw_only=True):
    """The student has until this moment, with a zone; None takes an earlier extension back."""

    until: datetime | None


class Arrived(Event, frozen=True, kw_only=True):
    """What became known of when an attempt was handed in, after it was graded.

    Attributes:
        attempt: The attempt's number.
        arrival: What is known of it.
        handed_in: The moment, with a zone, where that is known.
    """

    attempt: int
    arrival: Arrival
    handed_in: datetime | None = None


class Regrade(Event, frozen=True, kw_only=True):
    """A new grade of an attempt, by a new version of the assignment; the old one stays where it is.

    Attributes:
        attempt: The attempt's number.
        version: Which version of the assignment gave it, such as the assignment's digest.
        status: The new grade's status.
        score: Its points.
        max_score: Points to earn.
        grade_json: The whole new grade.
    """

    attempt: int
    version: str
    status: str
    score: float
    max_score: float
    grade_json: str

    @classmethod
    def of(cls, grade: Grade, *, version: str, by: str, at: datetime, reason: str) -> Regrade:
        """The event that an attempt was graded anew.

        Args:
            grade: The new grade, with the attempt's own number.
            version: Which version of the assignment gave it.
            by: Who had it graded anew.
            at: When, with a zone.
            reason: Why.
        """
        return cls(
            assignment=grade.assignment,
            student=grade.student,
            by=by,
            at=at,
            reason=reason,
            attempt=grade.attempt,
            version=version,
            status=grade.status,
            score=grade.score,
            max_score=grade.max_score,
            grade_json=msgspec.json.encode(grade).decode(),
        )

    def grade(self) -> Grade:
        """The whole new grade."""
        return msgspec.json.decode(self.grade_json, type=Grade)


class Decided(msgspec.Struct, frozen=True):
    """What holds after all events of one student at one assignment.

    Attributes:
        total: The override of the total, if one holds.
        exercises: The overrides that hold, by exercise.
        excuse: The excuse, if the student is excused.
        extension: The extension, if the student has one.
        regrades: The newest regrade of each attempt that was graded anew, by number.
        arrivals: The newest word on when an attempt was handed in, by number.
    """

    total: Override | None = None
    exercises: dict[str, Override] = {}
    excuse: Excuse | None = None
    extension: Extension | None = None
    regrades: dict[int, Regrade] = {}
    arrivals: dict[int, Arrived] = {}


def decided(events: Iterable[Event]) -> Decided:
    """What holds after some events: of each kind the newest, unless it takes the one before it back.

    Args:
        events: The events of one student at one assignment, oldest first.

    Returns:
        The present state.
    """
    overrides: dict[str | None, Override] = {}
    excuse: Excuse | None = None
    extension: Extension | None = None
    regrades: dict[int, Regrade] = {}
    arrivals: dict[int, Arrived] = {}
    for event in events:
        match event:
            case Override():
                overrides[event.exercise] = event
            case Excuse():
                excuse = event if event.excused else None
            case Extension():
                extension = event if event.until is not None else None
            case Regrade():
                regrades[event.attempt] = event
            case Arrived():
                arrivals[event.attempt] = event
    held = {exercise: event for exercise, event in overrides.items() if event.points is not None}
    total = held.pop(None, None)
    exercises = {exercise: event for exercise, event in held.items() if exercise is not None}
    return Decided(total, exercises, excuse, extension, regrades, arrivals)


def by_student(events: Sequence[Event]) -> dict[str, list[Event]]:
    """Events of one assignment by student, in the order given."""
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.student, []).append(event)
    return found
