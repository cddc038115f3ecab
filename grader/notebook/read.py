"""Read notebooks as students hand them in: .ipynb of any Jupyter-like tool, and .py percent files."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

from grader.notebook.errors import BadNotebook
from grader.notebook.kinds import is_web_page, other_kind
from grader.notebook.model import Cell, Notebook
from grader.notebook.percent import percent_document
from grader.notebook.plain import Mended, plain
from grader.notebook.shape import CELLS, shape

__all__ = ["BadNotebook", "Cell", "Notebook", "read", "read_bytes"]

FILE_BYTES = 64 * 1024 * 1024
# Each value of a JSON file costs Python some 70 bytes however short it is: this bounds the memory of one file.
JSON_VALUES = 5_000_000

_AGAIN = "save the notebook again and hand that file in"
_CONFLICT = re.compile(rb"^<{7} ", re.MULTILINE)


def read(path: Path) -> Notebook:
    """Read a notebook file; nothing in it is run.

    Args:
        path: A .ipynb file (nbformat 3 to 4.5, as any tool saves it) or a .py file in the percent format, whose
            cells start with ``# %%``.

    Returns:
        The notebook.

    Raises:
        BadNotebook: It is not there, not a notebook, or larger than what is read; one sentence says which.
    """
    name = path.name or str(path)
    try:
        _refuse_other_names(name)
        data = _bytes(path)
    except BadNotebook as error:
        raise BadNotebook(f"{_shown(name)}: {error}") from None
    return read_bytes(name, data)


def read_bytes(name: str, data: bytes) -> Notebook:
    """Read a notebook from its bytes, as `read` does from a file.

    Args:
        name: Its file name, which tells its format.
        data: The file's content.

    Returns:
        The notebook.

    Raises:
        BadNotebook: As `read`.
    """
    name = _shown(name)
    mended = Mended()
    try:
        _refuse_other_names(name)
        node = shape(plain(_document(name, data), mended))
    except BadNotebook as error:
        raise BadNotebook(f"{name}: {error}") from None
    except (RecursionError, MemoryError):
        raise BadNotebook(f"{name}: it is nested too deeply or too large to be read") from None
    notices: tuple[str, ...] = ()
    if mended.surrogates:
        notices = (f"{name} held characters that no text can hold (lone surrogates); they were replaced",)
    return Notebook(name, _cells(node), node["metadata"], node, notices)


def _shown(name: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)


def _refuse_other_names(name: str) -> None:
    if not name.lower().endswith((".ipynb", ".py")):
        raise BadNotebook("it is neither a notebook (.ipynb) nor a Python file (.py)")


def _document(name: str, data: bytes) -> Any:
    if len(data) > FILE_BYTES:
        raise BadNotebook(f"it is larger than {FILE_BYTES >> 20} MiB: clear its outputs and save it again")
    if not data.strip():
        raise BadNotebook(f"the file is empty: {_AGAIN}")
    _refuse_other_files(data)
    text = _decode(data)
    return percent_document(text) if name.lower().endswith(".py") else _json(text, data)


def _bytes(path: Path) -> bytes:
    if "\0" in str(path):
        raise BadNotebook("there is no such file")
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise BadNotebook("it is a folder, not a file")
        if not stat.S_ISREG(mode):
            raise BadNotebook("it is not a regular file")
        with path.open("rb") as file:
            return file.read(FILE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise BadNotebook("there is no such file") from None
    except OSError as error:
        raise BadNotebook(f"it cannot be read: {error.strerror}") from None


def _refuse_other_files(data: bytes) -> None:
    if kind := other_kind(data):
        raise BadNotebook(f"it is {kind}, not a notebook, whatever its name says: hand in the notebook itself")
    if is_web_page(data):
        raise BadNotebook("it is a web page, not a notebook: download the notebook file itself, not its page")
    if _CONFLICT.search(data):
        raise BadNotebook("it holds an unresolved merge conflict (a line starts with <<<<<<<): resolve it first")


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or (len(data) > 3 and b"\x00" in (data[:1], data[1:2])):
        raise BadNotebook("it is encoded in UTF-16 or UTF-32; notebooks are UTF-8: save it again as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise BadNotebook(
            f"it is not UTF-8: byte 0x{byte:02x} at position {error.start} (line {line}): save it again as UTF-8"
        ) from None


def _json(text: str, data: bytes) -> Any:
    # A key cannot be told from a value so cheaply, but no text in a notebook holds these quotes unescaped.
    if data.count(b'"cell_type"') > CELLS:
        raise BadNotebook(f"it has more than {CELLS:,} cells, which is more than is read")
    if data.count(b",") + data.count(b"[") + data.count(b"{") > JSON_VALUES:
        raise BadNotebook("it holds more values than are read: clear its outputs and save it again")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadNotebook(f"it is not valid JSON ({place}: {error.msg}), perhaps cut off: {_AGAIN}") from None
    except ValueError:
        raise BadNotebook("it is not valid JSON: it holds a number with thousands of digits") from None


def _cells(node: dict[str, Any]) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    number = 0
    for cell in node["cells"]:
        kind = cell["cell_type"]
        number += kind == "code"
        cells.append(Cell(number if kind == "code" else 0, cell["source"], kind))
    return tuple(cells)
