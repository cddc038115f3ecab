"""What a student reads of a grade where there is room for plain text only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.errors import BadInput
from grader.gradebook.final import Line
from grader.grading.model import CheckGrade, Grade, Run
from grader.report.standing import Standing, Step, standing_for
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


def grade_text(grade: Grade, letters: int = OUTPUT_LETTERS, steps: Sequence[Step] = ()) -> str:
    """The whole: how the points came about, why nothing was graded, cells that stopped, notes (see `check_text`)."""
    return cut(visible("\n".join((*steps_text(steps), *_whole(grade)))), letters)


def counted(grade: Grade, standing: Standing | None, where: str) -> tuple[float, tuple[Step, ...]]:
    """The points of a grade that count, and how they come about.

    Args:
        grade: The grade.
        standing: What counts after all; None where that is not known, and the grade's own points do.
        where: The platform, for messages.

    Raises:
        BadInput: The student is excused.
    """
    if standing is None:
        return grade.score, ()
    if standing.points is None:
        raise BadInput(f"{grade.student} is excused, which a file for {where} cannot say; excuse the student there")
    return standing.points, standing_for(standing, "student").steps


def steps_text(steps: Sequence[Step | Line]) -> list[str]:
    """How a student's points came about, in lines; none where the attempt's own points are what counts.

    Example:
        >>> steps_text([Step(what="attempt 1", points=8.0), Step(what="total set to 9", points=1.0, reason="typo")])
        ['attempt 1: 8', 'total set to 9: +1 (typo)']
    """
    if len(steps) < 2:
        return []
    return [f"{steps[0].what}: {steps[0].points:g}", *(_step(step) for step in steps[1:])]


def _step(step: Step | Line) -> str:
    change = f": {step.points:+g}" if step.points else ""
    return f"{step.what}{change}{f' ({step.reason})' if step.reason else ''}"


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
