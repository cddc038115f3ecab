"""A CSV file as rows with line numbers: its delimiter, its byte order mark and its mistakes are dealt with here."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.roll.errors import BadRoster
from grader.roll.words import slug

_SHEET_BYTES = 16 * 1024 * 1024
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        line: The line of the file where it begins, from 1.
        cells: Its cells without spaces around them, by the slug of their column's name.
    """

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """A file's columns, by slug with the name as it is written, and its rows that are not blank."""

    columns: Mapping[str, str]
    rows: tuple[Row, ...]


def read_sheet(path: Path) -> Sheet:
    """Read a CSV file.

    Args:
        path: The file: UTF-8, or UTF-16 with its mark; cells are separated by commas, semicolons or tabs.

    Returns:
        Its rows.

    Raises:
        BadRoster: It cannot be read, or a row does not fit its header; the message names the line.
    """
    text = _text(path)
    mark, _, rest = text.partition("\n")
    skipped = 0
    delimiter = ""
    if mark.strip().lower().startswith("sep=") and len(mark.strip()) == 5:  # how Excel is told the delimiter
        delimiter, text, skipped = mark.strip()[4], rest, 1
    delimiter = delimiter or max(_DELIMITERS, key=text.partition("\n")[0].count)
    rows = _rows(path.name, text, delimiter, skipped)
    line, header = next(rows, (1, []))
    columns: dict[str, str] = {}
    for name in header:
        key = slug(name)
        if key in columns:
            raise BadRoster(f"{path.name}, line {line}: the column {name.strip()!a} is there twice; leave one")
        if key:
            columns[key] = name.strip()
    keys = [slug(name) for name in header]
    found = []
    for line, cells in rows:
        if len(cells) > len(keys) and any(cell.strip() for cell in cells[len(keys) :]):
            more = f"{len(cells)} cells under {len(keys)} column names"
            raise BadRoster(f"{path.name}, line {line}: there are {more}; put a cell with {delimiter!r} into quotes")
        by_name = {key: cell.strip() for key, cell in zip(keys, cells, strict=False) if key}
        found.append(Row(line, {key: by_name.get(key, "") for key in columns}))
    return Sheet(columns, tuple(found))


def _rows(name: str, text: str, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the line that each begins in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + skipped + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise BadRoster(f"{name}, line {line}: is not CSV: {error}") from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_SHEET_BYTES + 1)
    except FileNotFoundError:
        raise BadRoster(f"{path}: there is no such file; check the name") from None
    except (OSError, ValueError) as error:
        raise BadRoster(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > _SHEET_BYTES:
        raise BadRoster(f"{path.name} is too large for a roster; at most 16 MB are read")
    if data.startswith(b"PK"):
        raise BadRoster(f"{path.name} is a spreadsheet and no CSV file; save it as CSV UTF-8")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadRoster(f"{path.name}, line {line}: is not UTF-8; save it as CSV UTF-8") from None
