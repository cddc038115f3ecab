"""Which statements of a notebook make up an exercise: what defines its names, and the helpers that they reach."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from grader.looks.scan import Scanned
from grader.notebook.names import bound_names
from grader.notebook.nodes import children


@dataclass(frozen=True)
class Statement:
    """A top-level statement of a cell, parsed and read.

    Attributes:
        cell: The cell's number.
        binds: The names that it binds.
        changes: The names of which it changes an attribute or an item.
        holds: What it holds.
    """

    cell: int
    binds: frozenset[str]
    changes: frozenset[str]
    holds: Scanned


def statement(cell: int, node: ast.stmt, holds: Scanned) -> Statement:
    """Put a statement together from its parts."""
    return Statement(cell, frozenset(bound_names(node)), frozenset(_changed(node)), holds)


def reached(statements: Sequence[Statement], names: Sequence[str]) -> list[int]:
    """Find the statements that make up some names.

    A name that is used inside a function means its last definition, one that is used as the notebook runs the last
    one before: an early attempt that was replaced counts only where something took hold of it in time.

    Args:
        statements: All top-level statements of the notebook, in order.
        names: The names of an exercise.

    Returns:
        The places of the statements, in order.
    """
    end = len(statements)
    binding, changing = _places(s.binds for s in statements), _places(s.changes for s in statements)
    waiting = [(name, end) for name in names]
    seen: set[tuple[str, int]] = set()
    found: set[int] = set()
    while waiting:
        name, before = waiting.pop()
        place = _last_before(binding.get(name, []), before)
        if (name, place) in seen:
            continue
        seen.add((name, place))
        for i in {*changing.get(name, ()), *([place] if place >= 0 else [])} - found:
            found.add(i)
            waiting += [(used, i) for used in statements[i].holds.now]
            waiting += [(used, end) for used in statements[i].holds.later]
    return sorted(found)


def _places(names: Iterable[frozenset[str]]) -> dict[str, list[int]]:
    """For each name the places of the statements that hold it, in order."""
    found: dict[str, list[int]] = {}
    for i, held in enumerate(names):
        for name in held:
            found.setdefault(name, []).append(i)
    return found


def _last_before(places: list[int], before: int) -> int:
    """The last place before another; where none is before, the last of all; -1 for none."""
    earlier = bisect_left(places, before)
    return places[earlier - 1] if places else -1


def _changed(node: ast.stmt) -> set[str]:
    found: set[str] = set()
    stack: list[ast.AST] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load):
            root: ast.AST = part
            while isinstance(root, ast.Attribute | ast.Subscript):
                root = root.value
            if isinstance(root, ast.Name):
                found.add(root.id)
        stack.extend(children(part))
    return found
