"""Parse the text of cells as IPython would, within a budget: students can write code that takes hours to parse."""

from __future__ import annotations

import ast
import threading
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from grader.notebook.magics import without_cell_magic, without_magics, without_prompts
from grader.notebook.model import Cell

# What parsing one notebook may cost: under a second and 100 MB for the worst input found, and far more than a notebook
# written by hand needs.
_CELL_CHARACTERS = 50_000
_PARSED_CHARACTERS = 150_000
_KEPT_CHARACTERS = 2_000

# CPython 3.11 counts the depth of syntax trees for all threads together (SystemError: "AST constructor recursion depth
# mismatch"); whoever parses holds this.
PARSING = threading.Lock()


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


def parse(cells: Iterable[Cell]) -> tuple[Parsed, ...]:
    """Parse code cells, line and cell magics included.

    Args:
        cells: Cells; those that are no code are left out.

    Returns:
        One entry a code cell. Its body is None for a cell that is no Python, that another program would run
        (``%%bash``), or that would cost too much to parse.
    """
    return _parsed(tuple(cell for cell in cells if cell.kind == "code"))


# One submission's cells are asked several times what they define.
@lru_cache(maxsize=2)
def _parsed(cells: tuple[Cell, ...]) -> tuple[Parsed, ...]:
    left = _PARSED_CHARACTERS
    found: list[Parsed] = []
    for cell in cells:
        parsed = Parsed(cell, (), None)
        for text, shown in _readings(without_cell_magic(cell.source)):
            if len(text) > min(_CELL_CHARACTERS, left):
                break
            left -= len(text)
            parsed = Parsed(cell, tuple(shown.split("\n")), _body(text))
            if parsed.body is not None:
                break
        found.append(parsed)
    return tuple(found)


def _readings(source: str) -> Iterator[tuple[str, str]]:
    """What may be Python in a cell, and the text to show for it whose lines and columns are the same."""
    yield source, source
    plain = without_prompts(source)
    if plain != source:
        yield plain, plain
    python = without_magics(plain)
    if python != plain:
        yield python, plain


def _body(source: str) -> tuple[ast.stmt, ...] | None:
    return _kept_body(source) if len(source) <= _KEPT_CHARACTERS else _parsed_body(source)


# What a notebook was given out with stands in every one of a class, and half of what is right. What is kept stays under
# some 50 MB, however dense it is.
@lru_cache(maxsize=200)
def _kept_body(source: str) -> tuple[ast.stmt, ...] | None:
    return _parsed_body(source)


def _parsed_body(source: str) -> tuple[ast.stmt, ...] | None:
    try:
        with PARSING, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tuple(ast.parse(source).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError, SystemError):
        return None
