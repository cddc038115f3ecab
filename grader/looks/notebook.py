"""Look at a whole notebook: parse each cell, then say what each exercise's code holds."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

from grader.looks.evasions import evasions
from grader.looks.model import Look, LookCell, LookExercise, Looks
from grader.looks.reach import Statement, reached, statement
from grader.looks.scan import environment, scan
from grader.looks.uses import uses
from grader.notebook.model import Cell
from grader.notebook.parse import parse

_LOOKS = 20
_CELL_CHARACTERS = 50_000
_NOT_READ = "its text is too long or too deeply nested to be looked at, which no cell written by hand is."


def unparsed(cell: int, why: str = _NOT_READ) -> Look:
    """What is said of a cell that could not be looked at; of all cells for 0."""
    where = f"cell {cell}" if cell else "the notebook"
    return Look(kind="unparsed", cell=cell, what=f"{where} could not be parsed for the source check", why=why)


def look(
    cells: Sequence[LookCell], exercises: Sequence[LookExercise], at: Callable[[int], None] = lambda _: None
) -> Looks:
    """Look at a notebook's source; nothing of it is run.

    Args:
        cells: The code cells, in order.
        exercises: The assignment's exercises.
        at: Told the number of each cell before it is parsed: it may be the last thing that this process says.

    Returns:
        What is worth a look.
    """
    parsed: list[tuple[int, ast.stmt]] = []
    failed: dict[int, Look] = {}
    for cell in cells:
        at(cell.number)
        body = _parsed(cell)
        if body is None:
            failed[cell.number] = unparsed(cell.number)
        parsed += [(cell.number, node) for node in body or ()]
    at(0)
    outer = environment(node for _, node in parsed)
    statements: list[Statement] = []
    for number, node in parsed:
        at(number)
        try:
            statements.append(statement(number, node, scan(node, outer)))
        except RecursionError:
            failed[number] = unparsed(number)
    at(0)
    return _found(statements, exercises, failed.values())


def _parsed(cell: LookCell) -> tuple[ast.stmt, ...] | None:
    """A cell's statements: none where it is no Python, which cannot run either; None where it was too much to tell."""
    (parsed,) = parse([Cell(cell.number, cell.source, "code")])
    if parsed.body is not None or len(cell.source) > _CELL_CHARACTERS:
        return parsed.body
    # What that parser gives up for its cost is tried here at any cost: this process may take its time, and end.
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        return tuple(ast.parse(str(TransformerManager().transform_cell(cell.source))).body)  # type: ignore[no-untyped-call]
    except (SyntaxError, ValueError):
        return ()
    except (RecursionError, MemoryError, SystemError):
        return None


def _found(statements: Sequence[Statement], exercises: Sequence[LookExercise], failed: Iterable[Look]) -> Looks:
    everything = {name for exercise in exercises for name in exercise.avoid}
    methods = {name for s in statements for name in s.holds.methods}
    odd = [evasions(s, everything) for s in statements]
    reach = {exercise.id: reached(statements, exercise.names) for exercise in exercises}
    of_exercises = {}
    for exercise in exercises:
        places = reach[exercise.id]
        direct = uses([statements[i] for i in places], exercise.avoid, methods)
        of_exercises[exercise.id] = _sorted([*direct, *(each for i in places for each in odd[i])])
    belonging = {i for places in reach.values() for i in places}
    elsewhere = [each for i, found in enumerate(odd) if i not in belonging for each in found]
    return Looks({id: found for id, found in of_exercises.items() if found}, _sorted([*failed, *elsewhere]))


def _sorted(found: Iterable[Look]) -> tuple[Look, ...]:
    each = {(one.cell, one.line, one.what): one for one in found}
    return tuple(each[key] for key in sorted(each)[:_LOOKS])
