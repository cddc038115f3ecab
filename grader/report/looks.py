"""How many exercises a person should look at, in the same words for the report and the terminal."""

from __future__ import annotations

from grader.grading.model import Grade
from grader.looks.model import Look
from grader.report.text import count


def headline(grade: Grade) -> str:
    """Say how many exercises need a look; "" where nothing does."""
    number = sum(bool(exercise.looks) for exercise in grade.exercises)
    if number:
        return f"{count(number, 'exercise')} {'needs' if number == 1 else 'need'} a look"
    return "the notebook needs a look" if grade.looks else ""


def avoided(looks: tuple[Look, ...]) -> tuple[str, ...]:
    """The names that are used although the exercise is to be written without them, each once."""
    return tuple(dict.fromkeys(each.avoided for each in looks if each.avoided))
