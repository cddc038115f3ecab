"""What the cells of a notebook define, told from their text alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import lru_cache

from grader.notebook.model import Cell
from grader.notebook.names import bound_names
from grader.notebook.parse import Parsed, parse

__all__ = ["definitions", "definitions_only", "source_of", "uses_torchvision"]

_LOOKS_LIKE_DEFINITION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+([^\W\d]\w*)", re.MULTILINE)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def definitions(cells: Iterable[Cell]) -> dict[str, tuple[int, ...]]:
    r"""Find which names each code cell defines at its top level.

    Functions, classes, assignments and imports count, in ``if`` and ``try`` blocks too. A cell that does not
    parse counts with the lines that start with ``def`` or ``class``.

    Args:
        cells: Cells; those that are no code are left out.

    Returns:
        For each name the numbers of the cells that define it, in order.

    Example:
        >>> definitions([Cell(1, "import os\nx = 1", "code"), Cell(2, "def x(: pass", "code")])
        {'os': (1,), 'x': (1, 2)}
    """
    found: dict[str, list[int]] = {}
    for parsed, names in _parsed_names(tuple(cells)):
        for name in names:
            found.setdefault(name, []).append(parsed.cell.number)
    return {name: tuple(numbers) for name, numbers in found.items()}


def source_of(cells: Iterable[Cell], names: Iterable[str]) -> tuple[str, tuple[int, ...]]:
    """Cut out the student's own code for some names: the last definition of each.

    Args:
        cells: Cells; those that are no code are left out.
        names: The names of an exercise.

    Returns:
        The code in the order of the notebook, and the numbers of the cells it is from. A cell that does not
        parse is given whole. Names that no cell defines are left out: ``("", ())`` where none does.

    Example:
        >>> source_of([Cell(1, "x = 1; y = 2", "code"), Cell(2, "print(x)", "code")], ["y"])
        ('y = 2', (1,))
    """
    parsed_cells = _parsed_names(tuple(cells))
    # Place in the notebook (cell, statement) to text, so that two names of one statement give it once.
    places: dict[tuple[int, int], str] = {}
    for name in set(names):
        for parsed, defined in reversed(parsed_cells):
            if name in defined:
                place, text = _last_definition(parsed, name)
                places[parsed.cell.number, place] = text
                break
    text = "\n\n".join(places[place] for place in sorted(places))
    return text, tuple(sorted({number for number, _ in places}))


def definitions_only(source: str) -> str:
    r"""Cut a cell down to its imports, functions and classes, to save them from a cell that had to be killed.

    Args:
        source: A code cell's text.

    Returns:
        Python with those statements on the lines where they stood; "" for a cell that does not parse.

    Example:
        >>> definitions_only("import os\nwhile True: pass\ndef f(): return 1")
        'import os\n#\ndef f(): return 1'
    """
    (parsed,) = parse([Cell(1, source, "code")])
    text = ""
    for statement in parsed.body or ():
        if isinstance(statement, (*_DEFINITIONS, ast.Import, ast.ImportFrom)):
            decorators = getattr(statement, "decorator_list", [])
            missing = (decorators[0] if decorators else statement).lineno - 1 - text.count("\n")
            # A comment in each empty line, because IPython drops empty lines at the start of a cell.
            filler = "\n" + "#\n" * (missing - 1) if text and missing else "#\n" * missing
            text += (filler if missing else "; " if text else "") + parsed.text(statement)
    return text


def uses_torchvision(text: str) -> bool:
    """Tell whether a text mentions torchvision, which takes seconds to import."""
    return "torchvision" in text


# One submission's cells are asked for each exercise.
@lru_cache(maxsize=2)
def _parsed_names(cells: tuple[Cell, ...]) -> tuple[tuple[Parsed, tuple[str, ...]], ...]:
    """Each cell with the names that it defines, in order."""
    return tuple((parsed, tuple(_names(parsed))) for parsed in parse(cells))


def _names(parsed: Parsed) -> list[str]:
    if parsed.body is None:
        names = _LOOKS_LIKE_DEFINITION.findall(parsed.cell.source)
    else:
        names = [name for statement in parsed.body for name in bound_names(statement)]
    return list(dict.fromkeys(names))


def _last_definition(parsed: Parsed, name: str) -> tuple[int, str]:
    for place, statement in reversed(list(enumerate(parsed.body or ()))):
        if name in bound_names(statement):
            return place, parsed.text(statement)
    return 0, parsed.cell.source
