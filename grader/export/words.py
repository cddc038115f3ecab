"""What a student reads of a grade where there is room for plain text only."""

from __future__ import annotations

from collections.abc import Iterator

from grader.grading.model import CheckGrade, Grade, Run
from grader.report.text import OUTPUT_LETTERS, cut, visible


def check_text(check: CheckGrade, letters: int = OUTPUT_LETTERS) -> str:
    """A check: what it checks, and each run's verdict, differences, traceback, hint and output.

    Args:
        check: A check of the student's edition.
        letters: How long the text may be, but for a few words that say how much is missing.

    Returns:
        Text in which nothing is hidden or obeyed by a terminal.
    """
    return cut(visible("\n".join((check.description, *(line for run in check.runs for line in _run(run))))), letters)


def grade_text(grade: Grade, letters: int = OUTPUT_LETTERS) -> str:
    """The whole: why nothing was graded, cells that stopped, notes on exercises, notices (see `check_text`)."""
    return cut(visible("\n".join(_whole(grade))), letters)


def _run(run: Run) -> Iterator[str]:
    yield f"{run.device}: {run.verdict}, {run.seconds:.2f} s"
    if run.message:
        yield run.message
    yield from (f"  {each.path}: {each.message}" for each in run.differences)
    yield from (f"  cell {frame.cell}, line {frame.line}: {frame.text}" for frame in run.frames)
    if run.misconception is not None:
        yield f"hint: {run.misconception.hint}"
    if run.output:
        yield f"printed:\n{run.output}"


def _whole(grade: Grade) -> Iterator[str]:
    if grade.reason:
        yield f"{grade.status}: {grade.reason}"
    for cell in grade.cells:
        yield f"cell {cell.cell} ({cell.first_line}): {cell.reason}: {cell.message}"
    for exercise in grade.exercises:
        if exercise.note:
            yield f"{exercise.title}: {exercise.note}"
    yield from grade.notices
