"""What to look at in a graded notebook, each thing at its place in the file; from the student's edition only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from grader.assignment.model import Settings
from grader.authoring.spec import REHEARSAL
from grader.ci.model import Finding, Level, Severity
from grader.ci.places import Places
from grader.grading.model import CellProblem, CheckGrade, ExerciseGrade, Grade, Run
from grader.notebook.model import Notebook
from grader.report.text import cut, line, points, visible
from grader.report.verdicts import look, overall, reason_word
from grader.wire.outcome import Frame

_NO_PROBLEM = ("pass", "blocked", "not run")
_MESSAGE_LETTERS = 1_000


class Remarks:
    """Makes the findings of one notebook.

    Args:
        path: The notebook's path in the repository.
        shown: The student's edition of its grade.
        settings: The assignment's settings.
        notebook: The notebook; None where it could not be read.
        places: Where its cells stand in its file.
    """

    def __init__(self, path: str, shown: Grade, settings: Settings, notebook: Notebook | None, places: Places) -> None:
        self._path = path
        self._shown = shown
        self._names = {exercise.id: exercise.names for exercise in settings.exercise}
        self._sources = {cell.number: cell.source for cell in notebook.code} if notebook else {}
        self._places = places

    def all(self) -> Iterator[Finding]:
        """Why nothing was graded, cells that stopped, then the exercises in their order."""
        shown = self._shown
        if shown.status != "graded":
            yield self._finding("error", "critical", (0, 1), f"not graded: {shown.status}", shown.reason, shown.status)
        for problem in shown.cells:
            yield self._of_cell(problem)
        for exercise in shown.exercises:
            for check in exercise.checks:
                yield from self._of_check(exercise, check)
            yield from self._of_looks(exercise)

    def _of_cell(self, problem: CellProblem) -> Finding:
        what = problem.error or reason_word(problem.reason)
        place = (problem.cell, _last_line(problem.frames, problem.cell) or 1)
        check = f"cell.{problem.reason}.{problem.first_line}"
        return self._finding("warning", "minor", place, f"cell {problem.cell}: {what}", problem.message, check)

    def _of_check(self, exercise: ExerciseGrade, check: CheckGrade) -> Iterator[Finding]:
        verdict = overall(check)
        hidden = "hidden check " if check.visibility == "hidden" and verdict is not None else ""
        name = f"{exercise.title}: {hidden}{check.name}"
        if verdict is None:
            if check.points < check.max_points:
                said = f"{points(check.points)} of {points(check.max_points)} points"
                yield self._at(exercise, None, "error", name, said, f"{exercise.id}.hidden")
        elif verdict not in _NO_PROBLEM:
            run = next(run for run in check.runs if run.verdict == verdict and run.device != REHEARSAL)
            yield self._at(exercise, run, "error", name, _message(run), f"{exercise.id}.{check.name}")
        for run in check.runs:
            if run.device == REHEARSAL and run.verdict not in _NO_PROBLEM:
                said = f"in rehearsal of a GPU: {_message(run)}"
                yield self._at(exercise, run, "warning", name, said, f"{exercise.id}.{check.name}.{REHEARSAL}")

    def _of_looks(self, exercise: ExerciseGrade) -> Iterator[Finding]:
        for each in exercise.looks:
            title = f"{exercise.title}: {each.what}"
            check = f"{exercise.id}.avoid.{each.avoided}"
            yield self._finding(
                "warning", "minor", (each.cell, each.line), self._titled(each.cell, title), each.why, check
            )

    def _at(
        self, exercise: ExerciseGrade, run: Run | None, level: Level, name: str, message: str, check: str
    ) -> Finding:
        cell, row = self._place(exercise, run)
        severity: Severity = "major" if level == "error" else "minor"
        return self._finding(level, severity, (cell, row), self._titled(cell, name), message, check)

    def _place(self, exercise: ExerciseGrade, run: Run | None) -> tuple[int, int]:
        """The cell and its line where a run went wrong; else where the exercise is defined; else the file's start."""
        for frame in reversed(run.frames if run else ()):
            if frame.cell:
                return frame.cell, frame.line
        if not exercise.code_cells:
            return 0, 1
        cell = exercise.code_cells[-1]
        return cell, defined_at(self._sources.get(cell, ""), self._names.get(exercise.id, ()))

    def _titled(self, cell: int, name: str) -> str:
        return f"cell {cell}, {name}" if cell else name

    def _finding(
        self, level: Level, severity: Severity, place: tuple[int, int], title: str, message: str, check: str
    ) -> Finding:
        return Finding(
            level=level,
            severity=severity,
            path=self._path,
            line=self._places.line(*place),
            title=line(title),
            message=cut(visible(message.strip()), _MESSAGE_LETTERS) or "see the report",
            check=line(f"{self._shown.assignment}.{check}"),
        )


def defined_at(source: str, names: Collection[str]) -> int:
    r"""The line of a cell that defines the first of some names; 1 where none seems to.

    Example:
        >>> defined_at("import torch\n\nclass Net(nn.Module):\n    pass", ["Net"])
        3
    """
    for name in names:
        start = rf"[ \t]*(?:(?:async[ \t]+)?(?:def|class)[ \t]+{re.escape(name)}\b|{re.escape(name)}[ \t]*[:=])"
        if found := re.search(f"^{start}", source, re.MULTILINE):
            return source.count("\n", 0, found.start()) + 1
    return 1


def _message(run: Run) -> str:
    said = run.message or look(run.verdict).meaning
    return f"{said}\nHint: {run.misconception.hint}" if run.misconception else said


def _last_line(frames: tuple[Frame, ...], cell: int) -> int:
    return next((frame.line for frame in reversed(frames) if frame.cell == cell), 0)
