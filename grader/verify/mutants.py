"""Wrong solutions made from the reference, each by one small change."""

from __future__ import annotations

import ast
import hashlib
import itertools
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst
import msgspec

from grader.assignment.errors import BadAssignment
from grader.notebook.names import bound_names
from grader.notebook.parse import PARSING
from grader.verify.operators.place import Change, Operator, Place
from grader.verify.operators.registry import OPERATORS
from grader.verify.walk import places

_ID_BYTES = 5


class Mutant(msgspec.Struct, frozen=True, kw_only=True):
    """The reference's definitions with one small change.

    Attributes:
        id: Digest of the change and of the names of the definitions around it, of 10 hex digits: it stays the same
            whatever is edited elsewhere, and however the code is formatted or commented.
        operator: What kind of change it is.
        line: The first changed line of the source that the mutants were made of, from 1.
        before: The changed lines as they were.
        after: The lines that took their place; "" where there are none.
        source: All of the definitions, with the change.
    """

    id: str
    operator: str
    line: int
    before: str
    after: str
    source: str

    @property
    def diff(self) -> str:
        """The change as a unified diff without context: lines that begin with "-", then lines with "+"."""
        old = [f"-{line}" for line in self.before.split("\n") if self.before]
        new = [f"+{line}" for line in self.after.split("\n") if self.after]
        return "\n".join([*old, *new])


@dataclass(frozen=True)
class _Variant:
    """A top-level statement with one change: its text, its syntax tree, and where and how it was changed."""

    operator: Operator
    place: Place
    text: str
    tree: ast.Module


def mutants(source: str, names: Sequence[str]) -> tuple[Mutant, ...]:
    r"""Make all mutants of some definitions.

    Args:
        source: Code of the reference, as `grader.assignment.extract.extract` cuts it out.
        names: The names whose definitions are changed; whatever else the source holds stays.

    Returns:
        The mutants in the order of the source. Each compiles, and no two have the same syntax tree, nor the source's.

    Raises:
        BadAssignment: The source is no Python, or does not define one of the names.

    Example:
        >>> for mutant in mutants("def f(x):\n    return x.sum(0)  # rows\n", ["f"]):
        ...     print(mutant.operator, mutant.after.strip(), sep=": ")
        nothing returned: return None  # rows
        dimension: return x.sum(1)  # rows
        result detached: return x.sum(0).detach()  # rows
        other function: return x.mean(0)  # rows
    """
    try:
        module = cst.parse_module(source)
    except cst.ParserSyntaxError as error:
        raise BadAssignment(f"the solution's line {error.raw_line} is not Python: {error.message}") from None
    code = module.code
    counted: Counter[tuple[str, ...]] = Counter()
    found: list[Mutant] = []
    defined: set[str] = set()
    start = len("".join(map(module.code_for_node, module.header)))
    for statement in module.body:
        text = module.code_for_node(statement)
        tree = _tree(text)
        bound = {name for node in tree.body for name in bound_names(node)} if tree else set()
        if tree is not None and not bound.isdisjoint(names):
            defined |= bound
            for variant in _variants(module, statement, tree):
                changed = code[:start] + variant.text + code[start + len(text) :]
                found.append(_mutant(code, changed, tree, variant, counted))
        start += len(text)
    if missing := [name for name in names if name not in defined]:
        raise BadAssignment(f"the solution does not define {', '.join(missing)}, so it cannot be changed there")
    return tuple(found)


def _variants(module: cst.Module, statement: cst.CSTNode, tree: ast.Module) -> Iterator[_Variant]:
    """Each different statement that one change makes of this one and that compiles."""
    seen = {ast.dump(tree)}
    for place in places(statement):
        for operator, change in _changes(place):
            text = module.code_for_node(_replaced(statement, place, change))
            changed = _tree(text)
            if changed is not None and ast.dump(changed) not in seen:
                seen.add(ast.dump(changed))
                yield _Variant(operator, place, text, changed)


def _changes(place: Place) -> Iterator[tuple[Operator, Change]]:
    for operator in OPERATORS:
        try:
            yield from ((operator, change) for change in operator.changes(place))
        except cst.CSTValidationError:
            continue  # such as `if(x)`, where a name in place of the parenthesis would need a space


def _replaced(statement: cst.CSTNode, place: Place, change: Change) -> cst.CSTNode:
    changed = statement.visit(_Replacement(place, change))
    if not isinstance(changed, cst.CSTNode):
        raise TypeError("an operator removes parts of statements only, never a definition")
    return changed


class _Replacement(cst.CSTTransformer):
    """Puts a change in its place, and visits nothing that the place is not in."""

    def __init__(self, place: Place, change: Change) -> None:
        super().__init__()
        self._place = place
        self._change = change

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Whether the place may be below a node."""
        return any(node is parent for parent in self._place.parents)

    def on_leave(self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT) -> Any:
        """The change for the node that it is meant for, any other node as it is."""
        return self._change if original_node is self._place.node else updated_node


def _tree(text: str) -> ast.Module | None:
    """The syntax tree of code; None where it does not compile."""
    try:
        with PARSING, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, "solution", "exec", dont_inherit=True)
            return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _mutant(
    source: str, changed: str, tree: ast.Module, variant: _Variant, counted: Counter[tuple[str, ...]]
) -> Mutant:
    line, before, after = _difference(source, changed)
    # Unparsed, code has no comments and one format; so the id does not depend on them.
    _, old, new = _difference(ast.unparse(tree), ast.unparse(variant.tree))
    key = (variant.operator.name, _scope(variant.place), old, new)
    counted[key] += 1
    digest = hashlib.blake2b("\0".join([*key, str(counted[key])]).encode(), digest_size=_ID_BYTES)
    return Mutant(
        id=digest.hexdigest(), operator=variant.operator.name, line=line, before=before, after=after, source=changed
    )


def _scope(place: Place) -> str:
    """The dotted name of the definition that a place is in."""
    around = [node.name.value for node in place.parents if isinstance(node, cst.FunctionDef | cst.ClassDef)]
    return ".".join(reversed(around))


def _difference(before: str, after: str) -> tuple[int, str, str]:
    """The number of the first line in which two texts differ, and the lines from there to the last such line."""
    old, new = before.split("\n"), after.split("\n")
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    old, new = old[same:], new[same:]
    while old and new and old[-1] == new[-1]:
        old.pop()
        new.pop()
    return same + 1, "\n".join(old), "\n".join(new)
