"""``grader grades``, ``history`` and ``report``: print what is in the gradebook, or write its reports again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from grader.cli.show import escape
from grader.export.finals import FINAL_COLUMNS, Cell, final_row, total_columns, total_row, write_csv
from grader.gradebook.classroom import Classroom
from grader.report.text import line

_TEXT_COLUMNS = ("student", "override", "excused", "why", "when", "who", "what", "dropped", "before", "after")


@contextmanager
def classroom_of(options: argparse.Namespace) -> Iterator[Classroom]:
    """The class that the options name, its gradebook open while the block runs."""
    place = options.gradebook or options.reports / "gradebook.sqlite"
    classroom = Classroom.open(place, options.course, make=getattr(options, "new", False))
    try:
        yield classroom
    finally:
        classroom.book.close()


def grades(options: argparse.Namespace) -> int:
    """Print the final grades of an assignment, or everybody's totals; returns 0."""
    with classroom_of(options) as classroom:
        if options.assignment is None:
            totals = classroom.totals()
            names = list(dict.fromkeys(name for total in totals for name in total.grades))
            columns, rows = total_columns(names), [total_row(total, names) for total in totals]
        else:
            columns, rows = FINAL_COLUMNS, [final_row(grade) for grade in classroom.finals(options.assignment)]
    if options.csv:
        write_csv(columns, rows, sys.stdout)
    else:
        print_rows(columns, rows)
    return 0


def history(options: argparse.Namespace) -> int:
    """Print what happened to one student's grade; returns 0."""
    with classroom_of(options) as classroom:
        entries = classroom.history(options.assignment, options.student)
    rows = [(f"{each.at:%Y-%m-%d %H:%M %Z}", each.by, each.what, each.reason) for each in entries]
    print_rows(("when", "who", "what", "why"), rows)
    return 0


def report(options: argparse.Namespace) -> int:
    """Write one student's report again, or everybody's; returns 0."""
    from grader.submission.again import report_again

    with classroom_of(options) as classroom:
        if options.student is not None:
            students = [options.student]
        else:
            students = [each.student for each in classroom.finals(options.assignment) if each.attempt is not None]
        for student in students:
            for path in report_again(classroom, options.assignment, student, options.attempt):
                print(line(str(path), letters=4_000))
    return 0


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Print a table: with lines in a terminal, plain elsewhere."""
    console = Console()
    texts = [[_text(cell) for cell in row] for row in rows]
    if not console.is_terminal:
        _print_plain(columns, texts)
        return
    table = Table()
    for column in columns:
        table.add_column(escape(column), justify="left" if column in _TEXT_COLUMNS else "right", overflow="fold")
    for row in texts:
        table.add_row(*map(escape, row))
    console.print(table)


def _print_plain(columns: Sequence[str], texts: Sequence[Sequence[str]]) -> None:
    lines = [list(columns), *map(list, texts)]
    widths = [max(len(row[index]) for row in lines) for index in range(len(columns))]
    for row in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return line(cell, letters=2_000) if isinstance(cell, str) else f"{cell:g}"
