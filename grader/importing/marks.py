"""The marks around solutions and hidden tests: found as other graders find them, and written as this one does."""

from __future__ import annotations

import re

from grader.importing.errors import BadImport

SOLUTION, HIDDEN, SCHEME = "SOLUTION", "HIDDEN TESTS", "MARK SCHEME"
_MARK = re.compile(rf"(BEGIN|END) ({SOLUTION}|{HIDDEN}|{SCHEME})")


def tidy(source: str, where: str) -> str:
    r"""Write each mark as the only thing on its line.

    Args:
        source: A cell's text, with marks anywhere in a line.
        where: What error messages call the cell.

    Returns:
        The text with marks such as ``### BEGIN SOLUTION``, indented as their lines were.

    Raises:
        BadImport: A region is not closed, not opened, or lies in another.

    Example:
        >>> tidy("def f():\n    # -- BEGIN SOLUTION --\n    return 1\n    # END SOLUTION", "cell 1")
        'def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION'
    """
    lines: list[str] = []
    opened: tuple[str, int] | None = None
    for number, line in enumerate(source.split("\n"), start=1):
        mark = _MARK.search(line)
        if mark is None:
            lines.append(line)
            continue
        word, kind = mark.groups()
        at = f"{where}, line {number}"
        if word == "BEGIN" and opened is not None:
            raise BadImport(f"{at}: BEGIN {kind} inside the {opened[0]} region that line {opened[1]} began")
        if word == "END" and (opened is None or opened[0] != kind):
            raise BadImport(f"{at}: END {kind} without a BEGIN {kind} before it")
        opened = (kind, number) if word == "BEGIN" else None
        lines.append(f"{indent(line)}### {word} {kind}")
    if opened is not None:
        raise BadImport(f"{where}, line {opened[1]}: BEGIN {opened[0]} without an END {opened[0]} after it")
    return "\n".join(lines)


def wrapped(source: str) -> str:
    """A cell's text, all of it a solution."""
    return f"### BEGIN {SOLUTION}\n{source}\n### END {SOLUTION}"


def holds(source: str, kind: str) -> bool:
    """Whether a tidy text holds a region of a kind."""
    return f"### BEGIN {kind}" in source


def without_marks(source: str) -> str:
    """A tidy text without the lines of the marks."""
    return "\n".join(line for line in source.split("\n") if not _MARK.search(line))


def without_regions(source: str, kind: str) -> str:
    """A tidy text without the regions of a kind."""
    begin, end = f"### BEGIN {kind}", f"### END {kind}"
    return re.sub(rf"(?ms)^[ \t]*{begin}$.*?^[ \t]*{end}$\n?", "", source)


def solution_lines(source: str) -> set[int]:
    """The numbers of the lines in a tidy text's solution regions, marks included, counted from 1."""
    found: set[int] = set()
    inside = False
    for number, line in enumerate(source.split("\n"), start=1):
        inside = inside or f"### BEGIN {SOLUTION}" in line
        if inside:
            found.add(number)
        inside = inside and f"### END {SOLUTION}" not in line
    return found


def indent(line: str) -> str:
    """The white space that a line starts with."""
    return line[: len(line) - len(line.lstrip())]
