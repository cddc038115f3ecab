"""Final grades as rows of a table, for spreadsheets and terminals."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import TextIO

from grader.export.csv import csv_cell
from grader.gradebook.final import FinalGrade, Line
from grader.gradebook.total import Total

Cell = str | float | None

FINAL_COLUMNS = ("student", "attempt", "raw", "deductions", "override", "excused", "final", "max", "why")


def final_row(grade: FinalGrade) -> tuple[Cell, ...]:
    """One student's final grade, in the order of `FINAL_COLUMNS`."""
    return (
        grade.student,
        grade.attempt,
        grade.raw,
        sum(deduction.points for deduction in grade.deductions),
        "; ".join(f"{each.exercise or 'total'} {each.points:g}" for each in grade.overrides),
        "excused" if grade.excused else "",
        grade.final,
        grade.max,
        why(grade.lines),
    )


def total_columns(assignments: Iterable[str]) -> tuple[str, ...]:
    """The columns of `total_row`."""
    return ("student", *assignments, "dropped", "total", "max")


def total_row(total: Total, assignments: Iterable[str]) -> tuple[Cell, ...]:
    """One student's total; an assignment without points is one that the student is excused from."""
    points = [total.grades[name].final if name in total.grades else None for name in assignments]
    return (total.student, *points, " ".join(sorted(total.dropped)), total.points, total.max)


def why(lines: Sequence[Line]) -> str:
    """The steps to a final grade after the attempt itself, in one line.

    Example:
        >>> why([Line(what="attempt 1", points=8.0), Line(what="set to 9", points=1.0, reason="typo", by="ta")])
        'attempt 1; set to 9: +1 (ta: typo)'
    """
    return "; ".join(_in_words(line, first=not number) for number, line in enumerate(lines))


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]], file: TextIO) -> None:
    """Write a table that a spreadsheet opens and runs nothing of."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([csv_cell(column) for column in columns])
    writer.writerows([csv_cell(cell) for cell in row] for row in rows)


def _in_words(line: Line, first: bool) -> str:
    change = f": {line.points:+g}" if line.points and not first else ""
    reason = f" ({line.by}: {line.reason})" if line.reason else ""
    return f"{line.what}{change}{reason}"
