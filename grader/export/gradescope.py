"""One grade as the results.json that Gradescope shows to a student."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from grader.export.words import check_text, counted, grade_text
from grader.grading.model import CheckGrade, ExerciseGrade, Grade
from grader.report.editions import edition_of
from grader.report.standing import Standing
from grader.report.text import line

Shown = Literal["hidden", "after_due_date", "after_published", "visible"]


def results_json(grade: Grade, hidden: Shown = "hidden", standing: Standing | None = None) -> bytes:
    """The results.json of one grade, made from the student's edition of it.

    Each public check is a test of its own. The hidden checks of an exercise are one test, their sum, so that nothing
    of them is in the file but their points: not a name, a message, an input or a seed.

    Args:
        grade: The whole grade.
        hidden: When Gradescope shows those sums. Where it never does, it keeps the total from students as well until
            grades are published.
        standing: What counts after people's decisions and the course's rules; None where that is not known.

    Returns:
        The file's bytes: JSON in UTF-8. `score` is what counts, or the grade's own; `output` says how it comes about.

    Raises:
        BadInput: The student is excused, which the format cannot say.
    """
    score, steps = counted(grade, standing, "Gradescope")
    shown = edition_of(grade, "student", "nothing")
    tests = [
        _test(f"{number}.{place}", exercise, check, hidden)
        for number, exercise in enumerate(shown.exercises, start=1)
        for place, check in enumerate(exercise.checks, start=1)
    ]
    results: dict[str, Any] = {
        "score": score,
        "execution_time": round(shown.timing.total_seconds, 2),
        "output": grade_text(shown, steps=steps),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
        "extra_data": {"assignment": line(shown.assignment), "attempt": shown.attempt, "status": shown.status},
    }
    return msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n"


def _test(number: str, exercise: ExerciseGrade, check: CheckGrade, hidden: Shown) -> dict[str, Any]:
    return {
        "number": number,
        "name": line(f"{exercise.title}: {check.name}"),
        "score": check.points,
        "max_score": check.max_points,
        "status": "passed" if check.points == check.max_points else "failed",
        "output": check_text(check),
        "tags": [line(exercise.id)],
        "visibility": "visible" if check.visibility == "public" else hidden,
    }
