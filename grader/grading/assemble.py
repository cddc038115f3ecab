"""Put a grade together from what was observed and judged; no process, no file, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from grader.assignment.avoid import avoided_by
from grader.assignment.model import DevicesCount, Exercise
from grader.authoring.spec import CheckSpec
from grader.grading.model import CellProblem, ExerciseGrade, Grade, Hint
from grader.grading.pipeline import Observed
from grader.grading.points import add_up, grade_check, passes
from grader.judge.errors import meaning
from grader.looks.model import Look, Looks
from grader.notebook.cells import definitions, source_of
from grader.notebook.model import Cell
from grader.observe.results import CellEnd

_NO_LOOKS = Looks()


def exercises(
    settings: Sequence[Exercise],
    checks: Sequence[CheckSpec],
    by_device: Sequence[Observed],
    cells: Sequence[Cell],
    looks: Looks = _NO_LOOKS,
    skipped: Mapping[str, str] = MappingProxyType({}),
    count: DevicesCount = "all",
) -> tuple[ExerciseGrade, ...]:
    """Grade each exercise of an assignment.

    Args:
        settings: The exercises, in order.
        checks: The checks at hand; an exercise without any is left out.
        by_device: What was observed, one entry a device.
        cells: The student's code cells.
        looks: What was found in their text.
        skipped: Exercises that could not be checked here, by id, with the reason.
        count: Where a check has to pass.

    Returns:
        The exercises' grades, in order.
    """
    defined = definitions(cells)
    ends = {end.number: end for observed in by_device for end in observed.ends}
    graded = []
    for exercise in settings:
        own = [check for check in checks if check.exercise == exercise.id]
        if exercise.id in skipped:
            graded.append(_skipped(exercise, cells, skipped[exercise.id]))
        elif own:
            found = (*looks.exercises.get(exercise.id, ()), *_called(exercise, own, by_device))
            graded.append(_exercise(exercise, own, by_device, cells, _note(exercise, defined, ends), found, count))
    return tuple(graded)


def filled(
    grade: Grade, exercises: tuple[ExerciseGrade, ...], by_device: Sequence[Observed], cells: Sequence[Cell]
) -> Grade:
    """Fill in a grade what follows from its exercises and from what was observed.

    Args:
        grade: A grade without points.
        exercises: The exercises' grades.
        by_device: What was observed, one entry a device.
        cells: The student's code cells.

    Returns:
        The grade with its score, the cells that failed, what was printed, and the GPU memory that was used.
    """
    peaks = [observed.gpu_peak_bytes for observed in by_device if observed.gpu_peak_bytes is not None]
    return msgspec.structs.replace(
        grade,
        score=add_up(exercise.score for exercise in exercises),
        max_score=add_up(exercise.max_score for exercise in exercises),
        gpu_peak_bytes=max(peaks, default=None),
        cells=cell_problems(by_device, cells),
        output=next((observed.output for observed in by_device if observed.output), ""),
        exercises=exercises,
    )


def cell_problems(by_device: Sequence[Observed], cells: Sequence[Cell]) -> tuple[CellProblem, ...]:
    """The cells that did not run to their end, each once, with their first lines."""
    sources = {cell.number: cell.source for cell in cells}
    found: dict[int, CellProblem] = {}
    for observed in by_device:
        for end in observed.ends:
            found.setdefault(
                end.number,
                CellProblem(
                    cell=end.number,
                    first_line=_first_line(sources.get(end.number, "")),
                    reason=end.reason,
                    error=end.error,
                    message=_explained(end),
                    frames=end.frames,
                ),
            )
    return tuple(found[number] for number in sorted(found))


def _exercise(
    exercise: Exercise,
    own: Sequence[CheckSpec],
    by_device: Sequence[Observed],
    cells: Sequence[Cell],
    note: str,
    looks: tuple[Look, ...],
    count: DevicesCount,
) -> ExerciseGrade:
    runs = {check.name: [observed.runs[check.name] for observed in by_device] for check in own}
    passed = {name: passes(found, count) for name, found in runs.items()}
    grades = tuple(grade_check(check, runs[check.name], passed, count) for check in own)
    code, code_cells = source_of(cells, exercise.names)
    return ExerciseGrade(
        id=exercise.id,
        title=exercise.title,
        score=add_up(grade.points for grade in grades),
        max_score=add_up(grade.max_points for grade in grades),
        misconception=_first_hint(exercise.id, by_device),
        code=code,
        code_cells=tuple(code_cells),
        note="" if all(passed.values()) else note,
        checks=grades,
        looks=looks,
    )


def _skipped(exercise: Exercise, cells: Sequence[Cell], reason: str) -> ExerciseGrade:
    code, code_cells = source_of(cells, exercise.names)
    return ExerciseGrade(
        id=exercise.id,
        title=exercise.title,
        score=0.0,
        max_score=0.0,
        code=code,
        code_cells=tuple(code_cells),
        note=reason,
        skipped=True,
    )


def _called(exercise: Exercise, own: Sequence[CheckSpec], by_device: Sequence[Observed]) -> list[Look]:
    """The avoided functions that the submission's process says were called, each once with the checks that saw it."""
    seen: dict[str, dict[str, None]] = {}
    for check in own:
        for observed in by_device:
            result = observed.results.get(check.name)
            for function in result.called[0] if result and result.called else ():
                seen.setdefault(function, {})[check.name] = None
    return [
        Look(
            kind="calls",
            what=f"`{function}` was called while {_listed(list(checks)[:3])} ran",
            why=f"this exercise is to be written without `{avoided_by(function, exercise.avoid)}`; "
            "so says the submission's own process.",
            avoided=avoided_by(function, exercise.avoid),
        )
        for function, checks in seen.items()
    ]


def _first_hint(exercise: str, by_device: Sequence[Observed]) -> Hint | None:
    return next((o.hints[exercise] for o in by_device if exercise in o.hints), None)


def _note(exercise: Exercise, defined: Mapping[str, Sequence[int]], ends: Mapping[int, CellEnd]) -> str:
    """Say when the cell that defines an exercise did not run to its end, or when no cell defines it."""
    absent = [name for name in exercise.names if name not in defined]
    if len(absent) == len(exercise.names):
        return f"No cell of the notebook defines {_listed(absent)}."
    for name in exercise.names:
        for number in defined.get(name, ()):
            if end := ends.get(number):
                what = f"{end.error or end.reason}: {_explained(end)}"
                return f"Cell {number}, which defines `{name}`, did not run to its end ({what})."
    return ""


def _listed(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _explained(end: CellEnd) -> str:
    said = meaning(end.error, end.message) if end.error else ""
    return "; ".join(part for part in (end.message, said) if part)


def _first_line(source: str) -> str:
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    return lines[0][:120] if lines else ""
