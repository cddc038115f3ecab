"""Build the notebook that students get from the solution notebook."""

from __future__ import annotations

import ast
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from grader.assignment.errors import BadAssignment
from grader.assignment.folder import Assignment
from grader.assignment.model import Exercise
from grader.notebook.cells import definitions
from grader.notebook.model import Cell, Notebook
from grader.notebook.parse import parse
from grader.release.stub import CODE_PLACE, TEXT_PLACE, has_solution, stub

Json = dict[str, Any]

_IMPORT = "import grader"


def student_notebook(assignment: Assignment) -> bytes:
    """Build the notebook that students get.

    It holds the cells of the solution with the solutions taken out, a cell ``import grader`` first among the
    code cells, and after the last cell that defines one of an exercise's names a cell that checks the exercise.

    Args:
        assignment: An assignment with a reference.

    Returns:
        A .ipynb file of nbformat 4.5 without outputs; equal solutions give equal bytes.

    Raises:
        BadAssignment: The marks of a solution do not match, a stub is no Python, or an exercise is defined
            nowhere or would be given away.
    """
    import nbformat

    solution = assignment.solution()
    where = f"{assignment.name}/{solution.name}"
    checks = _checks_after(solution, assignment.settings.exercise, where)
    cells: list[Json] = []
    for cell, node in zip(solution.cells, solution.node["cells"], strict=True):
        cells.append(_stub_cell(cell, node, where))
        cells.extend(_code(f'grader.check("{id}")') for id in (checks.get(cell.number, ()) if cell.number else ()))
    _insert_import(cells)
    _give_ids(cells)
    notebook = {
        "cells": cells,
        "metadata": {
            "grader": {"assignment": assignment.name},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    nbformat.validate(nbformat.from_dict(notebook))  # type: ignore[no-untyped-call]
    return (json.dumps(_with_lines(notebook), ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _checks_after(solution: Notebook, exercises: Iterable[Exercise], where: str) -> Mapping[int, list[str]]:
    """Exercise ids by the number of the code cell that their check goes behind."""
    defined = definitions(solution.cells)
    open_cells = {cell.number for cell in solution.code if has_solution(cell.source)}
    # An author may have placed the check of an exercise already.
    placed = {cell.source.strip().replace("'", '"') for cell in solution.code}
    after: dict[int, list[str]] = {}
    for exercise in exercises:
        numbers = {number for name in exercise.names for number in defined.get(name, ())}
        if not numbers:
            names = " or ".join(exercise.names)
            raise BadAssignment(f"{where}: no cell defines {names} of exercise {exercise.id!r}")
        if not numbers & open_cells:
            raise BadAssignment(
                f"{where}: the release would give exercise {exercise.id!r} away: put ### BEGIN SOLUTION and "
                f"### END SOLUTION around its solution in code cell {max(numbers)}"
            )
        if f'grader.check("{exercise.id}")' not in placed:
            after.setdefault(max(numbers), []).append(exercise.id)
    return after


def _stub_cell(cell: Cell, node: Json, where: str) -> Json:
    if cell.kind == "code":
        at = f"{where}, code cell {cell.number}"
        source = stub(cell.source, CODE_PLACE, at)
        if _parses(cell.source) and not _parses(source):
            raise BadAssignment(f"{at}: without its solution it is no Python: move the marks to whole statements")
        return _code(source)
    line = cell.source.lstrip().partition("\n")[0]
    source = stub(cell.source, TEXT_PLACE, f"{where}, {cell.kind} cell that starts {line[:40]!r}")
    kept: Json = {"attachments": node["attachments"]} if "attachments" in node else {}
    return {"cell_type": cell.kind, "metadata": {}, "source": source} | kept


def _parses(source: str) -> bool:
    return parse([Cell(1, source, "code")])[0].body is not None


def _insert_import(cells: list[Json]) -> None:
    if any(cell["cell_type"] == "code" and _imports_grader(cell["source"]) for cell in cells[:2]):
        return
    # The title comes first.
    cells.insert(1 if cells and cells[0]["cell_type"] == "markdown" else 0, _code(_IMPORT))


def _imports_grader(source: str) -> bool:
    (parsed,) = parse([Cell(1, source, "code")])
    return any(
        isinstance(statement, ast.Import) and any(alias.name == "grader" for alias in statement.names)
        for statement in parsed.body or ()
    )


def _code(source: str) -> Json:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


def _give_ids(cells: list[Json]) -> None:
    """Give each cell an id made from its text, so that adding a cell leaves the ids of all others alone."""
    seen: Counter[str] = Counter()
    for cell in cells:
        digest = hashlib.sha256(f"{cell['cell_type']}\0{cell['source']}".encode()).hexdigest()[:12]
        seen[digest] += 1
        cell["id"] = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _with_lines(notebook: Json) -> Json:
    """The notebook with sources as lists of lines, as Jupyter writes them and as diffs are readable."""
    cells = [cell | {"source": _lines(cell["source"])} for cell in notebook["cells"]]
    return notebook | {"cells": cells}


def _lines(source: str) -> list[str]:
    parts = source.split("\n")
    return [f"{line}\n" for line in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
