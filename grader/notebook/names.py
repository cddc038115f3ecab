"""Which names a statement gives a value to at the top level of its cell or module."""

from __future__ import annotations

import ast

from grader.notebook.nodes import children

_OWN_SCOPE = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def bound_names(statement: ast.stmt) -> tuple[str, ...]:
    """The names that a top-level statement binds, what it holds in blocks included.

    Args:
        statement: A statement of a module's body.

    Returns:
        The names in the order of the source, each once; ``from x import *`` binds none that is known.

    Example:
        >>> bound_names(ast.parse("for i in y: import a.b; n = (m := 1)").body[0])
        ('i', 'a', 'n', 'm')
    """
    found: dict[str, None] = {}
    # A stack and no recursion: students write nested code that is deeper than Python's call stack.
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, _OWN_SCOPE):
            continue
        if (name := _bound_by(node)) is not None:
            found[name] = None
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            stack.extend(reversed(children(node)))
    return tuple(found)


def _bound_by(node: ast.AST) -> str | None:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return node.name
        case ast.Name(ctx=ast.Store()):
            return node.id
        case ast.alias() if node.name != "*":
            return node.asname or node.name.partition(".")[0]
        case ast.MatchAs() | ast.MatchStar():
            return node.name
        case ast.MatchMapping():
            return node.rest
        case _:
            return None
