"""Grades as small as they can be, for tests of what is done with grades."""

from __future__ import annotations

import msgspec

from grader.grading.model import ExerciseGrade, Grade, Timing


def exercises(**points: tuple[float, float]) -> tuple[ExerciseGrade, ...]:
    """Exercises by id, each with its points and what it is worth."""
    return tuple(
        ExerciseGrade(id=name, title=name.replace("_", " ").capitalize(), score=score, max_score=worth)
        for name, (score, worth) in points.items()
    )


def grade(student: str = "alice", attempt: int = 1, **changes: object) -> Grade:
    made = Grade(
        assignment="hw2",
        title="Modules",
        student=student,
        attempt=attempt,
        score=17.5,
        max_score=20.0,
        devices=("cpu",),
        status="graded",
        seed="s",
        submitted_at="2026-11-23T10:00:00+01:00",
        submission="hw2.ipynb",
        digest="0" * 64,
        environment={"torch": "2.15"},
        timing=Timing(start_seconds=1, notebook_seconds=1, checks_seconds=1, total_seconds=3),
    )
    return msgspec.structs.replace(made, **changes)
