"""What a grade was judged from: kept with each attempt, so that it can be judged again and nothing need be run."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from grader.assignment.errors import BadAssignment
from grader.assignment.extract import extract
from grader.errors import BadInput
from grader.notebook.parse import PARSING
from grader.observe.results import CellEnd
from grader.wire.body import read_body
from grader.wire.errors import WireError
from grader.wire.outcome import Outcome

_FILE_BYTES = 1 << 30
# The observations themselves count as one value each.
_VALUES = 1_000_000
_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Asked(msgspec.Struct, frozen=True):
    """What the work was asked, as digests: where one of them is another now, old observations answer nothing.

    Attributes:
        checks: SHA-256 of what each check runs, by name (see `check_digests`).
        data: SHA-256 of the assignment's data, which notebook and checks read.
    """

    checks: dict[str, str]
    data: str


class Evidence(msgspec.Struct, frozen=True):
    """What a grade was judged from.

    Attributes:
        outcomes: The outcome of each check, by device and name.
        asked: What was asked; None in attempts of a grader that did not keep it.
        ends: The cells that did not run to their end, by device.
    """

    outcomes: dict[str, dict[str, Outcome]] = {}
    asked: Asked | None = None
    ends: dict[str, tuple[CellEnd, ...]] = {}


def read_evidence(path: Path) -> Evidence:
    """Read the evidence of an attempt.

    Args:
        path: An attempt's ``observations.bin``.

    Returns:
        The evidence.

    Raises:
        BadInput: It is missing, damaged, or of another version of the grader.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path}: what the checks observed cannot be read ({error.strerror})") from error
    try:
        if len(data) > _FILE_BYTES:
            raise WireError("too large")
        return read_body(data, Evidence, _VALUES)
    except WireError as error:
        raise BadInput(f"{path}: damaged, or written by another version of grader") from error


def check_digests(source: str, names: Iterable[str]) -> dict[str, str]:
    r"""Say of each check what it observes, as a digest.

    It covers the check's own statements and all helpers, constants and imports that these need. It does not cover what
    can change without any change of what is observed: points, comparators and needs (the decorator), docstrings,
    comments and layout.

    Args:
        source: Source of checks.py.
        names: The checks.

    Returns:
        SHA-256 in hexadecimal digits by name.

    Raises:
        BadAssignment: The source is no Python, or defines no such check.

    Example:
        >>> one = "@check(points=1)\ndef c(work): return 2"
        >>> other = "@check(points=9)\ndef c(work):\n    return 2  # two"
        >>> check_digests(one, ["c"]) == check_digests(other, ["c"])
        True
    """
    names = tuple(names)
    bare = _bare(source, frozenset(names))
    return {name: hashlib.sha256(extract(bare, [name], "checks.py").encode()).hexdigest() for name in names}


def data_digest(files: Mapping[str, bytes]) -> str:
    """SHA-256 over the names and contents of an assignment's data, in hexadecimal digits."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return total.hexdigest()


def _bare(source: str, checks: frozenset[str]) -> str:
    """The source with nothing left but what runs when a check observes."""
    try:
        with PARSING:
            tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        raise BadAssignment(f"checks.py cannot be read as Python: {error}") from None
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef) and statement.name in checks:
            statement.decorator_list = []
    return ast.unparse(tree)
