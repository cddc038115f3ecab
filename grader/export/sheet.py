"""A CSV file whose fields can be changed one by one, every other byte staying as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from grader.errors import BadInput

_BOM = b"\xef\xbb\xbf"
_END = rb"(?:%s|\r\n|\n|\r|\Z)"


class SheetError(BadInput):
    """A sheet is not the one that is needed, or cannot be filled; the message says which, where and what to do."""


class _BrokenQuote(SheetError):
    """A quote is not closed, or closed before the field's end."""


class Field(msgspec.Struct, frozen=True):
    """One field of a CSV file and where it stands.

    Attributes:
        text: What it says, without quotes.
        start: Offset of its first byte, the opening quote included.
        end: Offset after its last byte.
        quoted: Whether it stands in quotes.
    """

    text: str
    start: int
    end: int
    quoted: bool


class Line(msgspec.Struct, frozen=True):
    """One record of a CSV file.

    Attributes:
        number: The line of the file that it begins on, counted from 1.
        fields: Its fields.
    """

    number: int
    fields: tuple[Field, ...]

    def text(self, column: int | None) -> str:
        """What a column says here, without the spaces around it; "" where the record has no such column."""
        return self.fields[column].text.strip() if column is not None and column < len(self.fields) else ""

    @property
    def blank(self) -> bool:
        """Whether nothing is written in any field."""
        return not any(field.text.strip() for field in self.fields)


class Sheet:
    """A CSV file as it was downloaded.

    Args:
        data: The file's bytes; UTF-8, with or without a byte order mark.
        delimiter: What separates fields: one ASCII character.
        name: The file's name, for messages.

    Attributes:
        lines: The records, the empty ones included.

    Raises:
        SheetError: It is not UTF-8, or a quote is not closed or closed too early.
    """

    def __init__(self, data: bytes, delimiter: str, name: str) -> None:
        self.name = name
        self._data = data
        self._delimiter = delimiter
        self.lines = tuple(_lines(_decodable(data, name), delimiter, name))

    def with_changes(self, changes: Mapping[tuple[int, int], str]) -> bytes:
        """The file with some fields changed and every other byte kept.

        Args:
            changes: New texts by the line's index in `lines` and the column. A field in quotes stays in quotes;
                another gets them where its new text needs them.

        Returns:
            The file's bytes.

        Raises:
            SheetError: A line is too short to have the column.
        """
        parts, kept = [], 0
        for (index, column), text in sorted(changes.items()):
            line = self.lines[index]
            if column >= len(line.fields):
                raise SheetError(
                    f"{self.name}: line {line.number} has {len(line.fields)} fields and no column {column + 1}; "
                    "download the sheet again"
                )
            field = line.fields[column]
            parts += [self._data[kept : field.start], self._written(text, field.quoted)]
            kept = field.end
        return b"".join((*parts, self._data[kept:]))

    def _written(self, text: str, quoted: bool) -> bytes:
        special = (self._delimiter, '"', "\r", "\n")
        if quoted or any(character in text for character in special) or text != text.strip():
            text = '"' + text.replace('"', '""') + '"'
        return text.encode()


def open_sheet(data: bytes, name: str, delimiters: Sequence[str], headers: Sequence[str]) -> Sheet:
    """Open a sheet with the delimiter under which its first line holds the headers that are needed.

    Args:
        data: The file's bytes.
        name: Its name, for messages.
        delimiters: Those to try, in order.
        headers: Words of which each has to be a field of the first line.

    Returns:
        The sheet.

    Raises:
        SheetError: There is no such delimiter; the message names the headers that are missing.
    """
    missing: list[str] = list(headers)
    for delimiter in delimiters:
        try:
            first = next(_lines(_decodable(data, name), delimiter, name), Line(1, ()))
        except _BrokenQuote:
            continue
        texts = {field.text.strip() for field in first.fields}
        absent = [header for header in headers if header not in texts]
        if not absent:
            return Sheet(data, delimiter, name)
        missing = min(missing, absent, key=len)
    columns = ", ".join(repr(header) for header in missing)
    raise SheetError(f"{name}: the first line has no column {columns}; use the sheet as it was downloaded")


def _decodable(data: bytes, name: str) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise SheetError(
            f"{name}: this is no CSV file in UTF-8; use the file as it was downloaded, or save it as CSV UTF-8"
        ) from error
    return data


def _lines(data: bytes, delimiter: str, name: str) -> Iterator[Line]:
    mark = re.escape(delimiter.encode())
    ends = _END % mark
    quoted = re.compile(rb'"([^"]*(?:""[^"]*)*)"(?=(' + ends + rb"))")
    plain = re.compile(rb"([^" + mark + rb"\r\n]*)(?=(" + ends + rb"))")
    position, number = (len(_BOM) if data.startswith(_BOM) else 0), 1
    while position < len(data):
        fields, begins = [], number
        while True:
            in_quotes = data.startswith(b'"', position)
            found = (quoted if in_quotes else plain).match(data, position)
            if found is None:
                raise _BrokenQuote(
                    f"{name}: line {number} has a quote that is not closed, or text after one; download the sheet again"
                )
            text = found[1].replace(b'""', b'"') if in_quotes else found[1]
            fields.append(Field(text.decode(), position, found.end(), in_quotes))
            number += _line_ends(found[1]) if in_quotes else 0
            position = found.end() + len(found[2])
            if found[2] != delimiter.encode():
                break
        yield Line(begins, tuple(fields))
        number += 1


def _line_ends(text: bytes) -> int:
    return text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")
