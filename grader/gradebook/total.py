"""A student's total over all assignments: what is excused or dropped does not count; pure functions."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from grader.gradebook.final import FinalGrade
from grader.gradebook.policy import dropped
from grader.grading.points import add_up


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """What a student has over all assignments.

    Attributes:
        student: Who.
        points: The points of the assignments that count.
        max: Points to earn with them.
        grades: The final grades by assignment, in the course's order.
        dropped: The assignments that are left out as the lowest.
    """

    student: str
    points: float
    max: float
    grades: dict[str, FinalGrade]
    dropped: frozenset[str] = frozenset()


def totals(finals: Mapping[str, list[FinalGrade]], lowest: int) -> list[Total]:
    """Everybody's totals.

    Args:
        finals: The final grades by assignment, in the course's order.
        lowest: How many of the lowest assignments are left out.

    Returns:
        One for each student, in alphabetical order.
    """
    grades: dict[str, dict[str, FinalGrade]] = {}
    for assignment, each in finals.items():
        for grade in each:
            grades.setdefault(grade.student, {})[assignment] = grade
    return [_total(student, grades[student], lowest) for student in sorted(grades)]


def _total(student: str, grades: dict[str, FinalGrade], lowest: int) -> Total:
    points = {name: grade.final for name, grade in grades.items() if grade.final is not None}
    shares = {name: earned / grades[name].max if grades[name].max else 0.0 for name, earned in points.items()}
    left_out = dropped(shares, lowest)
    counting = [name for name in points if name not in left_out]
    return Total(
        student=student,
        points=add_up(points[name] for name in counting),
        max=add_up(grades[name].max for name in counting),
        grades=grades,
        dropped=left_out,
    )
