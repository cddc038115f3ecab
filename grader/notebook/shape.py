"""Bring what the JSON of a notebook says, in any version from 3 to 4.5, into the shape of nbformat 4.5."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from grader.notebook.errors import BadNotebook

CELLS = 5_000
CELL_CHARACTERS = 1_000_000

Json = dict[str, Any]


def shape(document: Any) -> Json:
    """Bring a notebook's JSON into the shape of nbformat 4.5.

    Missing fields are filled in and unknown ones of cells are dropped. Saved outputs of version 3 are dropped:
    the grader runs the cells itself.

    Args:
        document: Plain JSON values (see `grader.notebook.plain`).

    Returns:
        The notebook in that shape.

    Raises:
        BadNotebook: It is no notebook, of a version that is not read, too large, or a cell is none.
    """
    if not isinstance(document, dict):
        raise BadNotebook(f"it is JSON but no notebook: {_kind(document)} at the top, a notebook is an object")
    version = _version(document)
    cells = _v3_cells(document) if version == 3 else document.get("cells")
    if not isinstance(cells, list):
        raise BadNotebook("it is JSON but no notebook: it has no list of cells")
    if len(cells) > CELLS:
        raise BadNotebook(f"it has {len(cells):,} cells; at most {CELLS:,} are read")
    seen: set[str] = set()
    return {
        "cells": [_cell(cell, number, version, seen) for number, cell in enumerate(cells, start=1)],
        "metadata": _table(document.get("metadata")),
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _version(document: Json) -> int:
    version = document.get("nbformat")
    if version is None:
        version = 3 if "worksheets" in document else 4
    if not isinstance(version, int) or isinstance(version, bool):
        raise BadNotebook(f"its nbformat is {_kind(version)}, not a version number")
    if version not in (3, 4):
        raise BadNotebook(
            f"it is of notebook format {version if abs(version) < 1000 else 'unknown'}; formats 3 and 4 are read: "
            "open it in Jupyter and save it again"
        )
    return version


def _v3_cells(document: Json) -> Any:
    sheets = document.get("worksheets", [])
    if not isinstance(sheets, list) or not all(isinstance(sheet, dict) for sheet in sheets):
        raise BadNotebook("it is JSON but no notebook: its worksheets are not a list of objects")
    lists = [sheet.get("cells", []) for sheet in sheets]
    if not all(isinstance(cells, list) for cells in lists):
        raise BadNotebook("it is JSON but no notebook: a worksheet has no list of cells")
    return [cell for cells in lists for cell in cells]


def _cell(raw: Any, number: int, version: int, seen: set[str]) -> Json:
    if not isinstance(raw, dict):
        raise BadNotebook(f"cell {number} is {_kind(raw)}, not a cell")
    kind = raw.get("cell_type")
    kind = {"html": "markdown", "heading": "markdown"}.get(kind, kind) if isinstance(kind, str) else kind
    if kind not in ("code", "markdown", "raw"):
        shown = repr(kind[:40]) if isinstance(kind, str) else _kind(kind)
        raise BadNotebook(f"the type of cell {number} is {shown}; it must be code, markdown or raw")
    source = _source(raw.get("input" if version == 3 and kind == "code" else "source"), number)
    if raw.get("cell_type") == "heading":
        level = raw.get("level")
        source = "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1) + " " + source
    cell: Json = {
        "id": _id(raw.get("id"), number, seen),
        "cell_type": kind,
        "metadata": _table(raw.get("metadata")),
        "source": source,
    }
    if kind == "code":
        cell["execution_count"] = _count(raw.get("execution_count"))
        cell["outputs"] = [] if version == 3 else _outputs(raw.get("outputs"))
    elif isinstance(raw.get("attachments"), dict):
        cell["attachments"] = {
            name: _bundle(data) for name, data in raw["attachments"].items() if isinstance(data, dict)
        }
    return cell


def _source(raw: Any, number: int) -> str:
    if raw is None:
        return ""
    if isinstance(raw, list) and all(isinstance(line, str) for line in raw):
        raw = "".join(raw)
    if not isinstance(raw, str):
        raise BadNotebook(f"the source of cell {number} is {_kind(raw)}, not text")
    if len(raw) > CELL_CHARACTERS:
        raise BadNotebook(f"cell {number} has {len(raw):,} characters; at most {CELL_CHARACTERS:,} are read")
    return raw.replace("\r\n", "\n").replace("\r", "\n")


def _id(raw: Any, number: int, seen: set[str]) -> str:
    fits = isinstance(raw, str) and 0 < len(raw) <= 64 and raw.isascii()
    name: str = raw if fits and raw.replace("-", "").replace("_", "").isalnum() else f"cell-{number}"
    # Ids can be made up so that any one other name is taken too.
    others = (f"cell-{number}-{count}" for count in itertools.count(1))
    name = name if name not in seen else next(other for other in others if other not in seen)
    seen.add(name)
    return name


def _outputs(raw: Any) -> list[Json]:
    outputs = raw if isinstance(raw, list) else []
    return [shaped for output in outputs if isinstance(output, dict) and (shaped := _output(output))]


def _output(raw: Json) -> Json | None:
    match raw.get("output_type"):
        case "stream":
            name = "stderr" if raw.get("name") == "stderr" else "stdout"
            return {"output_type": "stream", "name": name, "text": _joined(raw.get("text"))}
        case "error":
            lines = raw.get("traceback")
            return {
                "output_type": "error",
                "ename": _joined(raw.get("ename")),
                "evalue": _joined(raw.get("evalue")),
                "traceback": [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else [],
            }
        case "display_data" | "execute_result" as kind:
            shown = {"output_type": kind, "data": _bundle(raw.get("data")), "metadata": _table(raw.get("metadata"))}
            counted = {"execution_count": _count(raw.get("execution_count"))} if kind == "execute_result" else {}
            return shown | counted
        case _:
            return None


def _bundle(raw: Any) -> Json:
    """A table from media type to data, where text may come as a list of lines."""
    table = _table(raw)
    return {kind: value if "json" in kind else _joined(value) for kind, value in table.items()}


def _joined(raw: Any) -> str:
    if isinstance(raw, list):
        return "".join(line for line in raw if isinstance(line, str))
    return raw if isinstance(raw, str) else ""


def _table(raw: Any) -> Json:
    return dict(raw) if isinstance(raw, Mapping) else {}


def _count(raw: Any) -> int | None:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < 2**63 else None


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return kinds.get(type(value), "a number")
