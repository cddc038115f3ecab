"""Where the lines of a notebook's cells stand in its file, so that a remark can be shown beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from grader.notebook.model import Notebook

# Larger files are remarked on at their first line.
_MOST_CHARACTERS = 20_000_000
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\],:]', re.DOTALL)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass
class _Level:
    """One open object or array: the key or the number of the item that the scan is at."""

    at: str | int
    awaits_key: bool = False


@dataclass(frozen=True)
class Places:
    """Where the code cells of one notebook stand in its file.

    Attributes:
        lines: For each code cell, by number, the file's line of each of its lines.
    """

    lines: dict[int, list[int]] = field(default_factory=dict)

    def line(self, cell: int, line: int = 1) -> int:
        """The file's line, counted from 1, of a line in a code cell; 1 where that is not known."""
        known = self.lines.get(cell)
        return known[min(max(line, 1), len(known)) - 1] if known else 1


def places_of(notebook: Notebook, data: bytes) -> Places:
    """Find where a notebook's code cells stand in its file.

    Args:
        notebook: The notebook, read from the file.
        data: The file: JSON of notebook format 4; of others nothing is known.

    Returns:
        The places.
    """
    if not notebook.name.lower().endswith(".ipynb") or len(data) > _MOST_CHARACTERS:
        return Places()
    found = cell_lines(data.decode("utf-8-sig", "replace"))
    numbers = {index: cell.number for index, cell in enumerate(notebook.cells) if cell.number}
    return Places({numbers[index]: lines for index, lines in found.items() if index in numbers and lines})


def cell_lines(text: str) -> dict[int, list[int]]:
    r"""For each cell of a notebook's JSON the file's line of each line of its source.

    Args:
        text: The JSON, of notebook format 4.

    Returns:
        Lines, counted from 1, by the cell's index among all cells. A source in one string is all on one line.

    Example:
        >>> cell_lines('{"cells": [\n{"source": [\n"a\\n",\n"b"]},\n{"source": "c\\nd"}]}')
        {0: [3, 4], 1: [5, 5]}
    """
    found: dict[int, list[int]] = {}
    unfinished: set[int] = set()
    for cell, line, source in _sources(text):
        lines = found.setdefault(cell, [])
        for part in _LINE.findall(source.replace("\r\n", "\n").replace("\r", "\n")):
            if cell not in unfinished:
                lines.append(line)
            (unfinished.discard if part.endswith("\n") else unfinished.add)(cell)
    return found


def _sources(text: str) -> Iterator[tuple[int, int, str]]:
    """Each string of a cell's source, with the cell's index and the line that the string starts on."""
    levels: list[_Level] = []
    line, seen = 1, 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign[0] != '"':
            _step(levels, sign)
        elif levels and levels[-1].awaits_key:
            levels[-1].at = sign[1:-1]
        elif (cell := _cell(levels)) is not None:
            line += text.count("\n", seen, token.start())
            seen = token.start()
            yield cell, line, json.loads(sign, strict=False)


def _step(levels: list[_Level], sign: str) -> None:
    if sign == "{":
        levels.append(_Level("", awaits_key=True))
    elif sign == "[":
        levels.append(_Level(0))
    elif sign in "}]":
        del levels[-1:]
    elif levels and sign == ":":
        levels[-1].awaits_key = False
    elif levels:
        here = levels[-1]
        if isinstance(here.at, int):
            here.at += 1
        else:
            here.awaits_key = True


def _cell(levels: list[_Level]) -> int | None:
    """The index of the cell whose source the scan is in; None anywhere else."""
    if len(levels) not in (3, 4) or levels[0].at != "cells" or levels[2].at != "source":
        return None
    cell = levels[1].at
    return cell if isinstance(cell, int) else None
