"""Show progress and a grade in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape as escape_markup
from rich.table import Table

from grader.authoring.spec import REHEARSAL
from grader.grading.model import CheckGrade, ExerciseGrade, Grade, Run
from grader.report.looks import headline
from grader.report.text import line, visible
from grader.report.verdicts import accuses, device_word, passed_on, several
from grader.submission.submit import Submitted

_FINE = ("pass", "blocked")


def terminal(errors_only: bool) -> Console:
    """The terminal to write to: standard error where standard output is kept for data."""
    return Console(stderr=errors_only)


@contextmanager
def progress_on(console: Console) -> Iterator[Callable[[str], None]]:
    """Show what is being done while the block runs, where somebody is looking.

    Yields:
        What to call with a few words.
    """
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("reading the notebook") as status:
        yield lambda what: status.update(escape(what))


def escape(text: str) -> str:
    """A student's text as text: no markup, no control codes that a terminal would obey."""
    return escape_markup(visible(text))


def show(console: Console, submitted: Submitted) -> None:
    """Print a grade: its exercises, what went wrong, the score and where the report is."""
    grade = submitted.grade
    if grade.status != "graded":
        _print_beside(console, f"[bold red]{grade.status}[/]:", grade.reason)
    if grade.exercises:
        title = line(f"{grade.title} ({grade.student}, attempt {grade.attempt})")
        console.print(f"[italic]{escape_markup(title)}[/]", highlight=False, no_wrap=True, overflow="ellipsis")
        console.print(_table(grade))
    for cell in grade.cells:
        what = f"{cell.error}: {cell.message}" if cell.error else f"{cell.reason}: {cell.message}"
        _print_beside(console, f"[yellow]cell {cell.cell}[/]", what)
    for notice in grade.notices:
        _print_beside(console, "[dim]-[/]", notice)
    if grade.scope == "full" and (looks := headline(grade)):
        console.print(f"[yellow]{looks}[/] (see instructor.html)", highlight=False)
    if grade.scope == "public":
        console.print(
            f"[bold]public checks only[/]; {grade.hidden_checks} hidden checks run at grading",
            highlight=False,
        )
    lacks = f" [yellow](provisional: not run on {', '.join(grade.provisional)})[/]" if grade.provisional else ""
    console.print(f"[bold]score {grade.score:g} / {grade.max_score:g}[/]{lacks}", highlight=False)
    report = visible(str(submitted.folder / "report.html"))
    console.print(f"report {report}", highlight=False, soft_wrap=True, markup=False)


def _print_beside(console: Console, label: str, text: str) -> None:
    """Print text in a column of its own, so that no line of it can pose as one of ours, such as the score."""
    beside = Table.grid(padding=(0, 1))
    beside.add_column(no_wrap=True)
    beside.add_column(overflow="fold")
    beside.add_row(label, escape(text))
    console.print(beside, highlight=False)


def _table(grade: Grade) -> Table:
    table = Table()
    table.add_column("exercise")
    table.add_column("points", justify="right")
    table.add_column("checks", justify="right")
    devices = several(grade)
    for device in devices:
        table.add_column(device_word(device), justify="right")
    table.add_column("what to look at", overflow="fold")
    for exercise in grade.exercises:
        passed = sum(check.points == check.max_points for check in exercise.checks)
        colour = "green" if exercise.score == exercise.max_score else "yellow" if exercise.score else "red"
        earned = f"[{colour}]{exercise.score:g}[/] / {exercise.max_score:g}"
        table.add_row(
            escape(exercise.id),
            "[dim]skipped[/]" if exercise.skipped else earned,
            "" if exercise.skipped else f"{passed} / {len(exercise.checks)}",
            *(passed_on(exercise, device) for device in devices),
            escape(_first_problem(exercise, grade)),
        )
    return table


def _first_problem(exercise: ExerciseGrade, grade: Grade) -> str:
    if exercise.note:
        return exercise.note
    if exercise.misconception and grade.scope == "public":
        return exercise.misconception.hint
    for rehearsed in (False, True):
        for check, run in _runs(exercise, rehearsed):
            if not accuses(run) if rehearsed else run.verdict in _FINE:
                continue
            if check.visibility == "public" and run.message:
                return run.message
            return f"hidden check {check.name}: {run.verdict}{' on a simulated GPU' if rehearsed else ''}"
    return ""


def _runs(exercise: ExerciseGrade, rehearsed: bool) -> Iterator[tuple[CheckGrade, Run]]:
    """An exercise's runs on the simulated device, or all others."""
    return ((c, run) for c in exercise.checks for run in c.runs if (run.device == REHEARSAL) is rehearsed)
