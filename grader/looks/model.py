"""What the look at a notebook's source is asked, and what it finds; imports no torch."""

from __future__ import annotations

from typing import Literal

import msgspec


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Something for a person to look at; never a proof, and never worth a point.

    Attributes:
        kind: "source" (seen in the text), "calls" (the submission's process says that it was called), or "unparsed"
            (the text could not be looked at).
        cell: Number of the code cell, counted from 1; 0 where no cell is meant.
        line: Line in that cell, counted from 1; 0 where no line is meant.
        what: What is there, in the words of the code.
        why: Why it is worth a look, in a sentence.
        avoided: The name of assignment.toml that is used in plain sight; "" for anything else.
    """

    kind: Literal["source", "calls", "unparsed"]
    cell: int = 0
    line: int = 0
    what: str
    why: str
    avoided: str = ""


class LookCell(msgspec.Struct, frozen=True):
    """One code cell to look at."""

    number: int
    source: str


class LookExercise(msgspec.Struct, frozen=True):
    """What to look for in one exercise: the names that define it, and what it is to be written without."""

    id: str
    names: tuple[str, ...]
    avoid: tuple[str, ...] = ()


class LookRequest(msgspec.Struct, frozen=True):
    """A notebook's code cells and an assignment's exercises."""

    cells: tuple[LookCell, ...]
    exercises: tuple[LookExercise, ...]


class Looks(msgspec.Struct, frozen=True):
    """What was found.

    Attributes:
        exercises: What the code of each exercise holds, by its id; exercises without any are left out.
        elsewhere: What is in code that belongs to no exercise.
    """

    exercises: dict[str, tuple[Look, ...]] = {}
    elsewhere: tuple[Look, ...] = ()
