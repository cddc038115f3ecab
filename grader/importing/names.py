"""Names: what solutions define, what tests use, and names of Python for what another grader calls anything."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable, Iterator

from grader.importing.marks import solution_lines
from grader.notebook.model import Cell
from grader.notebook.names import bound_names
from grader.notebook.parse import parse


def solved_names(source: str) -> tuple[str, ...]:
    r"""The names that a cell's solution defines.

    Args:
        source: A code cell's text with tidy marks.

    Returns:
        What the statements with a solution in them bind, imports left out; what all statements bind where that
        is nothing.

    Example:
        >>> solved_names("import math\nk = 2\n### BEGIN SOLUTION\ndef f(): return k\n### END SOLUTION")
        ('f',)
    """
    (parsed,) = parse([Cell(1, source, "code")])
    marked = solution_lines(source)
    statements = [s for s in parsed.body or () if not isinstance(s, ast.Import | ast.ImportFrom)]
    solved = [s for s in statements if marked.intersection(range(s.lineno, (s.end_lineno or s.lineno) + 1))]
    for chosen in (solved, statements):
        if names := dict.fromkeys(name for statement in chosen for name in bound_names(statement)):
            return tuple(names)
    return ()


def used_names(code: str) -> frozenset[str]:
    """All names that occur in a test."""
    return frozenset(node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name))


def is_python(code: str) -> bool:
    """Whether a test is Python as it stands, without magics."""
    try:
        return bool(ast.parse(code).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def identifier(text: str) -> str:
    """A name in snake_case for any text.

    Example:
        >>> identifier("cell-6e9f"), identifier("correctSquares"), identifier("1.2 Überblick"), identifier("?")
        ('cell_6e9f', 'correct_squares', 'q1_2_berblick', 'q')
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    name = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    return name if name[:1].isalpha() else f"q{name}"


def identifiers(texts: Iterable[str], taken: Iterable[str] = ()) -> Iterator[str]:
    """Names in snake_case for texts, no two alike and none of them a keyword or taken.

    Example:
        >>> list(identifiers(["a b", "a-b", "class"]))
        ['a_b', 'a_b_2', 'class_2']
    """
    used = {*taken, *keyword.kwlist}
    for text in texts:
        base = name = identifier(text)
        number = 2
        while name in used:
            name, number = f"{base}_{number}", number + 1
        used.add(name)
        yield name
