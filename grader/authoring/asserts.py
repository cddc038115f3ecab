"""Tests that judge for themselves, as other graders have them: run beside the student's code, in the same process.

What they say can be forged. Such a test decides beside the student's code: a class whose ``==`` is always true, or a
patched library, makes it pass, and nothing outside can tell. Use them for assignments that were imported; a check of
your own returns the values, and the judge compares them where no student code runs.
"""

from __future__ import annotations

import ast
import contextlib
import io
import sys
import traceback
from collections.abc import Iterator
from typing import Any, Literal

import torch

from grader.authoring.work import Work

_FILE = "<test>"
_LETTERS = 120


def asserted(code: str, work: Work) -> dict[str, str]:
    """Run a test that raises where something is wrong, in the notebook's own namespace.

    What it defines, deletes or rebinds there is undone afterwards. It runs with torch's own default type, as the cells
    did, in the reference's float64 run too.

    Args:
        code: Python source.
        work: The work under check.

    Returns:
        ``{"raised": "nothing"}``. Forgeable: see above.

    Raises:
        AssertionError: What the test says is wrong, and the line that says so. Not returned as data: a reference that
            fails its own test would then agree with all work that fails alike.
        Exception: Whatever else the test or the work raises.

    Example:
        >>> asserted("assert double(2) == 4", Work({"double": lambda x: x * x}))
        {'raised': 'nothing'}
        >>> asserted("assert double(3) == 6, 'wrong'", Work({"double": lambda x: x * x}))
        Traceback (most recent call last):
            ...
        AssertionError: wrong, at `assert double(3) == 6, 'wrong'`
    """
    _run(code, work, "exec")
    return {"raised": "nothing"}


def printed(code: str, work: Work) -> dict[str, str]:
    """Run a test whose output is the answer, as a doctest is: what it prints, and the values of its expressions.

    Args:
        code: Python source; the value of an expression that stands alone is shown, unless it is None.
        work: The work under check.

    Returns:
        ``{"printed": text}``, to be compared with the reference's. An output has to be known, which makes it harder to
        forge than an assertion, and not impossible.

    Raises:
        Exception: As `asserted`.

    Example:
        >>> printed("double(3)", Work({"double": lambda x: 2 * x}))
        {'printed': '6'}
    """
    with contextlib.redirect_stdout(io.StringIO()) as output, _values_shown():
        _run(code, work, "single")
    return {"printed": output.getvalue().rstrip()}


def _run(code: str, work: Work, mode: Literal["exec", "single"]) -> None:
    namespace: dict[str, Any] = object.__getattribute__(work, "_namespace")
    before, default = dict(namespace), torch.get_default_dtype()
    body = ast.parse(code, _FILE).body
    tree = ast.Module(body, []) if mode == "exec" else ast.Interactive(body)
    program = compile(tree, _FILE, mode, dont_inherit=True)
    torch.set_default_dtype(torch.float32)
    try:
        exec(program, namespace)  # noqa: S102 - the course's own test, in a process that holds no secret
    except AssertionError as error:
        raise AssertionError(_told(error, code)).with_traceback(error.__traceback__) from None
    finally:
        torch.set_default_dtype(default)
        for name in namespace.keys() - before.keys():
            del namespace[name]
        namespace.update(before)


def _told(error: AssertionError, code: str) -> str:
    said = str(error)[:_LETTERS]
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == _FILE]
    line = f"at `{code.splitlines()[lines[-1] - 1].strip()[:_LETTERS]}`" if lines and lines[-1] else ""
    return ", ".join(filter(None, (said, line)))


@contextlib.contextmanager
def _values_shown() -> Iterator[None]:
    """Show the values of expressions as a doctest does, whatever the notebook's shell does with them."""

    def show(value: Any) -> None:
        if value is not None:
            print(repr(value))

    before, sys.displayhook = sys.displayhook, show
    try:
        yield
    finally:
        sys.displayhook = before
