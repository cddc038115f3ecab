"""A class's results as plain tables: CSV, CSV as nbgrader exports it, and JSON lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from grader.export.csv import csv_cell
from grader.export.model import ExerciseRow, Row
from grader.export.people import plain_name

_COLUMNS = (
    "student_id",
    "name",
    "email",
    "login",
    "points",
    "max_points",
    "excused",
    "submitted_at",
    "late_seconds",
    "attempt",
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


def nbgrader_csv(rows: Sequence[Row], assignment: str, due: datetime | None = None) -> bytes:
    """A table with the columns of nbgrader's own export, for programs that read that.

    `raw_score` is what was earned, `late_submission_penalty` what a late hand-in lost of it. A grade that differs from
    the sum of its exercises for any other reason has itself as its raw score.

    Args:
        rows: The class's results.
        assignment: The assignment's name.
        due: When it was due, where that is known.

    Returns:
        The file's bytes: UTF-8, commas, CRLF.
    """
    return _csv([_NBGRADER, *(_nbgrader(row, assignment, due) for row in rows)])


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
        row.late_seconds,
        row.attempt,
        row.report_path,
    ]
    return cells + [cell for id_ in exercises for cell in _points(by_id.get(id_))]


def _points(exercise: ExerciseRow | None) -> tuple[Cell, Cell]:
    return (None, None) if exercise is None else (exercise.points, exercise.max_points)


def _nbgrader(row: Row, assignment: str, due: datetime | None) -> list[Cell]:
    first, _, last = plain_name(row.name).rpartition(" ")
    earned = sum(each.points for each in row.exercises)
    lost = max(0.0, earned - row.points) if row.points is not None and row.late_seconds > 0 else 0.0
    raw = None if row.points is None else row.points + lost
    graded = [raw, lost, row.points] if row.points is not None and not row.excused else [None, None, None]
    return [
        assignment,
        _moment(due),
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
