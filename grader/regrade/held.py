"""Attempts with the grade that holds now: the newest one that they were given anew, or else their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.gradebook import Attempt
from grader.gradebook.classroom import Classroom
from grader.gradebook.events import Regrade, by_student, decided
from grader.grading.model import Grade


@dataclass(frozen=True)
class Held:
    """An attempt and what it was given since.

    Attributes:
        attempt: The attempt's row.
        regrade: The newest grade that it was given anew, if it was.
    """

    attempt: Attempt
    regrade: Regrade | None

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.attempt.student}'s attempt {self.attempt.number}"

    @property
    def folder(self) -> Path:
        """Its folder among the reports."""
        return Path(self.attempt.folder)

    def grade(self) -> Grade:
        """The grade that holds; read anew each time, since a grade with pictures is large."""
        return self.regrade.grade() if self.regrade else self.attempt.grade()

    def grades(self) -> tuple[Grade, ...]:
        """The grade that holds, then the first one where that is another."""
        return (self.regrade.grade(), self.attempt.grade()) if self.regrade else (self.attempt.grade(),)


def held(classroom: Classroom, name: str, student: str | None = None) -> list[Held]:
    """The attempts at an assignment, everybody's or one student's, by student and number.

    Args:
        classroom: The class.
        name: The assignment's name.
        student: Whose; None for everybody's.

    Raises:
        BadInput: There is no such assignment or student.
    """
    attempts = classroom.attempts(name, student)
    regrades = {s: decided(events).regrades for s, events in by_student(classroom.book.events(name, student)).items()}
    found = [Held(attempt, regrades.get(attempt.student, {}).get(attempt.number)) for attempt in attempts]
    return sorted(found, key=lambda each: (each.attempt.student, each.attempt.number))
