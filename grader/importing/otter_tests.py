"""The tests of otter assign: cells whose output is the answer, or functions that raise; and what they are worth."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from grader.importing.errors import BadImport
from grader.importing.names import is_python
from grader.importing.yaml import read_yaml

_CONFIG = re.compile(
    r"(?:\w[ \t]*=[ \t]*)?\"\"\"[ \t]*#[ \t]*BEGIN[ \t]*TEST[ \t]*CONFIG[ \t]*\n(.*?)^\"\"\";?[ \t]*#[ \t]*END[ \t]*"
    r"TEST[ \t]*CONFIG[ \t]*(?:\n|$)",
    re.IGNORECASE | re.DOTALL | re.MULTILINE,
)
_HIDDEN = re.compile(r"[ \t]*#.*\bhidden\b", re.IGNORECASE)


@dataclass(frozen=True)
class OtterTest:
    """One test cell.

    Attributes:
        name: What its author calls it; "" where it has no name.
        code: What is to be run.
        how: "printed" where its output is the answer, "asserted" where it raises.
        points: What the cell says that it is worth; None where it says nothing.
        hidden: Whether students do not get it.
        messages: Whether it brings messages of its own for a pass or a failure.
    """

    name: str
    code: str
    how: Literal["asserted", "printed"]
    points: float | None
    hidden: bool
    messages: bool


def otter_test(source: str, ok_format: bool, where: str) -> OtterTest:
    r"""Read a test cell.

    Args:
        source: Its text.
        ok_format: Whether its output is the answer; else it defines a function that raises.
        where: What error messages call it.

    Returns:
        The test.

    Raises:
        BadImport: Its configuration cannot be read, it is no Python, or no function where it has to be one.

    Example:
        >>> otter_test("# HIDDEN\ndef test_it(f, env):\n    assert f(1)\ntest_it(f)", False, "cell 3").code
        'def test_it(f, env):\n    assert f(1)\ntest_it(f, globals())'
    """
    config: Mapping[str, Any] = {}
    hidden = _HIDDEN.match(source) is not None
    if hidden:
        source = source.partition("\n")[2]
    if match := _CONFIG.match(source):
        config, source = read_yaml(match[1], where), source[match.end() :]
        hidden = bool(config.get("hidden", hidden))
    if not is_python(source):
        raise BadImport(f"{where}: the test is no Python that can run by itself")
    return OtterTest(
        name=str(config.get("name", "")),
        code=source.strip("\n") if ok_format else _called(source, where),
        how="printed" if ok_format else "asserted",
        points=number(config["points"], where) if config.get("points") is not None else None,
        hidden=hidden,
        messages=bool(config.get("success_message") or config.get("failure_message")),
    )


def shares(total: Any, own: Sequence[float | None], where: str) -> list[float]:
    """Share a question's points among its tests.

    What tests do not claim for themselves is shared evenly by the others. A question that says nothing is worth 1, or
    what its tests claim.

    Args:
        total: The question's points: a number, a list with one number a test, ``{"each": number}``, or None.
        own: What each test claims.
        where: What error messages call the question.

    Returns:
        Points by test.

    Raises:
        BadImport: That is none of these, or does not fit the tests.

    Example:
        >>> shares(None, [None, None], "q1"), shares(3, [1.0, None, None], "q1"), shares([0, 2], [None, None], "q1")
        ([0.5, 0.5], [1.0, 1.0, 1.0], [0.0, 2.0])
    """
    if isinstance(total, Mapping):
        total = number(total.get("each", 1), where) * len(own)
    if isinstance(total, list):
        if len(total) != len(own):
            raise BadImport(f"{where}: it lists points for {len(total)} tests and has {len(own)}")
        own, total = [None if each is None else number(each, where) for each in total], None
    claimed, open_ = sum(each or 0 for each in own), sum(each is None for each in own)
    if total is None:
        rest = 0.0 if claimed else 1.0
    else:
        rest = number(total, where) - claimed
        if rest < 0:
            raise BadImport(f"{where}: its tests claim {claimed:g} points, and it has {total:g}")
    return [rest / open_ if each is None else float(each) for each in own]


def number(value: Any, where: str) -> float:
    """A number of points.

    Raises:
        BadImport: It is none, or below 0.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise BadImport(f"{where}: points must be a number, 0 or more; they are {value!r}")
    return float(value)


def _called(source: str, where: str) -> str:
    """A test function, and the call that gives it the notebook's names by its own."""
    function = ast.parse(source).body[0]
    if not isinstance(function, ast.FunctionDef):
        raise BadImport(f"{where}: the test must be a function that raises, since the assignment says ok_format: false")
    lines = source.split("\n")[function.lineno - 1 : function.end_lineno]
    arguments = ["globals()" if a.arg == "env" else a.arg for a in function.args.args]
    return "\n".join([*lines, f"{function.name}({', '.join(arguments)})"])
