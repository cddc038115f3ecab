"""Read .py files in the percent format, where a line ``# %%`` starts a cell."""

from __future__ import annotations

import re
from typing import Any

from grader.notebook.errors import BadNotebook
from grader.notebook.shape import CELL_CHARACTERS, CELLS

_HEADER = re.compile(r"\A(?:#!.*\n)?# ---[ \t]*\n(?:#.*\n)*?# ---[ \t]*\n")
_CELL_START = re.compile(r"^# ?%%", re.MULTILINE)


def percent_document(text: str) -> dict[str, Any]:
    """Read a percent file.

    The YAML header that jupytext writes is not read: it says nothing that grading needs, and YAML from
    strangers can be made to grow without bound.

    Args:
        text: The file's text.

    Returns:
        The notebook in the shape of nbformat 4; a file without ``# %%`` is one code cell.

    Raises:
        BadNotebook: It is too large, or its cell marks cannot be read.
    """
    if len(text) > CELL_CHARACTERS:
        raise BadNotebook(f"it has {len(text):,} characters; at most {CELL_CHARACTERS:,} of a .py file are read")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(_CELL_START.findall(text)) > CELLS:
        raise BadNotebook(f"it has more than {CELLS:,} cells, which is more than is read")
    text = _HEADER.sub("", text).lstrip("\n")
    # With a mark in the first line there is no place for a header that this module does not know.
    text = text if _CELL_START.match(text) else f"# %%\n{text}"
    import jupytext

    try:
        node = jupytext.reads(text, fmt="py:percent")
    except Exception as error:  # noqa: BLE001 - jupytext names no errors for what it cannot read
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise BadNotebook(f"its cells cannot be told apart: {reason}") from None
    cells = [{"cell_type": c.cell_type, "source": c.source, "metadata": {}} for c in node.cells]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
