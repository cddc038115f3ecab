"""What the class page is made from: the attempt that counts of each student, without pictures and long texts."""

from __future__ import annotations

from pathlib import Path

import msgspec

from grader.grading.model import CellProblem, Hint, Status, Timing
from grader.judge.verdict import VerdictName
from grader.looks.model import Look


class WorkDifference(msgspec.Struct, frozen=True):
    """One leaf that is not as expected; fields as in `grader.judge.verdict.Difference`."""

    path: str
    kind: str
    message: str


class WorkRun(msgspec.Struct, frozen=True, kw_only=True):
    """One check on one device; fields as in `grader.grading.model.Run`."""

    device: str
    verdict: VerdictName
    message: str = ""
    misconception: Hint | None = None
    differences: tuple[WorkDifference, ...] = ()


class WorkCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One check; fields as in `grader.grading.model.CheckGrade`."""

    name: str
    runs: tuple[WorkRun, ...]


class WorkExercise(msgspec.Struct, frozen=True, kw_only=True):
    """One exercise; fields as in `grader.grading.model.ExerciseGrade`."""

    id: str
    title: str
    score: float
    max_score: float
    misconception: Hint | None = None
    code: str = ""
    checks: tuple[WorkCheck, ...] = ()
    looks: tuple[Look, ...] = ()

    @property
    def hints(self) -> dict[str, Hint]:
        """The misconceptions that it was recognised by, in whole or in one check, by name."""
        single = (run.misconception for check in self.checks for run in check.runs)
        return {hint.name: hint for hint in (self.misconception, *single) if hint is not None}


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt; fields as in `grader.grading.model.Grade`. The decoder skips everything else of a grade.json."""

    attempt: int
    status: Status
    reason: str = ""
    seed: str
    devices: tuple[str, ...]
    cells: tuple[CellProblem, ...] = ()
    timing: Timing
    exercises: tuple[WorkExercise, ...] = ()
    looks: tuple[Look, ...] = ()

    @property
    def looks_at(self) -> int:
        """How many things are worth a person's look."""
        return len(self.looks) + sum(len(exercise.looks) for exercise in self.exercises)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One student of the class.

    Attributes:
        student: The student's id, or the pseudonym in its place.
        points: The points that count; None for an excused student.
        max_points: Points to earn.
        handed_in: When, ISO 8601, or "unknown"; "" for nothing.
        changes: What people and rules made of the points that the checks gave, in words; "" where they are the same.
        late: Whether the attempt that counts came after the student's own due date.
        work: The attempt that counts; None where nothing was handed in.
        folder: Where that attempt's files are.
    """

    student: str
    points: float | None
    max_points: float
    handed_in: str = ""
    changes: str = ""
    late: bool = False
    work: Work | None = None
    folder: Path | None = None
