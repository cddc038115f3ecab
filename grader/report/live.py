"""What a student sees inside the notebook, right after ``grader.check("exercise")``: the report's own words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from markupsafe import Markup

from grader.grading.model import CheckGrade, ExerciseGrade, Run
from grader.report.editions import student_exercise
from grader.report.engine import environment, stylesheet
from grader.report.text import MESSAGE_LETTERS, cut, line, points, visible
from grader.report.verdicts import look, overall

_WIDTH = 88
# A notebook's theme does not follow the system's: each of these programs says so in its own way.
_DARK_THEMES = '[data-jp-theme-light="false"] .grader-live, .vscode-dark .grader-live, html[theme="dark"] .grader-live'


def check_html(grade: ExerciseGrade) -> str:
    """Show one exercise's checks inside a notebook.

    Args:
        grade: The exercise's grade; of hidden checks only name, verdict and points are shown.

    Returns:
        An HTML fragment with its own style, which touches nothing else on the page, runs no script and
        loads nothing; it follows the light or dark theme of JupyterLab, VS Code and Colab.
    """
    shown = student_exercise(grade, "public", "verdict")
    style = Markup("\n").join(
        (
            stylesheet("tokens.css"),
            Markup("%s {\n%s\n}") % (Markup(_DARK_THEMES), stylesheet("dark.css")),
            stylesheet("check.css", "code.css", "live.css"),
        )
    )
    page = environment().get_template("live.html.j2")
    return page.render(exercise=shown, style=style, devices=_devices(shown))


def check_text(grade: ExerciseGrade) -> str:
    """Say the same in plain text, for terminals.

    Args:
        grade: The exercise's grade; of hidden checks only name, verdict and points are shown.

    Returns:
        Lines of at most 88 letters (code and paths excepted) without control characters.
    """
    shown = student_exercise(grade, "public", "verdict")
    earned = "skipped" if shown.skipped else f"{points(shown.score)} of {points(shown.max_score)} points"
    lines = [f"{line(shown.title)}: {earned}"]
    if shown.misconception:
        lines += _wrapped(f"A known misunderstanding: {shown.misconception.hint}", "  ")
    if shown.note:
        lines += _wrapped(shown.note, "  ")
    for check in shown.checks:
        lines += _check_lines(check, len(_devices(shown)) > 1)
    return "\n".join(lines) + "\n"


def _check_lines(check: CheckGrade, several_devices: bool) -> Iterator[str]:
    verdict = overall(check)
    pill = f"{look(verdict).symbol} {look(verdict).word}" if verdict else "∑ sum"
    title = check.description or line(check.name)
    head = f"{title} ({points(check.points)} of {points(check.max_points)})"
    yield from _wrapped(head, "                 ", first=f"  {pill:<15}")
    for run in check.runs:
        if several_devices:
            yield f"      on {line(run.device)}: {look(run.verdict).word}"
        yield from _run_lines(run)


def _run_lines(run: Run) -> Iterator[str]:
    if run.differences:
        for difference in run.differences:
            where = f"{line(difference.path)}: " if difference.path else ""
            yield from _wrapped(where + difference.message, "      ")
    elif run.message:
        yield from _wrapped(run.message, "      ")
    for frame in run.frames:
        inside = f", in {line(frame.function)}" if frame.function else ""
        yield f"      cell {frame.cell}, line {frame.line}{inside}"
        if frame.text:
            yield f"          {line(frame.text)}"


def _wrapped(text: str, indent: str, first: str | None = None) -> list[str]:
    """Text in lines of at most 88 letters; its own line breaks count as spaces."""
    start = indent if first is None else first
    return textwrap.wrap(
        visible(cut(text, MESSAGE_LETTERS)),
        _WIDTH,
        initial_indent=start,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def _devices(exercise: ExerciseGrade) -> tuple[str, ...]:
    found = dict.fromkeys(run.device for check in exercise.checks for run in check.runs)
    return tuple(found)
