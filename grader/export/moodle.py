"""Fill the offline grading worksheet that was downloaded from Moodle.

Moodle finds a student by the number in `Identifier`, refuses rows that were graded since the download, and names the
columns in the site's language. So the instructor's own worksheet is filled, and all else in it stays byte for byte.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import msgspec

from grader.export.csv import csv_cell
from grader.export.filled import Filled
from grader.export.model import Row
from grader.export.numbers import decimal_mark, read_number, two_decimals
from grader.export.people import KeyKind, Matched, Person, match
from grader.export.sheet import Line, Sheet, SheetError, open_sheet
from grader.export.words import steps_text

_NUMBER_AT_END = re.compile(r"\d+\Z", re.ASCII)


class Headers(msgspec.Struct, frozen=True, kw_only=True):
    """What a worksheet's columns are called; sites in other languages have other words.

    Attributes:
        identifier: The participant's number, such as "Participant 1234".
        grade: The grade.
        modified: When the grade was last changed; needed by Moodle, not by the grader.
        name: The full name.
        id_number: The number of the institution.
        email: The address.
        maximum: The maximum grade.
        comments: The feedback comments.
    """

    identifier: str = "Identifier"
    grade: str = "Grade"
    modified: str = "Last modified (grade)"
    name: str = "Full name"
    id_number: str = "ID number"
    email: str = "Email address"
    maximum: str = "Maximum Grade"
    comments: str = "Feedback comments"


ENGLISH = Headers()


class Worksheet:
    """A worksheet with its columns found.

    Args:
        data: The file's bytes.
        headers: What its columns are called.
        name: The file's name, for messages.

    Attributes:
        sheet: The sheet.
        students: Indices of the lines that hold a student.
        columns: The column of each of `Headers` by its attribute's name, where there is one.

    Raises:
        SheetError: A column that Moodle needs is missing, or a line has no participant's number.
    """

    def __init__(self, data: bytes, headers: Headers, name: str) -> None:
        needed = (headers.identifier, headers.grade, headers.modified)
        self.sheet: Sheet = open_sheet(data, name, (",", ";", "\t"), needed)
        texts = [field.text.strip() for field in self.sheet.lines[0].fields]
        wanted = msgspec.structs.asdict(headers)
        self.columns = {role: texts.index(header) for role, header in wanted.items() if header in texts}
        self.students = tuple(index for index, line in enumerate(self.sheet.lines) if index and not line.blank)

    def text(self, index: int, role: str) -> str:
        """What a line says in a column, "" where there is no such column."""
        return self.sheet.lines[index].text(self.columns.get(role))

    def participant(self, index: int) -> str:
        """The participant's number in a line.

        Raises:
            SheetError: There is none.
        """
        found = _NUMBER_AT_END.search(self.text(index, "identifier"))
        if found is None:
            line: Line = self.sheet.lines[index]
            raise SheetError(
                f"{self.sheet.name}: line {line.number} has no participant's number in "
                f"{self.sheet.lines[0].text(self.columns['identifier'])!r}; download the worksheet again"
            )
        return found[0]

    def decimal_mark(self) -> str:
        """What stands before the decimals of its grades."""
        return decimal_mark(self.text(index, role) for index in self.students for role in ("grade", "maximum"))

    def match(self, rows: Sequence[Row]) -> Matched:
        """Find the rows' students among the lines, as indices of `students` (see `people.match`)."""
        return match(rows, [self._person(index) for index in self.students], self.sheet.name)

    def _person(self, index: int) -> Person:
        email = self.text(index, "email")
        keys: tuple[tuple[KeyKind, str], ...] = (
            ("id", self.text(index, "identifier")),
            ("id", self.participant(index)),
            ("id", self.text(index, "id_number")),
            ("email", email),
        )
        return Person(place=f"line {self.sheet.lines[index].number}", keys=keys, name=self.text(index, "name"))


def fill_moodle(
    data: bytes,
    rows: Sequence[Row],
    headers: Headers = ENGLISH,
    name: str = "the worksheet",
    comments: bool = False,
) -> Filled:
    """Fill the grades, converted to the worksheet's maximum, and on request the feedback comments.

    A student without points, or excused, is left as the worksheet has it.

    Args:
        data: The worksheet as downloaded.
        rows: The class's results.
        headers: What its columns are called.
        name: Its file name, for messages.
        comments: Whether each student's points by exercise go into the feedback comments.

    Returns:
        The filled worksheet, and whom it misses.

    Raises:
        SheetError: It is no such worksheet, it grades by a scale of words, or a student is ambiguous.
    """
    worksheet = Worksheet(data, headers, name)
    comments_column = _comments_column(worksheet, headers) if comments else None
    matched = worksheet.match(rows)
    mark = worksheet.decimal_mark()
    changes: dict[tuple[int, int], str] = {}
    notes, written = [], 0
    for person, row in matched.pairs.items():
        index = worksheet.students[person]
        if row.excused:
            notes.append(f"{row.label()} is excused, which a worksheet cannot say; nothing was written")
        elif row.points is not None:
            grade, note = _grade(worksheet, index, row, row.points)
            notes += note
            changes[index, worksheet.columns["grade"]] = two_decimals(grade, mark)
            if comments_column is not None:
                changes[index, comments_column] = comment(row)
            written += 1
    filled = worksheet.sheet.with_changes(changes)
    return Filled(filled, written, matched.only_in_grades, matched.only_in_sheet, tuple(notes))


def comment(row: Row) -> str:
    """A student's points by exercise, and how they became what counts: HTML, since that is what Moodle takes it for."""
    lines = [f"{each.title}: {each.points:g} / {each.max_points:g}" for each in row.exercises]
    lines += steps_text(row.steps)
    return str(csv_cell("<br>".join(map(html.escape, lines))))


def _comments_column(worksheet: Worksheet, headers: Headers) -> int:
    if "comments" not in worksheet.columns:
        raise SheetError(
            f"{worksheet.sheet.name}: there is no column {headers.comments!r}; switch feedback comments on in Moodle "
            "and download the worksheet again, or leave them away"
        )
    return worksheet.columns["comments"]


def _grade(worksheet: Worksheet, index: int, row: Row, points: float) -> tuple[float, list[str]]:
    """The grade that Moodle takes, and a note where that is not the one that was earned."""
    text = worksheet.text(index, "maximum")
    if not text:
        return points, []
    maximum = read_number(text)
    if maximum is None or maximum <= 0:
        raise SheetError(
            f"{worksheet.sheet.name}: line {worksheet.sheet.lines[index].number} has the maximum grade {text!r}, which "
            "is no number; grade this assignment by points in Moodle, not by a scale of words"
        )
    grade = points * maximum / row.max_points if row.max_points > 0 else points
    taken = min(max(grade, 0.0), maximum)
    if taken == grade:
        return grade, []
    return taken, [
        f"{row.label()}: {grade:.2f} is outside 0 to {maximum:g}, which Moodle refuses; {taken:g} was written"
    ]
