"""The report: one self-contained HTML file an attempt, with no script and nothing to load."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import tempfile
from pathlib import Path

import msgspec
from markupsafe import Markup

from grader.grading.model import Grade, Status
from grader.report.editions import Edition, Feedback, edition_of
from grader.report.engine import environment, stylesheet
from grader.report.standing import Standing, standing_for
from grader.report.verdicts import legend

_CELL_ANCHOR = re.compile(r'id="cell-(\d{1,6})"')


class Trouble(msgspec.Struct, frozen=True):
    """Why nothing could be graded: a headline, and what to do where the grade has no reason of its own."""

    title: str
    advice: str


def render(
    grade: Grade,
    edition: Edition,
    notebook_html: str = "",
    feedback: Feedback = "verdict",
    standing: Standing | None = None,
) -> str:
    """Render the report of one attempt.

    Args:
        grade: The whole grade; the student's edition is cut from it here.
        edition: "student" or "instructor".
        notebook_html: The notebook as handed in, from `grader.report.notebook.notebook_html`; "" for none.
        feedback: What a student sees of hidden checks: "verdict", "message" or "nothing".
        standing: What counts of the assignment after people's decisions and the course's rules; None where that is
            not known yet.

    Returns:
        An HTML page that runs no script and requests nothing. The same arguments give the same text.
    """
    shown = edition_of(grade, edition, feedback)
    style = _style()
    page = environment().get_template("report.html.j2")
    return page.render(
        grade=shown,
        edition=edition,
        style=style,
        style_hash=Markup(f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"),
        notebook=Markup(notebook_html),
        cells=frozenset(int(number) for number in _CELL_ANCHOR.findall(notebook_html)),
        legend=legend(shown.exercises),
        trouble=_trouble(grade.status),
        standing=standing_for(standing, edition) if standing else None,
    )


def write(
    grade: Grade,
    folder: Path,
    notebook_html: str = "",
    feedback: Feedback = "verdict",
    standing: Standing | None = None,
) -> tuple[Path, ...]:
    """Write report.html and, where the hidden checks were run, instructor.html.

    Each file appears whole or not at all, and replaces one of an earlier run.

    Args:
        grade: The whole grade.
        folder: Where to write; made where it is missing.
        notebook_html: The notebook as handed in, from `grader.report.notebook.notebook_html`; "" for none.
        feedback: What the student sees of hidden checks (see `render`).
        standing: What counts after all (see `render`).

    Returns:
        The paths written: the student's edition first.

    Raises:
        OSError: The folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages: dict[str, Edition] = {"report.html": "student"}
    if grade.scope == "full":
        pages["instructor.html"] = "instructor"
    return tuple(
        _write_whole(folder / name, render(grade, edition, notebook_html, feedback, standing))
        for name, edition in pages.items()
    )


def _write_whole(path: Path, text: str) -> Path:
    """Write beside the file, then rename: a reader never sees half a report."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _style() -> Markup:
    dark = stylesheet("dark.css")
    return Markup("\n").join(
        (
            stylesheet("tokens.css"),
            Markup("@media screen and (prefers-color-scheme: dark) { .g-root {\n%s\n} }") % dark,
            stylesheet("check.css", "code.css", "page.css"),
        )
    )


def _trouble(status: Status) -> Trouble | None:
    match status:
        case "graded":
            return None
        case "unreadable":
            return Trouble(
                "What was handed in could not be read",
                "Save the notebook, open it once more to see that it is whole, and hand it in again.",
            )
        case "crashed":
            return Trouble(
                "The notebook's process crashed", "Restart the kernel, run all cells, and see which cell ends Python."
            )
        case "timeout":
            return Trouble(
                "The notebook did not finish in time",
                "Look for a loop that never ends or a training run that is too long, and hand in again.",
            )
        case "memory":
            return Trouble(
                "The notebook needed too much memory",
                "Look for tensors that grow or are kept in a list, and hand in again.",
            )
        case "output":
            return Trouble("The notebook printed too much", "Remove the print calls inside loops, and hand in again.")
        case "foreign":
            return Trouble(
                "This is not a notebook of this assignment",
                "Start from the notebook that was given out, and hand that in.",
            )
