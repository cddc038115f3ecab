"""The blocks of otter assign: raw cells, or fenced text, that say where questions, prompts, solutions and tests are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.importing.errors import BadImport
from grader.importing.yaml import read_yaml
from grader.notebook.model import CellKind, Notebook

_BOUNDARY = re.compile(r"#[ \t]+(BEGIN|END)[ \t]+(QUESTION|PROMPT|SOLUTION|TESTS)\b", re.IGNORECASE)
_ASSIGNMENT = re.compile(r"#[ \t]+ASSIGNMENT[ \t]+CONFIG\b", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*```otter[ \t]*\n(.*?)^[ \t]*```[ \t]*(?:\n[ \t]*(?=\n)|$)\n?", re.MULTILINE | re.DOTALL)
_OPEN_FENCE = re.compile(r"^[ \t]*```otter[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Placed:
    """A cell and where it stands.

    Attributes:
        kind: "code", "markdown" or "raw".
        source: Its text.
        where: What error messages call it.
        block: "", or the innermost of "QUESTION", "PROMPT", "SOLUTION" and "TESTS" that it lies in.
        attachments: Pictures within its text.
    """

    kind: CellKind
    source: str
    where: str
    block: str = ""
    attachments: Mapping[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """A question with its cells.

    Attributes:
        config: What its first cell says.
        where: What error messages call it.
        cells: Its cells in order.
    """

    config: Mapping[str, Any]
    where: str
    cells: tuple[Placed, ...]

    @property
    def name(self) -> str:
        """What its author calls it."""
        return str(self.config["name"])


def is_otter(notebook: Notebook) -> bool:
    """Whether any cell is a boundary or a configuration of otter assign."""
    return any(
        cell.kind == "raw" and (_BOUNDARY.match(cell.source) or _ASSIGNMENT.match(cell.source))
        for cell in _unfenced(notebook)
    )


def otter_blocks(notebook: Notebook) -> tuple[Mapping[str, Any], tuple[Placed | Question, ...]]:
    """Read the blocks of a notebook.

    Args:
        notebook: The notebook.

    Returns:
        What the assignment's configuration says, and the cells outside questions and the questions, in order.

    Raises:
        BadImport: A block is not closed, not opened, or where none can be; a configuration cannot be read; a
            question has no name, or another's.
    """
    config: dict[str, Any] = {}
    reader = _Reader()
    for cell in _unfenced(notebook):
        if cell.kind == "raw" and _ASSIGNMENT.match(cell.source):
            config |= read_yaml(cell.source, cell.where)
        elif cell.kind == "raw" and (boundary := _BOUNDARY.match(cell.source)):
            reader.boundary(boundary[1].upper(), boundary[2].upper(), cell)
        else:
            reader.add(cell)
    return config, reader.result()


class _Reader:
    """Reads one cell after the other."""

    def __init__(self) -> None:
        self._parts: list[Placed | Question] = []
        self._names: set[str] = set()
        self._open: list[tuple[str, str]] = []
        self._config: Mapping[str, Any] = {}
        self._cells: list[Placed] = []

    def boundary(self, word: str, kind: str, cell: Placed) -> None:
        if word == "END":
            self._end(kind, cell)
        elif kind == "QUESTION":
            if self._open:
                raise BadImport(f"{cell.where}: BEGIN QUESTION inside the {self._open[-1][0]} of {self._open[-1][1]}")
            self._config, self._cells = self._named(cell), []
            self._open.append((kind, cell.where))
        elif len(self._open) != 1:
            place = f"inside the {self._open[-1][0]} of {self._open[-1][1]}" if self._open else "outside a question"
            raise BadImport(f"{cell.where}: BEGIN {kind} {place}")
        else:
            self._open.append((kind, cell.where))

    def add(self, cell: Placed) -> None:
        if self._open:
            self._cells.append(_in_block(cell, self._open[-1][0]))
        else:
            self._parts.append(cell)

    def result(self) -> tuple[Placed | Question, ...]:
        if self._open:
            kind, where = self._open[-1]
            raise BadImport(f"{where}: BEGIN {kind} without an END {kind} after it")
        return tuple(self._parts)

    def _end(self, kind: str, cell: Placed) -> None:
        if not self._open or self._open[-1][0] != kind:
            open_ = f" while the {self._open[-1][0]} of {self._open[-1][1]} is open" if self._open else ""
            raise BadImport(f"{cell.where}: END {kind} without a BEGIN {kind} before it{open_}")
        _, where = self._open.pop()
        if kind == "QUESTION":
            self._parts.append(Question(self._config, where, tuple(self._cells)))

    def _named(self, cell: Placed) -> Mapping[str, Any]:
        config = read_yaml(cell.source, cell.where)
        name = str(config.get("name") or "")
        if not name:
            raise BadImport(f"{cell.where}: the question has no name; write name: q1 below # BEGIN QUESTION")
        if name in self._names:
            raise BadImport(f"{cell.where}: another question is called {name!r} already; give each a name of its own")
        self._names.add(name)
        return config


def _in_block(cell: Placed, block: str) -> Placed:
    return Placed(cell.kind, cell.source, cell.where, block, cell.attachments)


def _unfenced(notebook: Notebook) -> Iterator[Placed]:
    """The cells of a notebook, with text fenced as otter's as raw cells of their own."""
    for number, node in enumerate(notebook.node["cells"], start=1):
        where = f"{notebook.name}, cell {number}"
        cell = Placed(node["cell_type"], node["source"], where, attachments=node.get("attachments", {}))
        if cell.kind == "markdown" and _OPEN_FENCE.search(cell.source):
            yield from _split(cell)
        else:
            yield cell


def _split(cell: Placed) -> Iterable[Placed]:
    position = 0
    for fence in _FENCE.finditer(cell.source):
        yield from _text(cell, cell.source[position : fence.start()])
        yield Placed("raw", fence[1].rstrip("\n"), cell.where)
        position = fence.end()
    rest = cell.source[position:]
    if _OPEN_FENCE.search(rest):
        raise BadImport(f"{cell.where}: ```otter is not closed by ```")
    yield from _text(cell, rest)


def _text(cell: Placed, text: str) -> Iterable[Placed]:
    if text.strip():
        yield Placed("markdown", text.strip("\n"), cell.where, attachments=cell.attachments)
