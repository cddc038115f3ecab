"""Where a definition may be changed: everywhere but in what no check can or should tell from the original."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from grader.verify.operators.place import Place, called, dotted

_CLOSED = (cst.Raise, cst.Annotation, cst.Import, cst.ImportFrom, cst.Decorator)
_LOGS = frozenset({"warnings", "logging", "logger", "log"})


def places(node: cst.CSTNode, parents: tuple[cst.CSTNode, ...] = ()) -> Iterator[Place]:
    """Walk through a definition, from outside to inside.

    Docstrings, annotations, imports, what is printed, logged or said by an error, and steps without which a ``while``
    would not end are left out.

    Args:
        node: The definition, or a part of it.
        parents: What it is part of, the nearest first.

    Yields:
        Each node that may be changed, with what it stands in.
    """
    if _is_text(node) or _ends_loop(node, parents):
        return
    yield Place(node, parents)
    for child in _parts(node):
        yield from places(child, (node, *parents))


def _parts(node: cst.CSTNode) -> Sequence[cst.CSTNode]:
    """The parts of a node that may be changed on their own."""
    if isinstance(node, _CLOSED):
        return ()
    return (node.test,) if isinstance(node, cst.Assert) else node.children


def _is_text(node: cst.CSTNode) -> bool:
    """Whether a statement is a docstring, or writes what only people read."""
    match node:
        case cst.Annotation():
            return True
        case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString()):
            return True
        case cst.Expr(value=cst.Call() as call):
            return called(call) == "print" or dotted(call.func).partition(".")[0] in _LOGS
    return False


def _ends_loop(node: cst.CSTNode, parents: Sequence[cst.CSTNode]) -> bool:
    """Whether a statement steps what the condition of a ``while`` around it asks for, and nothing else would end it."""
    match node:
        case cst.AugAssign(target=stepped) | cst.Expr(value=cst.Call(func=cst.Attribute(value=stepped))):
            loops = [parent for parent in parents if isinstance(parent, cst.While)]
            return any(_asks_for(loop.test, stepped) for loop in loops)
    return False


def _asks_for(test: cst.BaseExpression, stepped: cst.CSTNode) -> bool:
    if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And):
        return False
    return _holds(test, stepped)


def _holds(node: cst.CSTNode, part: cst.CSTNode) -> bool:
    return node.deep_equals(part) or any(_holds(child, part) for child in node.children)
