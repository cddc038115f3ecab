"""A small graded class made a large one: its attempts under more names, each with a hand of its own."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import msgspec

from grader.gradebook import Gradebook
from grader.grading.model import ExerciseGrade, Grade, grade_json
from grader.submission.record import folder_name

_PIECES = (
    "torch.clone({})",
    "{}.detach()",
    "float({})",
    "len({}) + 1",
    "{} * {}",
    "[{}, {}]",
    "dict(a={})",
    "{}.view(-1)",
)


def crowd(reports: Path, assignment: str, number: int, seed: int = 0) -> None:
    """Add attempts of new students, copied from those in the gradebook, until it holds that many.

    Most write the copied code in a way of their own, so that copies are not alike; one in fifty does not.
    """
    book = Gradebook(reports / "gradebook.sqlite")
    rows = book.attempts(assignment)
    chance = random.Random(seed)
    for index in range(len(rows), number):
        row = chance.choice(rows)
        student = f"crowd{index:03}"
        folder = reports / folder_name(assignment) / student / "attempt-1"
        shutil.copytree(row.folder, folder)
        by_hand = row.grade() if chance.random() < 0.02 else _own_hand(row.grade(), chance)
        grade = msgspec.structs.replace(by_hand, student=student, attempt=1)
        (folder / "grade.json").write_bytes(grade_json(grade))
        book.add(grade, folder)
    book.close()


def _own_hand(grade: Grade, chance: random.Random) -> Grade:
    exercises = tuple(_written_otherwise(exercise, chance) for exercise in grade.exercises)
    return msgspec.structs.replace(grade, exercises=exercises)


def _written_otherwise(exercise: ExerciseGrade, chance: random.Random) -> ExerciseGrade:
    """The same code with lines between its own that do nothing."""
    lines: list[str] = []
    for line in exercise.code.split("\n"):
        lines.append(line)
        indent = re.match(r"(\s+)\S.*[^:,(\[{]$", line)
        if indent and chance.random() < 0.6:
            name = chance.choice(("x", "y", "self"))
            pieces = (chance.choice(_PIECES).replace("{}", name) for _ in range(chance.randrange(1, 4)))
            lines.append(f"{indent[1]}unused = " + " + ".join(pieces))
    return msgspec.structs.replace(exercise, code="\n".join(lines))
