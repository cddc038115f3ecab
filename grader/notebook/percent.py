"""Read and write .py files in the percent format, where a line ``# %%`` starts a cell.

Not by jupytext: it runs the options of a mark through parsers of its own, takes time with the square of the file's
size, and turns comments such as "# copy the weights" into commands.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import Any

from grader.notebook.errors import BadNotebook
from grader.notebook.lines import starts
from grader.notebook.model import CellKind
from grader.notebook.shape import CELL_CHARACTERS, CELLS

_HEADER = re.compile(r"\A(?:#!.*\n)?# ---[ \t]*\n(?:#.*\n)*?# ---[ \t]*\n")
# "In[3]:" is what nbconvert writes.
_MARK = re.compile(r"#[ \t]*+(?:%%++(?:[ \t](?P<options>.*))?|In ?\[[0-9 ]*\]:?[ \t]*|<codecell>[ \t]*)")
_KIND = re.compile(r"\[(markdown|md|raw)\]")
_OPTION_CHARACTERS = 1_000
# How jupytext and VS Code keep what is no Python: "# %matplotlib inline", "# !pip list", "# files = !ls"; and
# "# # %time" for what was a comment in the notebook.
_NO_PYTHON = r"(?:%{1,3}[A-Za-z]|[!?][ \t]*[A-Za-z.~$\\/{}]|[A-Za-z_]\w*+[ \t]*=[ \t]*(?:%{1,3}|!)[A-Za-z]).*"
_COMMENTED = re.compile(rf"([ \t]*+)# ?((?:# ?)*+{_NO_PYTHON})")
_TO_COMMENT = re.compile(rf"([ \t]*+)((?:# ?)*+{_NO_PYTHON})")
_TEXT_IN_QUOTES = re.compile(r"[rR]?(\"\"\"|''')\n?(.*?)\n?\1", re.DOTALL)


def percent_document(text: str) -> dict[str, Any]:
    """Read a percent file.

    Neither the YAML header that jupytext writes nor the options of a mark are read, but for its kind: they say
    nothing that grading needs.

    Args:
        text: The file's text.

    Returns:
        The notebook in the shape of nbformat 4; a file without ``# %%`` is one code cell.

    Raises:
        BadNotebook: It is too large.
    """
    if len(text) > CELL_CHARACTERS:
        raise BadNotebook(f"it has {len(text):,} characters; at most {CELL_CHARACTERS:,} of a .py file are read")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = _HEADER.sub("", text).strip("\n").split("\n")
    marks = _marks(lines)
    if len(marks) > CELLS:
        raise BadNotebook(f"it has more than {CELLS:,} cells, which is more than is read")
    ends = [*marks, len(lines)]
    cells = [_cell("", lines[: ends[0]])] if ends[0] > 0 else []
    cells += [_cell(lines[start], lines[start + 1 : end]) for start, end in itertools.pairwise(ends)]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def percent_text(cells: Iterable[tuple[CellKind, str]]) -> str:
    r"""Write cells as a percent file, which `percent_document` reads again.

    Blank lines at a cell's end are lost. So is more where a cell's text holds a mark of its own, or opens a string in
    triple quotes and does not close it: who cannot do with that reads the file again and compares.

    Args:
        cells: Kind and text of each cell.

    Returns:
        The file's text.

    Example:
        >>> print(percent_text([("markdown", "# Title"), ("code", "%time f()\nx = 1")]), end="")
        # %% [markdown]
        # # Title
        <BLANKLINE>
        # %%
        # %time f()
        x = 1
    """
    return "\n\n".join(_written(kind, source.split("\n")) for kind, source in cells) + "\n"


def _written(kind: CellKind, lines: list[str]) -> str:
    if kind != "code":
        return "\n".join([f"# %% [{kind}]", *(f"# {line}" if line else "#" for line in lines)])
    begun = starts(lines, lambda line: _TO_COMMENT.fullmatch(line) is not None)
    shown = [
        f"{match[1]}# {match[2]}" if not start.quoted and (match := _TO_COMMENT.fullmatch(line)) else line
        for line, start in zip(lines, begun, strict=True)
    ]
    return "\n".join(["# %%", *shown]).rstrip("\n")


def _marks(lines: list[str]) -> list[int]:
    """The numbers of the lines that start a cell; what stands in a string is none, unless the string has no end."""
    *begun, after = starts([*lines, ""])
    unclosed = max(n for n, start in enumerate(begun) if not start.quoted) if after.quoted else len(lines)
    return [
        number
        for number, (line, start) in enumerate(zip(lines, begun, strict=True))
        if (number > unclosed or not start.quoted) and _MARK.fullmatch(line)
    ]


def _cell(mark: str, lines: list[str]) -> dict[str, Any]:
    match = _MARK.fullmatch(mark)
    options = (match["options"] or "")[:_OPTION_CHARACTERS] if match else ""
    kind = _KIND.search(options)
    while lines and not lines[-1].strip():
        lines.pop()
    if kind is None:
        return {"cell_type": "code", "source": _code(lines), "metadata": {}}
    return {"cell_type": "raw" if kind[1] == "raw" else "markdown", "source": _text(lines), "metadata": {}}


def _code(lines: list[str]) -> str:
    shown = list(lines)
    for number, (line, start) in enumerate(zip(lines, starts(lines), strict=True)):
        # Not `sub`, which would try at each place of a line of a million "#".
        if not start.quoted and (commented := _COMMENTED.fullmatch(line)):
            shown[number] = commented[1] + commented[2]
    return "\n".join(shown)


def _text(lines: list[str]) -> str:
    text = "\n".join(lines)
    if quoted := _TEXT_IN_QUOTES.fullmatch(text.strip()):
        return quoted[2]
    return "\n".join(line.removeprefix("#").removeprefix(" ") if line.startswith("#") else line for line in lines)
