"""Read one statement: what it refers to by Python's rules of scope, and which names it looks up when."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from grader.notebook.names import bound_names
from grader.notebook.nodes import children, statements

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True)
class Reference:
    """A name, or a name with attributes, where it stands.

    Attributes:
        line: Its line in the cell.
        path: Where it leads, such as "torch.nn.functional.softmax" through imports and aliases, or "eval" for a
            builtin; "" for a value of the notebook's own.
        method: For an attribute of such a value, its name.
        of_self: Whether that value is called ``self`` or ``cls``.
        text: What stands there.
        changed: Whether it is assigned to or deleted.
    """

    line: int
    path: str = ""
    method: str = ""
    of_self: bool = False
    text: str = ""
    changed: bool = False


@dataclass(frozen=True)
class Called:
    """A call with arguments.

    Attributes:
        line: Its line in the cell.
        name: The last part of what is called.
        paths: Where that leads, as in `Reference`.
        arguments: The arguments.
        given: Where those of them lead that are names.
    """

    line: int
    name: str
    paths: list[str]
    arguments: tuple[ast.expr, ...]
    given: tuple[str, ...]


@dataclass
class Scanned:
    """What a statement holds.

    Attributes:
        references: Everything that it refers to.
        calls: Every call with arguments.
        imports: The modules and members that it imports, with their lines.
        texts: Every text constant with its line.
        methods: Names of the methods and of the attributes of ``self`` that it defines.
        now: Names of the notebook that it looks up as it runs.
        later: Names that it looks up when what it defines is called.
    """

    references: list[Reference] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    imports: list[tuple[int, str]] = field(default_factory=list)
    texts: list[tuple[int, str]] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)
    now: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)


def imported(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """The names that an import binds, and where each leads; for ``import *`` the name is "*"."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else alias.name.split(".")[0]
    elif isinstance(node, ast.ImportFrom):
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            yield alias.asname or alias.name, module if alias.name == "*" else f"{module}.{alias.name}"


def environment(statements: Iterable[ast.stmt]) -> dict[str, str]:
    """Where each top-level name of a notebook leads, as it stands when all cells have run.

    Args:
        statements: The notebook's top-level statements in order.

    Returns:
        For an import or an alias of one its path, for any other name ""; under "*" the modules that were imported
        whole, separated by blanks.
    """
    found: dict[str, str] = {}
    for statement in statements:
        _bind(found, statement)
    return found


def scan(statement: ast.stmt, outer: Mapping[str, str]) -> Scanned:
    """Read one top-level statement.

    Args:
        statement: The statement.
        outer: The notebook's `environment`.

    Returns:
        What it holds.

    Raises:
        RecursionError: It is nested too deeply.
    """
    scanner = _Scanner(outer)
    scanner.visit(statement)
    return scanner.found


def _bind(names: dict[str, str], statement: ast.stmt) -> None:
    """Enter what a statement binds, what it holds in blocks included, in the order of the source."""
    fresh = dict.fromkeys(bound_names(statement), "")
    for node in statements(statement, in_scopes=False):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name, path in imported(node):
                if name == "*":
                    names["*"] = f"{names.get('*', '')} {path}".strip()
                else:
                    fresh[name] = path
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            root, attributes = _chain(node.value)
            path = fresh.get(root, names.get(root, "")) if root else ""
            fresh[node.targets[0].id] = ".".join([path, *attributes]) if path else ""
    names.update(fresh)


def _chain(node: ast.AST) -> tuple[str, list[str]]:
    """The root name of ``a.b.c`` ("" where the root is no name) and the attributes."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.insert(0, node.attr)
        node = node.value
    return (node.id if isinstance(node, ast.Name) else ""), attributes


class _Scanner(ast.NodeVisitor):
    """Walks a statement with the scopes that Python would make."""

    def __init__(self, outer: Mapping[str, str]) -> None:
        self.found = Scanned()
        self._outer = outer
        # Innermost last: the names of each function or comprehension, and where they lead.
        self._scopes: list[dict[str, str]] = []
        self._depth = 0

    def generic_visit(self, node: ast.AST) -> None:
        for child in children(node):
            self.visit(child)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *_outside(node.args), *([node.returns] if node.returns else [])):
            self.visit(part)
        self._function(node.args, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - these names are those of ast

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in _outside(node.args):
            self.visit(part)
        self._function(node.args, [ast.Expr(node.body)])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.found.methods.update(n.name for n in node.body if isinstance(n, _FUNCTIONS))
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            self.found.imports += [(node.lineno, alias.name) for alias in node.names]
        else:
            self.found.imports += [(node.lineno, f"{node.module or ''}.{alias.name}") for alias in node.names]

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        self._scopes.append({n.id: "" for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)})
        self.generic_visit(node)
        self._scopes.pop()

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp  # noqa: N815

    def visit_Name(self, node: ast.Name) -> None:
        self._refer(node, node.id, [])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        root, attributes = _chain(node)
        if root in ("self", "cls") and isinstance(node.ctx, ast.Store):
            self.found.methods.add(attributes[0])
        self._refer(node, root, attributes)
        inner: ast.AST = node
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        if not isinstance(inner, ast.Name):
            self.visit(inner)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.MatMult):
            self.found.references.append(Reference(node.lineno, method="matmul", text="@"))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        arguments = (*node.args, *(keyword.value for keyword in node.keywords))
        if arguments:
            root, attributes = _chain(node.func)
            name = attributes[-1] if attributes else root
            paths = tuple(path for argument in arguments for path in self._paths(*_chain(argument)))
            self.found.calls.append(Called(node.lineno, name, self._paths(root, attributes), arguments, paths))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.found.texts.append((node.lineno, node.value))

    def _function(self, arguments: ast.arguments, body: list[ast.stmt]) -> None:
        names = {a.arg: "" for a in ast.walk(arguments) if isinstance(a, ast.arg)}
        inner = [d for s in body for d in statements(s, in_scopes=True)]
        declared = {name for d in inner if isinstance(d, ast.Global | ast.Nonlocal) for name in d.names}
        for statement in body:
            if isinstance(statement, ast.stmt):
                _bind(names, statement)
        self._scopes.append({name: path for name, path in names.items() if name not in declared})
        self._depth += 1
        for statement in body:
            self.visit(statement)
        self._depth -= 1
        self._scopes.pop()

    def _refer(self, node: ast.Name | ast.Attribute, root: str, attributes: list[str]) -> None:
        loaded = isinstance(node.ctx, ast.Load)
        if not (loaded or attributes):
            return  # a name that is given a value
        if root and not any(root in scope for scope in self._scopes):
            (self.found.later if self._depth else self.found.now).add(root)
        changed = bool(attributes) and not loaded
        text = ".".join([root or "…", *attributes])
        paths = self._paths(root, attributes)
        for path in paths:
            self.found.references.append(Reference(node.lineno, path, text=text, changed=changed))
        if attributes and not paths:
            of_self = root in ("self", "cls") and len(attributes) == 1
            self.found.references.append(Reference(node.lineno, "", attributes[-1], of_self, text, changed))

    def _paths(self, root: str, attributes: list[str]) -> list[str]:
        """Where a chain may lead: one place, none for a value, or one for each module that was imported whole."""
        scope = next((scope for scope in reversed(self._scopes) if root in scope), self._outer)
        if root in scope:
            starts = [scope[root]] if scope[root] else []
        elif root in _BUILTINS:
            starts = [root]
        else:
            starts = [f"{module}.{root}" for module in self._outer.get("*", "").split() if root]
        return [".".join([start, *attributes]) for start in starts]


def _outside(arguments: ast.arguments) -> list[ast.expr]:
    """What a function's arguments hold that is looked up where the function is defined."""
    notes = [a.annotation for a in ast.walk(arguments) if isinstance(a, ast.arg) and a.annotation]
    return [*arguments.defaults, *(default for default in arguments.kw_defaults if default), *notes]
