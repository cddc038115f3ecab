"""A class that hands in hw2: the solution's cells, with what students do to them.

The mix, drawn with a seed, the same each time:
  half of the class    every exercise right, every fifth of them in the manner of an alternative
  35 of 100            one to three exercises wrong, the others right
  10 of 100            every other exercise wrong or not begun
  5 of 100             the notebook as given out, with up to three exercises done
Wrong is a shipped misconception (7 of 10), a slip of the pen that no list names (2 of 10), or not begun (1 of 10).
One notebook in twenty has a cell that raises in its middle. None hangs, since the tools' time limits differ.
No two notebooks have the same bytes: a name stands in the text at the top and in the cell with the imports.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from support.synthetic import SLIPS, cells_of

from grader.assignment.folder import Assignment
from grader.notebook.cells import definitions
from grader.notebook.model import Cell
from grader.release.stub import CODE_PLACE, has_solution, stub

Fate = Literal["right", "alternative", "misconception", "slip", "not begun"]
Kind = Literal["done", "nearly", "half", "begun"]
_KINDS: dict[Kind, int] = {"done": 50, "nearly": 35, "half": 10, "begun": 5}
_RAISES = "raise RuntimeError('this cell was left half done')"


@dataclass(frozen=True)
class Written:
    """One cell of a student's notebook.

    Attributes:
        id: The cell's id, the same in every notebook that has it.
        kind: "code" or "markdown".
        source: Its text.
        exercise: The exercise that it is part of; "" for none.
        given: Whether it is one of the places of the notebook that students are to fill in.
        last: Whether it is the last such place of its exercise.
    """

    id: str
    kind: str
    source: str
    exercise: str = ""
    given: bool = False
    last: bool = False


@dataclass(frozen=True)
class Work:
    """What one student hands in."""

    student: str
    kind: Kind
    cells: tuple[Written, ...]


def classroom(assignment: Assignment, number: int, seed: int = 0) -> Iterator[Work]:
    """The class, one student after the other."""
    solution = solution_cells(assignment)
    misconceptions = cells_of(assignment, assignment.misconceptions_source())
    alternatives = cells_of(assignment, assignment.alternatives_source())
    for index in range(number):
        chance = random.Random(f"{seed}/{index}")
        kind = chance.choices(list(_KINDS), weights=list(_KINDS.values()))[0]
        fates = _fates(_wrong(kind, list(alternatives), chance), list(alternatives), chance)
        cells = list(_filled(solution, fates, misconceptions, alternatives, chance))
        if chance.random() < 0.05:
            cells.insert(chance.randrange(3, len(cells)), Written("raises", "code", _RAISES))
        student = f"student{index:04}"
        yield Work(student, kind, tuple(_signed(cell, place, student) for place, cell in enumerate(cells)))


def solution_cells(assignment: Assignment) -> list[Written]:
    """The solution notebook's cells, its marks included, each with the exercise that it is part of."""
    owner = {name: exercise.id for exercise in assignment.settings.exercise for name in exercise.names}
    found: list[Written] = []
    for place, cell in enumerate(assignment.solution().cells):
        given = has_solution(cell.source)
        names = definitions([Cell(1, cell.source, "code")]) if given else {}
        exercise = next((owner[name] for name in names if name in owner), "")
        found.append(Written(f"c{place}", cell.kind, cell.source, exercise, given))
    ends = {cell.exercise: place for place, cell in enumerate(found) if cell.exercise}
    return [replace(cell, last=ends.get(cell.exercise) == place) for place, cell in enumerate(found)]


def as_notebook(cells: list[dict[str, object]]) -> bytes:
    """Cells as a notebook's bytes."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "grader": {"assignment": "hw2"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


def node(cell: Written, metadata: dict[str, object] | None = None) -> dict[str, object]:
    """A cell as a notebook's file has it."""
    base = {"cell_type": cell.kind, "id": cell.id, "metadata": metadata or {}, "source": cell.source}
    return base | ({"execution_count": None, "outputs": []} if cell.kind == "code" else {})


def plain(work: Work) -> bytes:
    """The notebook as it is handed in to the grader."""
    return as_notebook([node(cell) for cell in work.cells])


def _wrong(kind: Kind, exercises: list[str], chance: random.Random) -> dict[str, bool]:
    """The exercises that are wrong; True for those that are not begun."""
    match kind:
        case "done":
            return {}
        case "nearly":
            return {each: chance.random() < 0.1 for each in chance.sample(exercises, chance.randint(1, 3))}
        case "half":
            return {each: chance.random() < 0.5 for each in chance.sample(exercises, len(exercises) // 2)}
        case "begun":
            done = exercises[: chance.randint(0, 3)]
            return {each: True for each in exercises if each not in done}


def _fates(wrong: dict[str, bool], exercises: list[str], chance: random.Random) -> dict[str, Fate]:
    def fate(exercise: str) -> Fate:
        if exercise not in wrong:
            return "alternative" if chance.random() < 0.2 else "right"
        if wrong[exercise]:
            return "not begun"
        return "slip" if chance.random() < 2 / 9 else "misconception"

    return {exercise: fate(exercise) for exercise in exercises}


def _filled(
    cells: list[Written],
    fates: dict[str, Fate],
    misconceptions: dict[str, list[str]],
    alternatives: dict[str, list[str]],
    chance: random.Random,
) -> Iterator[Written]:
    for cell in cells:
        fate = fates.get(cell.exercise, "right")
        text = stub(cell.source, CODE_PLACE, cell.id) if cell.given and fate == "not begun" else unmarked(cell.source)
        yield replace(cell, source=_slip(text, chance) if cell.last and fate == "slip" else text)
        known = {"misconception": misconceptions, "alternative": alternatives}.get(fate, {}).get(cell.exercise)
        if cell.last and known:
            yield Written(f"{cell.id}-again", "code", chance.choice(known), cell.exercise)


def unmarked(source: str) -> str:
    """A cell without the lines that mark its solution."""
    return "\n".join(line for line in source.split("\n") if not line.strip().startswith(("### BEGIN", "### END")))


def _slip(text: str, chance: random.Random) -> str:
    slips = [text.replace(before, after, 1) for before, after in SLIPS if before in text]
    return chance.choice(slips) if slips else text


def _signed(cell: Written, place: int, student: str) -> Written:
    """The cell, with a name in it where the notebook begins and where it imports."""
    mark = hashlib.sha256(student.encode()).hexdigest()[:12]
    if place == 0:
        return replace(cell, source=f"{cell.source}\n\nName: {student} ({mark})")
    return replace(cell, source=f"# {student} {mark}\n{cell.source}") if place == 1 else cell
