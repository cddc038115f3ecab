"""A misconception to edit, made from what one student wrote for an exercise."""

from __future__ import annotations

import ast
import builtins
import io
import tokenize
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from grader.assignment.folder import Assignment
from grader.classpage.model import Work, WorkExercise
from grader.errors import BadInput
from grader.notebook.cells import definitions
from grader.notebook.model import Cell
from grader.notebook.names import bound_names
from grader.notebook.parse import parse

_INDENT = "    "
_TEXTS = tuple(getattr(tokenize, name, tokenize.STRING) for name in ("STRING", "FSTRING_MIDDLE", "FSTRING_END"))
_NEW_LINE = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)


def skeleton(assignment: Assignment, attempt: Path, exercise: str) -> str:
    """Make an entry for misconceptions.py from the code of an attempt.

    Args:
        assignment: The assignment.
        attempt: The attempt's folder, with its grade.json.
        exercise: The exercise's id.

    Returns:
        Python source: a misconception whose name and hint are still to be written.

    Raises:
        BadInput: There is no such attempt or exercise, or no code for it that is Python.
    """
    known = {each.id: each for each in assignment.settings.exercise}
    if exercise not in known:
        raise BadInput(f"{assignment.name} has no exercise {exercise!r}; there are {', '.join(known)}")
    code = _code(attempt, exercise)
    (parsed,) = parse([Cell(1, code, "code")])
    if parsed.body is None:
        raise BadInput(f"{attempt}: the code for {exercise!r} is no Python; no misconception can be made of it")
    defined = list(definitions([Cell(1, code, "code")]))
    wanted = [name for name in known[exercise].names if name in defined]
    others = {name for each in assignment.settings.exercise for name in each.names}
    used = _used(parsed.body) - set(defined)
    lines = [
        f'@misconception(exercise="{exercise}")',
        "def name_it(work):",
        f'{_INDENT}"""Say in a sentence what is wrong, so that a student sees it and still has something to find."""',
        *(f"{_INDENT}{name} = work.{name}" for name in sorted(used & others)),
        *_elsewhere(used - others, assignment.misconceptions_source()),
        "",
        *_indented(code),
        "",
        f"{_INDENT}return {_returned(wanted)}",
    ]
    return "\n".join(lines) + "\n"


def _code(attempt: Path, exercise: str) -> str:
    path = attempt / "grade.json"
    try:
        work = msgspec.json.decode(path.read_bytes(), type=Work)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); --from takes the folder of an attempt") from error
    except msgspec.MsgspecError as error:
        raise BadInput(f"{path} is no grade: {error}") from error
    found: list[WorkExercise] = [each for each in work.exercises if each.id == exercise]
    if not found or not found[0].code.strip():
        raise BadInput(f"{path}: the notebook holds no code for {exercise!r}")
    return found[0].code


def _used(body: Iterable[ast.stmt]) -> set[str]:
    """The names that code takes from outside itself."""
    nodes = [node for statement in body for node in ast.walk(statement)]
    loaded = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    given = {node.arg for node in nodes if isinstance(node, ast.arg)}
    return loaded - stored - given - set(dir(builtins))


def _elsewhere(names: set[str], source: str) -> list[str]:
    """A line that says which names are neither the assignment's nor misconceptions.py's."""
    try:
        at_hand = {name for statement in ast.parse(source).body for name in bound_names(statement)}
    except SyntaxError as error:
        raise BadInput(f"misconceptions.py: line {error.lineno} is not Python: {error.msg}; mend it first") from None
    if not (missing := sorted(names - at_hand)):
        return []
    return [f"{_INDENT}# From elsewhere in the notebook, to be imported or written here: {', '.join(missing)}"]


def _indented(code: str) -> list[str]:
    """The code's lines moved to the right, but for those inside a text over several lines, which that would change."""
    kept: set[int] = set()
    before = tokenize.NEWLINE
    try:
        for each in tokenize.generate_tokens(io.StringIO(code).readline):
            if each.type in _TEXTS and before not in _NEW_LINE:  # a text that begins a line is a docstring
                kept.update(range(each.start[0] + 1, each.end[0] + 1))
            before = each.type if each.type not in (tokenize.NL, tokenize.COMMENT) else before
    except (tokenize.TokenError, SyntaxError):
        kept = set()
    lines = code.split("\n")
    return [line if number in kept or not line.strip() else _INDENT + line for number, line in enumerate(lines, 1)]


def _returned(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return "{" + ", ".join(f'"{name}": {name}' for name in names) + "}"
