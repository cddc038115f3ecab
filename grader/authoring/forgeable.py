"""Verdicts that a check computes from data beside a student's code, where a patched ``==`` can forge them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

from grader.authoring.spec import Forgeable

# A comment that says: this line's boolean is a fact about the work and no verdict on its data.
FACT = "# fact"

_FACT_ATTRIBUTES = frozenset(
    {
        *("shape", "dtype", "device", "ndim", "layout", "training", "requires_grad", "is_leaf", "is_sparse"),
        *("grad_fn", "names", "__name__", "__qualname__", "__class__", "__doc__", "__module__"),
    }
)
_FACT_CALLS = frozenset(
    {
        *("len", "type", "isinstance", "issubclass", "id", "hasattr", "callable", "is_tensor", "is_floating_point"),
        *("dim", "size", "numel", "stride", "storage_offset", "is_contiguous", "data_ptr", "element_size", "keys"),
        *("raises", "modes", "hooks", "shares_storage", "aliases", "random_state"),
    }
)
_COMPARES = frozenset(
    {
        *("equal", "allclose", "isclose", "array_equal", "array_equiv"),
        *("eq", "ne", "lt", "le", "gt", "ge", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    }
)
_INSIDE = frozenset({"asserted", "printed"})
_REDUCES = frozenset({"all", "any"})
_KEEPS = frozenset(
    {"bool", "int", "float", "str", "repr", "item", "tolist", "not_", "list", "tuple", "sorted", "clone"}
)
_ADDS = frozenset({"append", "extend", "add", "update", "insert", "setdefault"})
_ORDER = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def forgeable(source: str) -> tuple[Forgeable, ...]:
    r"""Find the verdicts that the checks of a file return.

    Comparisons of what comes from the work or the inputs count (``torch.equal``, ``allclose``, ``==``, ``.all()``
    and the like), whether they are returned, collected in a dict first, hidden in a helper or an f-string, or decide
    which names are listed. Facts do not: ``is``, ``in``, lengths, shapes, types, flags such as ``model.training``,
    and whatever stands on a line with a comment ``# fact``.

    Args:
        source: A check file.

    Returns:
        One entry a verdict, in the order of the file.

    Example:
        >>> (found,) = forgeable("@check()\ndef same(work, rng):\n  return torch.equal(work.f(1), rng.normal(2))")
        >>> found.line, found.what
        (3, 'torch.equal(work.f(1), rng.normal(2))')
    """
    tree = ast.parse(source)
    lines = source.splitlines()
    helpers = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    found: dict[tuple[int, int], Forgeable] = {}
    for check in (node for node in helpers.values() if any(map(_is_check, node.decorator_list))):
        for verdict in _Reading(check, helpers, frozenset()).verdicts():
            last = verdict.end_lineno or verdict.lineno
            if not any(FACT in line for line in lines[verdict.lineno - 1 : last]):
                entry = Forgeable(verdict.lineno, check.name, _shown(verdict), tuple(_operands(verdict)))
                found.setdefault((verdict.lineno, verdict.col_offset), entry)
    return tuple(found[place] for place in sorted(found))


# Asked for each submission of a class, of the same file.
@lru_cache(maxsize=4)
def inside_judges(source: str) -> tuple[str, ...]:
    r"""Find the checks that run a test which decides for itself (`grader.authoring.asserts`): allowed, and forgeable.

    Args:
        source: A check file.

    Returns:
        Their names, in the order of the file.

    Example:
        >>> inside_judges("@check()\ndef same(work, rng):\n  return asserted('assert f(1)', work)")
        ('same',)
    """
    if not any(name in source for name in _INSIDE):
        return ()
    checks = [
        n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and any(map(_is_check, n.decorator_list))
    ]
    return tuple(
        check.name
        for check in checks
        if any(isinstance(node, ast.Call) and _called(node) in _INSIDE for node in ast.walk(check))
    )


class _Reading:
    """One function of a check file: which of its names hold data, and which of its results are verdicts on it."""

    def __init__(self, function: ast.FunctionDef, helpers: dict[str, ast.FunctionDef], seen: frozenset[str]) -> None:
        self._function = function
        self._helpers = helpers
        self._seen = seen | {function.name}
        self._given = _contributions(function)
        self._data = {a.arg for node in ast.walk(function) if isinstance(node, _FUNCTIONS) for a in _arguments(node)}
        self._spread()

    def verdicts(self) -> Iterator[ast.expr]:
        """The expressions in what it returns that are verdicts."""
        for node in _own_nodes(self._function):
            if isinstance(node, ast.Return) and node.value is not None:
                yield from self._verdicts(node.value, frozenset())

    def _spread(self) -> None:
        """Follow data through assignments until no further name holds any."""
        growing = True
        while growing:
            fresh = {
                name
                for name, values in self._given.items()
                if name not in self._data and any(map(self._is_data, values))
            }
            self._data |= fresh
            growing = bool(fresh)

    def _is_data(self, node: ast.AST) -> bool:
        """Whether an expression holds values that come from the work or the inputs, and not only facts about them."""
        match node:
            case ast.Name():
                return node.id in self._data
            case ast.Attribute():
                return node.attr not in _FACT_ATTRIBUTES and self._is_data(node.value)
            case ast.Call() if _called(node) in _FACT_CALLS:
                return False
            case ast.Compare() if not any(isinstance(op, _ORDER) for op in node.ops):
                return False
        return any(self._is_data(child) for child in ast.iter_child_nodes(node))

    def _verdicts(self, node: ast.expr, names: frozenset[str]) -> Iterator[ast.expr]:
        """The verdicts in an expression that is returned; `names` are those being looked into already."""
        match node:
            case ast.Name() if node.id not in names:
                for value in self._given.get(node.id, ()):
                    yield from self._verdicts(value, names | {node.id})
            case ast.Compare():
                if any(isinstance(op, _ORDER) for op in node.ops) and any(
                    map(self._is_data, (node.left, *node.comparators))
                ):
                    yield node
            case ast.IfExp():
                for part in (node.test, node.body, node.orelse):
                    yield from self._verdicts(part, names)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                elements = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
                for part in (*elements, *(test for g in node.generators for test in g.ifs)):
                    yield from self._verdicts(part, names)
            case ast.Call():
                yield from self._in_call(node, names)
            case ast.Dict() | ast.List() | ast.Tuple() | ast.Set() | ast.BoolOp() | ast.BinOp() | ast.UnaryOp():
                yield from self._in_parts(ast.iter_child_nodes(node), names)
            case ast.Starred() | ast.JoinedStr() | ast.FormattedValue() | ast.NamedExpr() | ast.Subscript():
                yield from self._in_parts(ast.iter_child_nodes(node), names)

    def _in_parts(self, parts: Iterable[ast.AST], names: frozenset[str]) -> Iterator[ast.expr]:
        for part in parts:
            if isinstance(part, ast.expr):
                yield from self._verdicts(part, names)

    def _in_call(self, node: ast.Call, names: frozenset[str]) -> Iterator[ast.expr]:
        name = "" if isinstance(node.func, ast.Name) and node.func.id in self._given else _called(node)
        parts = (*_receiver(node), *node.args, *(keyword.value for keyword in node.keywords))
        # Python's own any() and all() of facts are facts; a tensor's are of data.
        reduced = name in _REDUCES and isinstance(node.func, ast.Attribute)
        on_data = any(map(self._is_data, parts))
        if on_data and (name in _COMPARES or reduced):
            yield node
        elif name in _KEEPS or name in _REDUCES:
            yield from self._in_parts(parts, names)
        elif on_data and isinstance(node.func, ast.Name) and name in self._helpers and name not in self._seen:
            yield from _Reading(self._helpers[name], self._helpers, self._seen).verdicts()


def _contributions(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """For each name of a function all that is assigned to it, to its items, or added to it."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        for target, value in _giving(node):
            for root, part in _spread_out(target, value):
                found.setdefault(root, []).append(part)
    return found


def _giving(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What a node gives a value to, and the value, or that which the value is taken from."""
    match node:
        case ast.Assign():
            yield from ((target, node.value) for target in node.targets)
        case ast.AugAssign() | ast.NamedExpr():
            yield node.target, node.value
        case ast.AnnAssign(value=ast.expr() as value):
            yield node.target, value
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            yield node.target, node.iter
        case ast.withitem(optional_vars=ast.expr() as target):
            yield target, node.context_expr
        case ast.Call(func=ast.Attribute(attr=attr) as method) if attr in _ADDS:
            yield from ((method.value, value) for value in (*node.args, *(keyword.value for keyword in node.keywords)))


def _spread_out(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The names in a target, each with its part of the value where that is known."""
    if isinstance(target, ast.Tuple | ast.List):
        parts = value.elts if isinstance(value, ast.Tuple | ast.List) else []
        if len(parts) != len(target.elts):
            parts = [value] * len(target.elts)
        for one, part in zip(target.elts, parts, strict=True):
            yield from _spread_out(one, part)
        return
    while isinstance(target, ast.Subscript | ast.Starred):
        target = target.value
    if isinstance(target, ast.Name):
        yield target.id, value


def _own_nodes(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            stack.extend(ast.iter_child_nodes(node))


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> list[ast.arg]:
    arguments = function.args
    rest = [a for a in (arguments.vararg, arguments.kwarg) if a]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _receiver(node: ast.Call) -> tuple[ast.expr, ...]:
    return (node.func.value,) if isinstance(node.func, ast.Attribute) else ()


def _is_check(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and _called(decorator) == "check"


def _operands(verdict: ast.expr) -> Iterator[str]:
    """What a verdict compares, for the advice to return that instead."""
    for node in ast.walk(verdict):
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and _called(node) in _COMPARES:
            parts = [*(r for r in _receiver(node) if not _is_module(r)), *node.args[:2]]
        else:
            continue
        yield from (_shown(part) for part in parts if not isinstance(part, ast.Constant))
        return
    yield _shown(verdict)


def _is_module(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("torch", "np", "numpy")


def _shown(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 80 else text[:77] + "..."
