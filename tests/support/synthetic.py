"""A class that never was: notebooks mixed from an assignment's reference, alternatives, misconceptions and slips."""

from __future__ import annotations

import ast
import json
import random
import re
from collections.abc import Iterator

from grader.assignment.extract import extract
from grader.assignment.folder import Assignment
from grader.notebook.cells import source_of
from grader.notebook.read import read

# Slips of the pen that no list of misconceptions names.
SLIPS = ((" + ", " - "), (" * ", " + "), ("mean", "sum"), ("True", "False"), ("1", "2"), ("return ", "return 2 * "))
TROUBLES = {
    "hangs": "while True:\n    pass",
    "exits": "import os\nos._exit(3)",
    "raises": "raise RuntimeError('this cell was left half done')",
}


def variants(assignment: Assignment) -> dict[str, list[str]]:
    """Per exercise, the sources of wrong and different solutions as cells that follow the reference's own."""
    return cells_of(assignment, assignment.misconceptions_source(), assignment.alternatives_source())


def cells_of(assignment: Assignment, *sources: str) -> dict[str, list[str]]:
    """Per exercise, the variants of a file of misconceptions or alternatives, as such cells."""
    found: dict[str, list[str]] = {exercise.id: [] for exercise in assignment.settings.exercise}
    for source in sources:
        for function in ast.parse(source).body:
            if isinstance(function, ast.FunctionDef) and function.decorator_list:
                exercise = ast.literal_eval(function.decorator_list[0].keywords[0].value)
                if (cell := _as_cell(source, function)) is not None:
                    found[exercise].append(cell)
    return found


def _as_cell(source: str, function: ast.FunctionDef) -> str | None:
    """The body of a variant as a student would have written it; None where it leans on more than that."""
    needed = ast.parse(extract(source, [function.name], "variants.py")).body
    if any(not isinstance(each, ast.Import | ast.ImportFrom) for each in needed[:-1]):
        return None
    *body, last = function.body[1:]
    if not body or not isinstance(last, ast.Return) or not isinstance(last.value, ast.Name):
        return None
    if not all(isinstance(each, ast.FunctionDef | ast.ClassDef) for each in body):
        return None
    imports = [ast.unparse(each) for each in needed[:-1] if "grader" not in ast.unparse(each)]
    text = "\n\n\n".join(ast.unparse(each) for each in body)
    taken = sorted(set(re.findall(r"\bwork\.(\w+)", text)))
    earlier = [f"First{name} = {name}" for name in taken]
    return "\n".join([*imports, *earlier, re.sub(r"\bwork\.(\w+)", r"First\1", text)])


def notebooks(assignment: Assignment, number: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Names and notebooks of a class; about one in eight has a cell that hangs, exits or raises."""
    chance = random.Random(seed)
    known = variants(assignment)
    solution = {
        exercise.id: source_of(assignment.solution_cells(), exercise.names)[0]
        for exercise in assignment.settings.exercise
    }
    assert assignment.public is not None
    stub = read(assignment.public / f"{assignment.name}.ipynb")
    opening = [cell.source for cell in stub.code if "import" in cell.source and "grader" not in cell.source][:1]
    for index in range(number):
        skill = chance.betavariate(4, 1.6)
        cells = list(opening)
        for exercise in assignment.settings.exercise:
            cells += _written(solution[exercise.id], known[exercise.id], skill, chance)
        if chance.random() < 0.12:
            cells.insert(chance.randrange(1, len(cells)), chance.choice(list(TROUBLES.values())))
        yield f"student{index:03}", as_notebook(cells, assignment.name)


def as_notebook(cells: list[str], assignment: str) -> bytes:
    """Code cells as a notebook's bytes."""
    nodes = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": None, "outputs": [], "source": text}
        for n, text in enumerate(cells)
    ]
    node = {"cells": nodes, "metadata": {"grader": {"assignment": assignment}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(node).encode()


def _written(right: str, known: list[str], skill: float, chance: random.Random) -> list[str]:
    what = chance.random()
    if what < skill:
        return [right]
    if what < skill + (1 - skill) * 0.15:
        return []  # not begun
    slips = [right.replace(before, after, 1) for before, after in SLIPS if before in right]
    if slips and what < skill + (1 - skill) * 0.5:
        return [slips[chance.randrange(min(2, len(slips)))]]
    return [right, chance.choice(known[:4])] if known else [right]
