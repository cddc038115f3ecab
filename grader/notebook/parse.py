"""Parse the text of cells as IPython would, within a budget: students can write code that takes hours to parse."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

from grader.notebook.model import Cell

# What parsing one notebook may cost: about ten seconds for the worst input found, and far more than a
# notebook written by hand needs.
_CELL_CHARACTERS = 50_000
_PARSED_CHARACTERS = 500_000
# IPython tokenizes a cell again for each of its magic lines.
_TRANSFORMED_CHARACTERS = 2_000_000

_MAGIC = re.compile(r"^\s*[!%?]|[=]\s*[!%]|\?\s*$", re.MULTILINE)
_CELL_MAGIC = re.compile(r"\s*%%(\w+).*(?:\n|\Z)")
# The cell magics that run their body in the notebook's own namespace.
_RUNS_HERE = frozenset({"capture", "prun", "time"})


@dataclass(frozen=True)
class Parsed:
    """A code cell that has been parsed, or tried to.

    Attributes:
        cell: The cell.
        lines: The text that the statements' line numbers refer to.
        body: Its top-level statements; None where it is no Python.
    """

    cell: Cell
    lines: tuple[str, ...]
    body: tuple[ast.stmt, ...] | None

    def text(self, statement: ast.stmt) -> str:
        """The source of a statement with its decorators, without what else stands on its lines."""
        decorators = getattr(statement, "decorator_list", [])
        first = (decorators[0] if decorators else statement).lineno
        last = statement.end_lineno or statement.lineno
        lines = list(self.lines[first - 1 : last])
        # Columns count bytes of UTF-8.
        lines[-1] = lines[-1].encode()[: statement.end_col_offset].decode()
        if not decorators:
            lines[0] = lines[0].encode()[statement.col_offset :].decode()
        return "\n".join(lines)


def parse(cells: Iterable[Cell]) -> list[Parsed]:
    """Parse code cells, line and cell magics included.

    Args:
        cells: Cells; those that are no code are left out.

    Returns:
        One entry a code cell. Its body is None for a cell that is no Python, that another program would run
        (``%%bash``), or that would cost too much to parse.
    """
    parsing, transforming = _PARSED_CHARACTERS, _TRANSFORMED_CHARACTERS
    found: list[Parsed] = []
    for cell in cells:
        if cell.kind != "code":
            continue
        source = _without_cell_magic(cell.source)
        affordable = len(source) <= min(_CELL_CHARACTERS, parsing)
        parsing -= len(source) if affordable else 0
        body = _body(source) if affordable else None
        if body is None and affordable:
            transforming -= len(source) * (1 + len(_MAGIC.findall(source)))
            if transforming >= 0:
                transformed = _transformed(source)
                body = _body(transformed)
                # Where lines still match, show the student's own and not what IPython made of them.
                same = transformed.rstrip("\n").count("\n") == source.rstrip("\n").count("\n")
                source = source if same else transformed
        found.append(Parsed(cell, tuple(source.split("\n")), body))
    return found


def _without_cell_magic(source: str) -> str:
    """The Python that a cell runs in the notebook: an empty first line stands for ``%%time``."""
    magic = _CELL_MAGIC.match(source)
    if magic is None:
        return source
    return "\n" + source[magic.end() :] if magic[1] in _RUNS_HERE else ""


def _body(source: str) -> tuple[ast.stmt, ...] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tuple(ast.parse(source).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _transformed(source: str) -> str:
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return str(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
