"""Read a roster: columns are recognised by the names that platforms give them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from grader.roll.errors import BadRoster
from grader.roll.model import Hint, HintKind
from grader.roll.roster import Enrolled, Roster, name_forms
from grader.roll.sheet import Row, Sheet, read_sheet
from grader.roll.times import moment_or_day, written_moment
from grader.roll.words import as_id

Column = Literal[
    "id", "platform", "login", "github", "email", "name", "first", "last", "section", "group", "extension", "handed_in"
]

# What a column is, by the slug of its name; of several of one kind the first name here counts.
_NAMES: Mapping[Column, str] = {
    "id": "sis-user-id sid student-id studentid student-number id-number matriculation-number identifier id",
    "platform": "canvas-id canvas-user-id user-id participant-id participant identifier id",
    "login": "sis-login-id login login-id username user-name netid",
    "github": "github github-username github-login github-user",
    "email": "email email-address e-mail mail",
    "name": "name full-name student student-name",
    "first": "first first-name firstname given-name",
    "last": "last last-name lastname surname family-name",
    "section": "section sections class",
    "group": "group group-name team team-name groups",
    "handed_in": "handed-in handed-in-at submitted submitted-at submission-time last-modified-submission",
    "extension": "extension extension-days extension-until extended-until",
}
_KEYS: tuple[Column, ...] = ("id", "platform", "login", "github", "email")
_UNIQUE: tuple[HintKind, ...] = ("platform", "login", "github", "email")
# Rows of a Canvas gradebook that are no students.
_NO_STUDENTS = ("points possible", "manual posting", "muted", "student, test", "test student")
_PARTICIPANT = "Participant "
_MOST_DAYS = 3650


@dataclass(frozen=True)
class _Reader:
    """A sheet and which of its columns is what."""

    name: str
    sheet: Sheet
    columns: Mapping[Column, str]

    def cell(self, row: Row, column: Column) -> str:
        return row.cells.get(self.columns.get(column, ""), "")

    def written(self, column: Column) -> str:
        """The column's name as it is in the file."""
        return self.sheet.columns[self.columns[column]]

    def wrong(self, line: int, what: str) -> BadRoster:
        return BadRoster(f"{self.name}, line {line}: {what}")


def read_roster(path: Path) -> Roster:
    """Read a roster.

    Args:
        path: A CSV file: a gradebook or roster that a platform exports, or one's own.

    Returns:
        The students.

    Raises:
        BadRoster: It cannot be read, no column says who the students are, a student is there twice, or two students
            have one id, login or address; the message names the line.
    """
    sheet = read_sheet(path)
    rows = tuple(row for row in sheet.rows if not _is_no_student(row))
    sheet = Sheet(sheet.columns, rows)
    reader = _Reader(path.name, sheet, _columns(sheet))
    key = next((column for column in _KEYS if column in reader.columns), None)
    if key is None:
        known = ", ".join(sheet.columns.values()) or "none"
        raise BadRoster(
            f"{path.name}: no column says who the students are; name one of them id, login or email. "
            f"Its columns are: {known}"
        )
    if not rows:
        raise BadRoster(f"{path.name}: there are no students in it, only the names of columns")
    students = tuple(_enrolled(reader, row, key) for row in rows)
    _refuse_doubles(reader, students)
    return Roster(students, _has_platform_ids(reader))


def _columns(sheet: Sheet) -> dict[Column, str]:
    """The column of each kind; one without a single value counts as missing."""
    filled = {name for row in sheet.rows for name, cell in row.cells.items() if cell} or set(sheet.columns)
    found: dict[Column, str] = {}
    for column, names in _NAMES.items():
        taken = found.get("id") if column == "platform" else None
        fitting = [name for name in names.split() if name in filled and name != taken]
        if fitting:
            found[column] = fitting[0]
    return found


def _has_platform_ids(reader: _Reader) -> bool:
    from_canvas = {"sis-user-id", "sis-login-id"} & set(reader.sheet.columns)
    from_moodle = any(row.cells.get("identifier", "").startswith(_PARTICIPANT) for row in reader.sheet.rows)
    return "platform" in reader.columns or bool(from_canvas) or from_moodle


def _enrolled(reader: _Reader, row: Row, key: Column) -> Enrolled:
    ids: dict[Column, str] = {column: _bare(reader.cell(row, column)) for column in _KEYS}
    if not ids[key]:
        raise reader.wrong(row.line, f"the column {reader.written(key)} is empty; say who this is, or remove the row")
    first, last = reader.cell(row, "first"), reader.cell(row, "last")
    name = reader.cell(row, "name") or f"{first} {last}".strip()
    hints = [Hint("id", ids[key])]
    # Where the platform's ids are no column of their own, the one column of ids may well be the platform's.
    hints += [Hint("platform", ids["platform"] or ids["id"])]
    hints += [Hint(kind, ids[kind]) for kind in ("login", "github", "email")]
    if not ids["login"]:
        hints.append(Hint("login", ids["email"].partition("@")[0]))
    hints += [Hint("name", form) for form in name_forms(reader.cell(row, "name"), first, last)]
    hints.append(Hint("group", reader.cell(row, "group")))
    return Enrolled(
        student=ids[key],
        name=name,
        email=ids["email"],
        section=reader.cell(row, "section"),
        group=reader.cell(row, "group"),
        extension=_extension(reader, row),
        handed_in=_handed_in(reader, row),
        hints=tuple(hint for hint in hints if hint.value),
        line=row.line,
    )


def _bare(written: str) -> str:
    """An id as it is recorded; Moodle's grading worksheet writes "Participant 88" for 88."""
    return as_id(written).removeprefix(_PARTICIPANT)


def _extension(reader: _Reader, row: Row) -> float | date | datetime | None:
    written = reader.cell(row, "extension")
    if not written:
        return None
    try:
        days = float(written.lower().removesuffix("days").removesuffix("day").strip().replace(",", "."))
    except ValueError:
        found = moment_or_day(written)
        if found is None:
            what = f"the extension {written[:40]!r} is neither a number of days nor a date such as 2026-03-05"
            raise reader.wrong(row.line, what) from None
        return found
    if not 0 <= days <= _MOST_DAYS or math.isnan(days):
        raise reader.wrong(
            row.line, f"an extension of {written[:40]} days cannot be meant; it is from 0 to {_MOST_DAYS}"
        )
    return days


def _handed_in(reader: _Reader, row: Row) -> datetime | None:
    written = reader.cell(row, "handed_in")
    if written in ("", "-"):
        return None
    found = written_moment(written)
    if found is None:
        what = f"the hand-in time {written[:60]!r} is no date and time such as 2026-03-05 23:59"
        raise reader.wrong(row.line, what)
    return found


def _refuse_doubles(reader: _Reader, students: tuple[Enrolled, ...]) -> None:
    lines: dict[tuple[str, str], Enrolled] = {}
    for one in students:
        before = lines.setdefault(("id", one.student.casefold()), one)
        if before is not one:
            what = f"the student {one.student} is there twice, first in line {before.line}; leave one of the rows"
            raise reader.wrong(one.line, what)
    for one in students:
        for hint in one.hints:
            if hint.kind not in _UNIQUE or (hint.kind == "login" and "login" not in reader.columns):
                continue
            before = lines.setdefault((hint.kind, hint.value.casefold()), one)
            if before is not one:
                what = f"{hint.value} is {one.student}'s here and {before.student}'s in line {before.line}; correct one"
                raise reader.wrong(one.line, what)


def _is_no_student(row: Row) -> bool:
    name = row.cells.get("student", "").casefold()
    return name.startswith(_NO_STUDENTS)
