"""What a notebook of another grader holds, whichever it was: what the writer of reference folders works from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grader.notebook.model import CellKind


@dataclass(frozen=True)
class ImportedTest:
    """One test that runs code beside the student's and decides there.

    Attributes:
        name: What its notebook calls it.
        codes: Python source; more than one where they count together or not at all.
        how: "asserted": it raises where something is wrong; "printed": its output is compared.
        points: What a pass is worth; more than 0.
        hidden: Whether students do not get it.
        description: What it tests, in a sentence; "" where nothing says so.
    """

    name: str
    codes: tuple[str, ...]
    how: Literal["asserted", "printed"]
    points: float
    hidden: bool
    description: str = ""


@dataclass(frozen=True)
class Task:
    """What students write, and the tests of it; it becomes an exercise.

    Attributes:
        name: What its notebook calls it.
        title: The heading above it, or its name.
        names: The names that its solution defines; at least one.
        tests: At least one.
    """

    name: str
    title: str
    names: tuple[str, ...]
    tests: tuple[ImportedTest, ...]


@dataclass(frozen=True)
class ByHand:
    """What a person grades.

    Attributes:
        name: What its notebook calls it.
        points: What it is worth.
    """

    name: str
    points: float


@dataclass(frozen=True)
class Imported:
    """An assignment, ready to be written.

    Attributes:
        system: Where it comes from, such as "nbgrader".
        title: Its title.
        cells: Kind and text of the solution notebook's cells, with the grader's own marks.
        attachments: Pictures within a cell's text, by the cell's place in `cells`.
        tasks: What tests grade.
        by_hand: What a person grades.
        left_out: One sentence for each thing that could not be carried over.
    """

    system: str
    title: str
    cells: tuple[tuple[CellKind, str], ...]
    attachments: dict[int, dict[str, dict[str, str]]]
    tasks: tuple[Task, ...]
    by_hand: tuple[ByHand, ...]
    left_out: tuple[str, ...]


def worth(points: float) -> str:
    """Points in words.

    Example:
        >>> worth(1), worth(0.5)
        ('1 point', '0.5 points')
    """
    return f"{points:g} point{'' if points == 1 else 's'}"
