"""Take the solutions out of a cell: what stands between the marks is replaced by a place to write."""

from __future__ import annotations

from collections.abc import Iterator

from grader.assignment.errors import BadAssignment

_BEGIN, _END = "### BEGIN ", "### END "
_SOLUTION, _HIDDEN, _SCHEME = "SOLUTION", "HIDDEN TESTS", "MARK SCHEME"

CODE_PLACE = ("# YOUR CODE HERE", "raise NotImplementedError")
TEXT_PLACE = ("YOUR ANSWER HERE",)


def stub(source: str, place: tuple[str, ...], where: str) -> str:
    r"""Replace every solution of a cell, and drop its hidden tests and mark schemes.

    A region runs from a line that holds ``### BEGIN SOLUTION`` (or ``### BEGIN HIDDEN TESTS``, ``### BEGIN MARK
    SCHEME``) to one that holds the same with ``END``; these two lines belong to it.

    Args:
        source: The cell's text.
        place: The lines that take a solution's place (`CODE_PLACE`, `TEXT_PLACE`); they are indented as the
            line with the mark is.
        where: What error messages call the cell.

    Returns:
        The text without the regions.

    Raises:
        BadAssignment: A region is not closed, not opened, or lies in another.

    Example:
        >>> print(stub("def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION", CODE_PLACE, "cell 1"))
        def f(x):
            # YOUR CODE HERE
            raise NotImplementedError
    """
    return "\n".join(_stubbed(source.split("\n"), place, where))


def has_solution(source: str) -> bool:
    """Tell whether a cell holds a region that students are to fill in."""
    return any(mark == (True, _SOLUTION) for line in source.split("\n") for mark in _marks(line))


def _stubbed(lines: list[str], place: tuple[str, ...], where: str) -> Iterator[str]:
    opened: tuple[str, int] | None = None
    for number, line in enumerate(lines, start=1):
        marks = _marks(line)
        at = f"{where}, line {number}"
        if len(marks) > 1:
            raise BadAssignment(f"{at}: more than one mark on a line; each mark needs a line of its own")
        if not marks:
            if opened is None:
                yield line
            continue
        ((begins, kind),) = marks
        if begins:
            if opened is not None:
                raise BadAssignment(f"{at}: BEGIN {kind} inside the {opened[0]} region that line {opened[1]} began")
            opened = (kind, number)
            if kind == _SOLUTION:
                indent = line[: len(line) - len(line.lstrip())]
                yield from (indent + text for text in place)
        elif opened is None or opened[0] != kind:
            raise BadAssignment(f"{at}: END {kind} without a BEGIN {kind} before it")
        else:
            opened = None
    if opened is not None:
        raise BadAssignment(f"{where}, line {opened[1]}: BEGIN {opened[0]} without an END {opened[0]} after it")


def _marks(line: str) -> list[tuple[bool, str]]:
    """The marks in a line, as (begins, kind)."""
    kinds = (_SOLUTION, _HIDDEN, _SCHEME)
    return [(word == _BEGIN, kind) for word in (_BEGIN, _END) for kind in kinds for _ in range(line.count(word + kind))]
