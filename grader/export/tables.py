"""A class's results as plain tables: CSV, CSV as nbgrader exports it, and JSON lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from grader.export.csv import csv_cell
from grader.export.finals import why
from grader.export.model import ExerciseRow, Row
from grader.export.people import plain_name
from grader.grading.points import add_up

_COLUMNS = (
    "student_id",
    "name",
    "email",
    "login",
    "points",
    "max_points",
    "excused",
    "submitted_at",
    "arrival",
    "late_seconds",
    "attempt",
    "raw_points",
    "late_points",
    "why",
    "report_path",
)
_NBGRADER = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)
Cell = str | float | None


def plain_csv(rows: Sequence[Row]) -> bytes:
    """A table with a line a student, and two columns for each exercise that any of them has.

    Text that a spreadsheet would run gets an apostrophe in front (see `csv_cell`).

    Args:
        rows: The class's results.

    Returns:
        The file's bytes: UTF-8, commas, CRLF; an empty cell for what there is none of.
    """
    exercises = list(dict.fromkeys(each.id for row in rows for each in row.exercises))
    header: list[Cell] = [*_COLUMNS, *(f"{id_} {what}" for id_ in exercises for what in ("points", "max_points"))]
    return _csv([header, *(_plain(row, exercises) for row in rows)])


def nbgrader_csv(rows: Sequence[Row], assignment: str) -> bytes:
    """A table with the columns of nbgrader's own export, for programs that read that.

    `late_submission_penalty` is what lateness took off, `raw_score` the score without that: what people decided is in
    both.

    Args:
        rows: The class's results.
        assignment: The assignment's name.

    Returns:
        The file's bytes: UTF-8, commas, CRLF.
    """
    return _csv([_NBGRADER, *(_nbgrader(row, assignment) for row in rows)])


def json_lines(rows: Iterable[Row]) -> bytes:
    """One JSON object a line and student, with the fields of `Row`; it reads back as that."""
    return msgspec.json.Encoder().encode_lines(rows)


def _plain(row: Row, exercises: Sequence[str]) -> list[Cell]:
    by_id = {each.id: each for each in row.exercises}
    cells: list[Cell] = [
        row.student_id,
        row.name,
        row.email,
        row.login,
        row.points,
        row.max_points,
        "yes" if row.excused else "no",
        _moment(row.submitted_at),
        row.arrival if row.attempt else None,
        row.late_seconds,
        row.attempt,
        row.raw_points,
        row.late_points,
        why(row.steps),
        row.report_path,
    ]
    return cells + [cell for id_ in exercises for cell in _points(by_id.get(id_))]


def _points(exercise: ExerciseRow | None) -> tuple[Cell, Cell]:
    return (None, None) if exercise is None else (exercise.points, exercise.max_points)


def _nbgrader(row: Row, assignment: str) -> list[Cell]:
    first, _, last = plain_name(row.name).rpartition(" ")
    counts = row.points is not None and not row.excused
    graded = [add_up([row.points or 0.0, row.late_points]), row.late_points, row.points] if counts else [None] * 3
    return [
        assignment,
        _moment(row.due),
        _moment(row.submitted_at),
        row.student_id,
        last,
        first,
        row.email,
        *graded,
        row.max_points,
    ]


def _moment(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _csv(lines: Iterable[Sequence[Cell]]) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([csv_cell(cell) for cell in line] for line in lines)
    return file.getvalue().encode()
