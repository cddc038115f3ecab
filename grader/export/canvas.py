"""Fill one column of a gradebook that was downloaded from Canvas.

Canvas takes what it does not know for something new: another spelling of a title makes an assignment, another spelling
of a name a student. So the instructor's own sheet is filled, and all else in it stays as it is, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from grader.export.filled import Filled
from grader.export.model import Row
from grader.export.numbers import decimal_mark, read_number, two_decimals
from grader.export.people import KeyKind, Person, match
from grader.export.sheet import Line, Sheet, SheetError, open_sheet

EXCUSED = "EX"
_UNASSIGNED = "N/A"
# Canvas computes these and reads none of them back as an assignment, wherever in a header the words stand.
_COMPUTED = re.compile("(?:Current|Final) (?:Score|Points|Grade)|Override (?:Score|Grade|Status)")
_TITLE_AND_ID = re.compile(r"(.*?)\s*\((\d+)\)\s*", re.DOTALL)
_POSTING_ROW = re.compile(r"\s*(?:Muted|Manual Posting.*)?\s*", re.IGNORECASE)
_KEYS: tuple[tuple[KeyKind, str], ...] = (("id", "ID"), ("id", "SIS User ID"), ("login", "SIS Login ID"))


class _Gradebook(msgspec.Struct, frozen=True):
    """A sheet with its parts found.

    Attributes:
        sheet: The sheet.
        headers: The first line's texts.
        points: The line of "Points Possible".
        first_open: The first column after those that say who a student is.
        students: Indices of the lines that hold a student.
    """

    sheet: Sheet
    headers: tuple[str, ...]
    points: Line
    first_open: int
    students: tuple[int, ...]


def fill_canvas(
    data: bytes, rows: Sequence[Row], wanted: Sequence[str], name: str = "the sheet", scale: bool = False
) -> Filled:
    """Fill an assignment's column.

    A student without points is left as the sheet has it, which Canvas reads as no change; so is one that Canvas says
    the assignment is not given to.

    Args:
        data: The sheet as downloaded: UTF-8, commas or semicolons, with a decimal comma or point.
        rows: The class's results.
        wanted: Which column: a title, an id as in "(1234)", or a whole header; the first that fits one is taken.
        name: The sheet's name, for messages.
        scale: Whether points are converted to the sheet's "Points Possible".

    Returns:
        The filled sheet, and whom it misses.

    Raises:
        SheetError: It is no such sheet, the column is missing, ambiguous or read only, or a student is ambiguous.
    """
    book = _gradebook(data, name)
    column = _column(book, wanted)
    matched = match(rows, [_person(book, index) for index in book.students], name)
    possible = read_number(book.points.text(column))
    mark = decimal_mark(cell.text for line in book.sheet.lines[1:] for cell in line.fields[book.first_open :])
    changes: dict[tuple[int, int], str] = {}
    notes = [] if scale else _other_worth(matched.pairs.values(), possible, book.headers[column])
    for person, row in matched.pairs.items():
        index = book.students[person]
        text = _cell(row, possible if scale else None, mark)
        if text and book.sheet.lines[index].text(column) == _UNASSIGNED:
            notes.append(f"{row.label()} is not given this assignment in Canvas (N/A) and was left out")
        elif text:
            if text != EXCUSED and book.sheet.lines[index].text(column) == EXCUSED:
                notes.append(f"{row.label()} was excused in Canvas ({EXCUSED}) and has points now")
            changes[index, column] = text
    data = book.sheet.with_changes(changes)
    return Filled(data, len(changes), matched.only_in_grades, matched.only_in_sheet, tuple(notes))


def _cell(row: Row, possible: float | None, mark: str) -> str:
    """What a student's field is to say; "" for no change. Points are converted where it is said to how many."""
    if row.excused:
        return EXCUSED
    if row.points is None:
        return ""
    factor = possible / row.max_points if possible and row.max_points > 0 else 1.0
    return two_decimals(row.points * factor, mark)


def _gradebook(data: bytes, name: str) -> _Gradebook:
    sheet = open_sheet(data, name, (",", ";"), ("ID", "Section"))
    headers = tuple(field.text.strip() for field in sheet.lines[0].fields)
    if headers[:2] != ("Student", "ID") and headers[:3] != ("LastName", "FirstName", "ID"):
        raise SheetError(
            f"{name}: the first line does not begin with Student,ID as a Canvas gradebook does; "
            "download it with Grades > Export and do not rearrange it"
        )
    points = next((line for line in sheet.lines[1:] if "Points Possible" in line.text(0)), None)
    if points is None:
        raise SheetError(f"{name}: there is no line 'Points Possible'; download the gradebook from Canvas again")
    students = tuple(
        index
        for index, line in enumerate(sheet.lines)
        if index and line is not points and not all(_POSTING_ROW.fullmatch(field.text) for field in line.fields)
    )
    return _Gradebook(sheet, headers, points, headers.index("Section") + 1, students)


def _column(book: _Gradebook, wanted: Sequence[str]) -> int:
    """The one column that is wanted and may be changed."""
    for text in wanted:
        found = [index for index, header in _columns(book) if _fits(header, text.strip())]
        if len(found) > 1:
            several = ", ".join(repr(book.headers[index]) for index in found)
            raise SheetError(f"{book.sheet.name}: {text!r} could be {several}; say which with --column and its (id)")
        if found:
            return _writable(book, found[0])
    names = ", ".join(repr(header) for index, header in _columns(book) if not _read_only(book, index)) or "none at all"
    raise SheetError(
        f"{book.sheet.name}: there is no assignment {wanted[0] if wanted else ''!r}; "
        f"name one of its columns with --column: {names}"
    )


def _columns(book: _Gradebook) -> Iterator[tuple[int, str]]:
    return ((index, header) for index, header in enumerate(book.headers) if index >= book.first_open and header)


def _writable(book: _Gradebook, column: int) -> int:
    header = book.headers[column]
    if _read_only(book, column):
        raise SheetError(f"{book.sheet.name}: the column {header!r} is read only in Canvas; name another with --column")
    return column


def _read_only(book: _Gradebook, column: int) -> bool:
    marked = re.search(r"read\s+only", book.points.text(column)) is not None
    return marked or _COMPUTED.search(book.headers[column]) is not None


def _fits(header: str, wanted: str) -> bool:
    if header == wanted:
        return True
    found = _TITLE_AND_ID.fullmatch(header)
    return found is not None and wanted in (found[1], found[2], f"({found[2]})")


def _person(book: _Gradebook, index: int) -> Person:
    line = book.sheet.lines[index]
    two_names = book.headers[0] == "LastName"
    where = {header: column for column, header in reversed(list(enumerate(book.headers[: book.first_open])))}
    return Person(
        place=f"line {line.number}",
        keys=tuple((kind, line.text(where[header])) for kind, header in _KEYS if header in where),
        name=f"{line.text(1)} {line.text(0)}".strip() if two_names else line.text(0),
    )


def _other_worth(rows: Iterable[Row], possible: float | None, header: str) -> list[str]:
    """A note where the sheet's points possible are not those of the grades."""
    worth = {row.max_points for row in rows}
    if possible is None or worth <= {possible}:
        return []
    ours = " or ".join(f"{each:g}" for each in sorted(worth))
    return [
        f"{header!r} is out of {possible:g} points in Canvas, these grades are out of {ours}; --scale converts them"
    ]
