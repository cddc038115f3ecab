"""The part of a check file that some of its functions need, so that the rest need not be shown or sent."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from grader.assignment.errors import BadAssignment
from grader.notebook.names import bound_names
from grader.notebook.parse import PARSING

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class _Statement:
    """A top-level statement: its text and the global names that it binds, changes in place and uses."""

    node: ast.stmt
    text: str
    binds: frozenset[str]
    changes: frozenset[str]
    uses: frozenset[str]


def extract(source: str, keep: Iterable[str], filename: str, *, strip_compare: bool = False) -> str:
    r"""Cut the named functions out of a check file, with the helpers, constants and imports they need.

    Statements keep their text and their order. Left out are all other definitions, comments and docstrings
    between statements, and imports of which nothing is used any more.

    Args:
        source: The check file.
        keep: Names of top-level functions or classes to keep.
        filename: What error messages call the file.
        strip_compare: Leave out the ``compare=`` of the decorators, and with it what is needed for nothing
            else, such as a function that makes labels: only the judge may have that.

    Returns:
        Python source that defines the names.

    Raises:
        BadAssignment: The source is no Python, or it defines no function or class of a given name.

    Example:
        >>> print(extract("import a, b\nK = a.k\ndef f(x): return x + K\ndef g(): return b", ["f"], "checks.py"))
        import a
        K = a.k
        <BLANKLINE>
        <BLANKLINE>
        def f(x): return x + K
        <BLANKLINE>
    """
    with PARSING:  # checks are cut out for student and reference at the same time
        statements = _statements(source, filename, strip_compare)
        reached = _reached(statements, tuple(keep), filename)
        kept: list[_Statement] = []
        for statement in statements:
            if _imports_only(statement.node):
                node = _used_part(statement.node, reached)
                if node is not None:
                    kept.append(statement if node is statement.node else replace(statement, text=ast.unparse(node)))
            elif (statement.binds | statement.changes) & reached:
                kept.append(statement)
        return _joined(kept)


# A grading run cuts each check out of the same file.
@lru_cache(maxsize=8)
def _statements(source: str, filename: str, strip_compare: bool) -> tuple[_Statement, ...]:
    source = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    try:
        body = ast.parse(source).body
        imported = {name for node in body if _imports_only(node) for name in bound_names(node)}
        texts = [_text(source, node, body, strip_compare) for node in body]
        return tuple(
            _Statement(
                node,
                text,
                binds=frozenset(bound_names(node)),
                # A call such as torch.manual_seed(0) is no part of what uses torch.
                changes=_changed_names(node) - imported,
                uses=frozenset(_global_names(symtable.symtable(text, filename, "exec"))) | _quoted_names(node),
            )
            for node, text in zip(body, texts, strict=True)
        )
    except SyntaxError as error:
        raise BadAssignment(f"{filename}: line {error.lineno} is not Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise BadAssignment(f"{filename} cannot be read as Python: {error or 'nested too deeply'}") from None


def _text(source: str, node: ast.stmt, body: list[ast.stmt], strip_compare: bool) -> str:
    """The statement's lines; only its own part of a line that it shares with another by a semicolon."""
    decorators = node.decorator_list if isinstance(node, _DEFINITIONS) else []
    first, last = (decorators[0] if decorators else node).lineno, node.end_lineno or node.lineno
    if any(n is not node and n.lineno <= last and (n.end_lineno or n.lineno) >= first for n in body):
        return ast.get_source_segment(source, node) or ""
    lines = source.split("\n")[first - 1 : last]
    if strip_compare:
        for decorator in reversed(decorators):
            if isinstance(decorator, ast.Call) and any(k.arg == "compare" for k in decorator.keywords):
                decorator.keywords = [k for k in decorator.keywords if k.arg != "compare"]
                end = decorator.end_lineno or decorator.lineno
                lines[decorator.lineno - first : end - first + 1] = [f"@{ast.unparse(decorator)}"]
    return "\n".join(lines)


def _global_names(table: symtable.SymbolTable) -> Iterator[str]:
    """The names that a piece of code looks up in its module, told from locals by Python's own rules."""
    for symbol in table.get_symbols():
        # A class body that both sets and reads a name may read the module's before it sets its own.
        in_class = table.get_type() == "class" and symbol.is_referenced()
        in_module = table.get_type() == "module"
        if symbol.is_referenced() if in_module else in_class or symbol.is_global():
            yield symbol.get_name()
    for child in table.get_children():
        yield from _global_names(child)


def _quoted_names(statement: ast.stmt) -> frozenset[str]:
    """The names in annotations that are written as strings."""
    found: set[str] = set()
    for node in ast.walk(statement):
        notes = (getattr(node, "annotation", None), getattr(node, "returns", None))
        for constant in (n for note in notes if isinstance(note, ast.expr) for n in ast.walk(note)):
            if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                words = constant.value.replace("[", " ").replace("]", " ").replace("|", " ").replace(",", " ")
                found.update(word.partition(".")[0] for word in words.split())
    return frozenset(found)


def _changed_names(statement: ast.stmt) -> frozenset[str]:
    """The names whose objects a statement changes in place: ``T[k] = v``, ``T.a = v``, ``T.update(...)``."""
    found: set[str] = set()
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
                continue
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                found.add(_root_name(node))
            case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):
                found.add(_root_name(method))
        stack.extend(ast.iter_child_nodes(node))
    return frozenset(found)


def _root_name(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _reached(statements: Sequence[_Statement], keep: tuple[str, ...], filename: str) -> set[str]:
    """The names to keep and all that they need, transitively."""
    defined = [s.node.name for s in statements if isinstance(s.node, _DEFINITIONS)]
    for name in keep:
        if name not in defined:
            known = ", ".join(defined) or "none at all"
            raise BadAssignment(f"{filename} defines no function {name!r}; it defines {known}")
    reached: set[str] = set()
    waiting = set(keep)
    while waiting:
        reached |= waiting
        needed = [s.uses for s in statements if (s.binds | s.changes) & waiting]
        waiting = set().union(*needed) - reached
    return reached


def _imports_only(node: ast.stmt) -> bool:
    """Whether a statement is an import, or an ``if`` such as ``if TYPE_CHECKING`` around imports."""
    if isinstance(node, ast.If):
        return all(map(_imports_only, node.body + node.orelse))
    return isinstance(node, ast.Import | ast.ImportFrom)


def _used_part(node: ast.stmt, used: set[str]) -> ast.stmt | None:
    """The import with only the names that are used: the very node if all are, None if none is."""
    if isinstance(node, ast.If):
        body = [part for n in node.body if (part := _used_part(n, used)) is not None]
        orelse = [part for n in node.orelse if (part := _used_part(n, used)) is not None]
        if body == node.body and orelse == node.orelse:
            return node
        return ast.If(node.test, body or [ast.Pass()], orelse) if body or orelse else None
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return node
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return node
    # What a star brings in is not known, so it stays.
    names = [a for a in node.names if a.name == "*" or (a.asname or a.name.partition(".")[0]) in used]
    if len(names) == len(node.names):
        return node
    if not names:
        return None
    return ast.Import(names) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, names, node.level)


def _joined(kept: list[_Statement]) -> str:
    """The statements with two empty lines around functions and classes, and else as close as they were."""
    text = ""
    for before, statement in zip([None, *kept], kept, strict=False):
        if before is not None:
            near = statement.node.lineno - (before.node.end_lineno or before.node.lineno) <= 1
            apart = isinstance(before.node, _DEFINITIONS) or isinstance(statement.node, _DEFINITIONS)
            text += "\n\n\n" if apart else "\n" if near else "\n\n"
        text += statement.text
    return text + "\n" if text else ""
