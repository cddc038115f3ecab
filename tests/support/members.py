"""Members of a class as small as they can be, for tests of what is done with a class."""

from __future__ import annotations

from pathlib import Path

from grader.classpage.model import Member, Work, WorkCheck, WorkDifference, WorkExercise, WorkRun
from grader.grading.model import Hint, Timing


def exercise(
    id: str = "mlp",
    score: float = 0.0,
    code: str = "",
    verdict: str = "fail",
    message: str = "values differ",
    hint: Hint | None = None,
    check: str = "runs",
    differences: tuple[WorkDifference, ...] = (),
) -> WorkExercise:
    runs = (WorkRun(device="cpu", verdict=verdict, message=message, differences=differences),)  # type: ignore[arg-type]
    checks = (WorkCheck(name=check, runs=runs),)
    return WorkExercise(
        id=id, title=id.upper(), score=score, max_score=4.0, misconception=hint, code=code, checks=checks
    )


def work(*exercises: WorkExercise, seed: str = "s", **changes: object) -> Work:
    timing = Timing(start_seconds=1, notebook_seconds=1, checks_seconds=1, total_seconds=3)
    given = {"attempt": 1, "status": "graded", "devices": ("cpu",), "timing": timing} | changes
    return Work(seed=seed, exercises=exercises, **given)  # type: ignore[arg-type]


def member(
    student: str, made: Work | None = None, points: float | None = 2.0, folder: Path | None = None, **changes: object
) -> Member:
    return Member(student=student, points=points, max_points=8.0, work=made, folder=folder, **changes)  # type: ignore[arg-type]
