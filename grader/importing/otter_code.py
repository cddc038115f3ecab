"""The code cells of otter assign: comments at the ends of lines say what is a solution, a prompt or nobody's."""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.importing.errors import BadImport
from grader.importing.marks import SOLUTION, indent

_BEGIN, _END = f"### BEGIN {SOLUTION}", f"### END {SOLUTION}"
_REGION = re.compile(r"[ \t]*# BEGIN SOLUTION(?: NO PROMPT)?[ \t]*")
_LINE = re.compile(r"(.*?)[ \t]*# ?SOLUTION(?: NO PROMPT)?[ \t]*")
_IGNORED = re.compile(r"[ \t]*#+[ \t]*BEGIN[ \t]*IGNORE", re.IGNORECASE)
_SEED = re.compile(r"[ \t]*# SEED[ \t]*$")
_IGNORED_CELL = re.compile(r"(?:##[ \t]*ignore[ \t]*##|#[ \t]*ignore)[ \t]*(?:\n|$)", re.IGNORECASE)
# What only otter's own package understands.
_CLIENT = re.compile(
    r"[ \t]*(?:import otter\b|from otter\b|\w+[ \t]*=[ \t]*otter\.|grader\.(?:check|check_all|export)\().*"
)


@dataclass(frozen=True)
class OtterCode:
    """A code cell with the grader's own marks.

    Attributes:
        source: Its text.
        prompted: Whether it held a prompt of its own for students.
        seeded: Whether it held a line that otter seeds.
    """

    source: str
    prompted: bool
    seeded: bool


def otter_code(source: str, where: str) -> OtterCode:
    r"""Read a code cell.

    Args:
        source: Its text.
        where: What error messages call it.

    Returns:
        The solution's text, with what students are to write between the grader's marks; prompts, ignored lines and
        the lines that call otter are gone.

    Raises:
        BadImport: A region is not closed, not opened, or lies in another.

    Example:
        >>> cell = "def f(x):\n    y = x # SOLUTION\n    return y # SOLUTION\nz = 3 # IGNORE"
        >>> print(otter_code(cell, "cell 1").source)
        def f(x):
            ### BEGIN SOLUTION
            y = x
            return y
            ### END SOLUTION
    """
    lines = _without_block(source.split("\n"), "IGNORE", where)
    prompts = _without_block(lines, "PROMPT", where)
    marked = _marked([line for line in prompts if not _CLIENT.fullmatch(line)], where)
    unseeded = [_SEED.sub("", line) for line in marked]
    return OtterCode("\n".join(_joined(unseeded)).strip("\n"), len(prompts) < len(lines), unseeded != marked)


def is_ignored(source: str) -> bool:
    """Whether a cell is left out of everything that otter makes."""
    return _IGNORED_CELL.match(source) is not None


def _without_block(lines: list[str], kind: str, where: str) -> list[str]:
    """The lines outside ``# BEGIN kind`` and ``# END kind``, without those that end in ``# IGNORE``."""
    kept: list[str] = []
    opened = 0
    for number, line in enumerate(lines, start=1):
        begins = bool(_IGNORED.match(line)) if kind == "IGNORE" else line.rstrip().endswith(f"# BEGIN {kind}")
        if begins and opened:
            raise BadImport(f"{where}: BEGIN {kind} inside the {kind} block that line {opened} began")
        if begins:
            opened = number
        elif re.search(rf"# END {kind}[ \t]*;?[ \t]*$", line):
            if not opened:
                raise BadImport(f"{where}: END {kind} without a BEGIN {kind} before it")
            opened = 0
        elif not opened and not (kind == "IGNORE" and line.rstrip().endswith("# IGNORE")):
            kept.append(line)
    if opened:
        raise BadImport(f"{where}: BEGIN {kind} without an END {kind} after it")
    return kept


def _marked(lines: list[str], where: str) -> list[str]:
    """Lines and regions of solutions, between the grader's marks."""
    marked: list[str] = []
    opened: str | None = None
    for line in lines:
        if _REGION.fullmatch(line):
            if opened is not None:
                raise BadImport(f"{where}: BEGIN SOLUTION inside a solution that has begun before")
            opened = indent(line)
            marked.append(opened + _BEGIN)
        elif line.rstrip().endswith("# END SOLUTION"):
            if opened is None:
                raise BadImport(f"{where}: END SOLUTION without a BEGIN SOLUTION before it")
            marked.append(opened + _END)
            opened = None
        elif opened is None and (match := _LINE.fullmatch(line)) and match[1].strip():
            marked += [indent(line) + _BEGIN, match[1], indent(line) + _END]
        else:
            marked.append(line)
    if opened is not None:
        raise BadImport(f"{where}: BEGIN SOLUTION without an END SOLUTION after it")
    return marked


def _joined(lines: list[str]) -> list[str]:
    """Neighbouring solutions as one, where the second is indented at least as far as the first."""
    joined: list[str] = []
    start = ""
    for line in lines:
        text = line.lstrip()
        if text == _BEGIN:
            if joined and joined[-1] == start + _END and line.startswith(start):
                joined.pop()
                continue
            start = indent(line)
        joined.append(start + _END if text == _END else line)
    return joined
