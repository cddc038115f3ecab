"""Read course.toml, the rules of a class: when things are due, what lateness costs, which attempt counts."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from grader.assignment.errors import BadAssignment
from grader.assignment.folder import Assignment
from grader.assignment.model import Late
from grader.assignment.settings import DUE_RULE, LATE_RULES
from grader.assignment.tables import Rule, above_zero, check_table, check_value, read_toml
from grader.gradebook.policy import Count, Rounding
from grader.grading.points import add_up

FILE = "course.toml"


class Attempts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which attempt at an assignment counts: the "best" (after what lateness takes off), the "last" or the "first"."""

    count: Count = "best"


class Drop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many of a student's lowest assignments are left out of the total."""

    lowest: int = 0


class Course(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that course.toml says; `read_course` reads and checks it.

    Attributes:
        due: When assignments are due, by name, with a zone; goes before what an assignment.toml says.
        late: What lateness costs at assignments that do not say so themselves.
        attempts: Which attempt counts.
        drop: What is left out of the total.
        rounding: How final points are rounded.
    """

    due: dict[str, datetime] = {}
    late: Late = Late()
    attempts: Attempts = Attempts()
    drop: Drop = Drop()
    rounding: Rounding = Rounding()


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one assignment in one class.

    Attributes:
        max_score: Points to earn, for who handed in nothing.
        due: When it is due for everybody, with a zone; None for never.
        late: What lateness costs.
        count: Which attempt counts.
        rounding: How final points are rounded.
    """

    max_score: float
    due: datetime | None = None
    late: Late = Late()
    count: Count = "best"
    rounding: Rounding = Rounding()


def read_course(root: Path, assignments: list[str]) -> Course:
    """Read and check the course.toml of a course folder; without one every rule is its default.

    Args:
        root: The course folder.
        assignments: The names of its assignments.

    Returns:
        The rules.

    Raises:
        BadAssignment: It is no TOML, or a key is unknown or has an impossible value; the message names the key and
            says what was expected.
    """
    try:
        raw = read_toml(root / FILE, FILE)
    except FileNotFoundError:
        return Course()
    sections: Mapping[str, type[msgspec.Struct]] = {
        "late": Late,
        "attempts": Attempts,
        "drop": Drop,
        "rounding": Rounding,
    }
    for name, section in sections.items():
        if isinstance(raw.get(name), dict):
            check_table(raw[name], section, f"{name}.", FILE, _RULES)
    if isinstance(raw.get("due"), dict):
        _check_due(raw["due"], assignments)
    return check_table(raw, Course, "", FILE, _RULES)


def terms_of(assignment: Assignment, course: Course) -> Terms:
    """The rules of one assignment: what its own assignment.toml says of lateness goes before the course's.

    Args:
        assignment: The assignment.
        course: The rules of the class.

    Returns:
        The assignment's rules.
    """
    own = assignment.settings
    return Terms(
        max_score=add_up(exercise.points for exercise in own.exercise),
        due=course.due.get(assignment.name, own.due),
        late=own.late if own.late != Late() else course.late,
        count=course.attempts.count,
        rounding=course.rounding,
    )


def _check_due(due: dict[str, Any], assignments: list[str]) -> None:
    for name, moment in due.items():
        if name not in assignments:
            close = difflib.get_close_matches(name, assignments, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(assignments) or 'none'}"
            raise BadAssignment(f"{FILE}: due.{name[:80]}: there is no such assignment; {hint}")
        check_value(moment, datetime, DUE_RULE, f"{FILE}: due.{name}")


_RULES: Mapping[str, Rule] = {
    **LATE_RULES,
    "due": Rule("a table [due] of moments by assignment", lambda _: True),
    "attempts": Rule("a table [attempts]", lambda _: True),
    "attempts.count": Rule('"best", "last" or "first"', lambda _: True),
    "drop": Rule("a table [drop]", lambda _: True),
    "drop.lowest": Rule("a whole number, 0 or more", lambda lowest: 0 <= lowest < 2**31),
    "rounding": Rule("a table [rounding]", lambda _: True),
    "rounding.step": Rule("a number above 0, such as 0.5", above_zero),
    "rounding.direction": Rule('"nearest", "up" or "down"', lambda _: True),
}
