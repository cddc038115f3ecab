"""``grader submit``: show progress, then the grade as a table."""

from __future__ import annotations

import argparse
import sys
import webbrowser

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from grader.grading.model import ExerciseGrade, Grade
from grader.observe.engine import EngineFault
from grader.submission.record import grade_json
from grader.submission.submit import Options, Submitted, submit

_NOT_GRADED = ("unreadable", "foreign")


def run(arguments: argparse.Namespace) -> int:
    """Grade a notebook and print how it went.

    Returns:
        0 when it was graded, whatever the score; 2 when it could not be read or belongs elsewhere; 1 when
        the grader itself failed.
    """
    console = Console(stderr=arguments.json)
    options = Options(
        notebook=arguments.notebook,
        assignment=arguments.assignment,
        student=arguments.student,
        devices=arguments.devices,
        seed=arguments.seed,
        reports=arguments.reports,
        gradebook=arguments.gradebook,
        started=arguments.started,
    )
    try:
        submitted = _with_progress(console, options)
    except EngineFault as error:
        print(f"grader: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        sys.stdout.write(grade_json(submitted.grade).decode())
    else:
        _show(console, submitted)
    if arguments.open:
        webbrowser.open((submitted.folder / "report.html").resolve().as_uri())
    return 2 if submitted.grade.status in _NOT_GRADED else 0


def _with_progress(console: Console, options: Options) -> Submitted:
    if not console.is_terminal:
        return submit(options)
    with console.status("reading the notebook") as status:
        return submit(options, lambda what: status.update(escape(what)))


def _show(console: Console, submitted: Submitted) -> None:
    grade = submitted.grade
    if grade.status != "graded":
        console.print(f"[bold red]{grade.status}[/]: {escape(grade.reason)}", highlight=False)
    if grade.exercises:
        console.print(_table(grade))
    for cell in grade.cells:
        what = f"{cell.error}: {cell.message}" if cell.error else f"{cell.reason}: {cell.message}"
        console.print(f"[yellow]cell {cell.cell}[/] {escape(what)}", highlight=False)
    for notice in grade.notices:
        console.print(f"[dim]{escape(notice)}[/]", highlight=False)
    if grade.scope == "public":
        console.print(
            f"[bold]public checks only[/]; {grade.hidden_checks} hidden checks run at grading",
            highlight=False,
        )
    console.print(f"[bold]score {grade.score:g} / {grade.max_score:g}[/]", highlight=False)
    console.print(f"report {submitted.folder / 'report.html'}", highlight=False, soft_wrap=True, markup=False)


def _table(grade: Grade) -> Table:
    table = Table(title=escape(f"{grade.title} ({grade.student}, attempt {grade.attempt})"), title_justify="left")
    table.add_column("exercise")
    table.add_column("points", justify="right")
    table.add_column("checks", justify="right")
    table.add_column("what to look at", overflow="fold")
    for exercise in grade.exercises:
        passed = sum(check.points == check.max_points for check in exercise.checks)
        colour = "green" if exercise.score == exercise.max_score else "yellow" if exercise.score else "red"
        table.add_row(
            escape(exercise.id),
            f"[{colour}]{exercise.score:g}[/] / {exercise.max_score:g}",
            f"{passed} / {len(exercise.checks)}",
            escape(_first_problem(exercise, grade)),
        )
    return table


def _first_problem(exercise: ExerciseGrade, grade: Grade) -> str:
    if exercise.note:
        return exercise.note
    if exercise.misconception and grade.scope == "public":
        return exercise.misconception.hint
    for check in exercise.checks:
        for run in check.runs:
            if run.verdict not in ("pass", "blocked"):
                shown = check.visibility == "public" and run.message
                return run.message if shown else f"hidden check {check.name}: {run.verdict}"
    return ""
