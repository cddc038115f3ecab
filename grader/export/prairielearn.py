"""One grade as the results.json that PrairieLearn takes from an external grader."""

from __future__ import annotations

from typing import Any

import msgspec

from grader.export.words import check_text, counted, grade_text
from grader.grading.model import Grade
from grader.report.editions import edition_of
from grader.report.standing import Standing
from grader.report.text import OUTPUT_LETTERS, line, percent

# The platform refuses more than 1 MB; a letter takes four bytes at most.
_LETTERS = 150_000
# What a student may correct without having used up an attempt.
_NOT_GRADABLE = ("unreadable", "foreign")


def prairielearn_json(grade: Grade, standing: Standing | None = None) -> bytes:
    """The results.json of one grade, made from the student's edition of it: of hidden checks only points.

    Args:
        grade: The whole grade.
        standing: What counts after people's decisions and the course's rules; None where that is not known.

    Returns:
        The file's bytes: JSON in UTF-8, with the score as a share between 0 and 1.

    Raises:
        BadInput: The student is excused, which the format cannot say.
    """
    score, steps = counted(grade, standing, "PrairieLearn")
    shown = edition_of(grade, "student", "nothing")
    checks = [(exercise, check) for exercise in shown.exercises for check in exercise.checks]
    letters = min(OUTPUT_LETTERS, _LETTERS // (len(checks) + 1))
    about = grade_text(shown, letters, steps)
    gradable = shown.status not in _NOT_GRADABLE
    results: dict[str, Any] = {
        "gradable": gradable,
        "score": percent(score, shown.max_score) / 100,
        "message": f"{score:g} of {shown.max_score:g} points",
        "output": about,
        "tests": [
            {
                "name": line(f"{exercise.title}: {check.name}"),
                "points": check.points,
                "max_points": check.max_points,
                "output": check_text(check, letters),
            }
            for exercise, check in checks
        ],
    }
    if not gradable:
        results["format_errors"] = [about]
    return msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n"
