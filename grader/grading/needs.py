"""Exercises that this machine cannot grade, for want of a package: skipped, and their points spread over the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import metadata
from importlib.util import find_spec

import msgspec

from grader.assignment.folder import Assignment
from grader.authoring.spec import CheckSpec
from grader.grading.points import add_up, spread


def skipped(assignment: Assignment) -> dict[str, str]:
    """Find the exercises that need a module which is not here; nothing is imported to find out.

    Args:
        assignment: The assignment; `needs` of an exercise names its modules.

    Returns:
        For each such exercise, by id, what is missing and what to install, in a sentence or two.
    """
    found = {}
    for exercise in assignment.settings.exercise:
        if absent := [name for name in exercise.needs if find_spec(name) is None]:
            found[exercise.id] = _reason(absent, assignment.name)
    return found


def checks_left(checks: Sequence[CheckSpec], without: Mapping[str, str]) -> tuple[CheckSpec, ...]:
    """Leave out the checks of skipped exercises, and raise the points of the others to the same sum.

    Args:
        checks: All checks at hand.
        without: The skipped exercises by id.

    Returns:
        The checks left, in their order; each keeps its share of what is left, to a millionth of a point.
    """
    left = [check for check in checks if check.exercise not in without]
    if len(left) == len(checks):
        return tuple(left)
    scaled = spread([check.points for check in left], add_up(check.points for check in checks))
    return tuple(msgspec.structs.replace(check, points=points) for check, points in zip(left, scaled, strict=True))


def rescaling(checks: Sequence[CheckSpec], without: Mapping[str, str]) -> str:
    """Say what was skipped and how the points changed, for the report; "" where nothing was skipped.

    Args:
        checks: All checks at hand, with their own points.
        without: The skipped exercises by id.
    """
    if not without:
        return ""
    whole = add_up(check.points for check in checks)
    left = add_up(check.points for check in checks if check.exercise not in without)
    names = ", ".join(f"`{name}`" for name in without)
    if not left:
        return f"nothing could be checked here: {names} skipped, and no other exercise is left"
    return f"points rescaled: {left:g} → {whole:g}, because {names} could not be checked here"


def _reason(absent: Sequence[str], extra: str) -> str:
    names = " and ".join(f"`{name}`" for name in absent)
    extras = metadata("grader").get_all("Provides-Extra") or ()
    how = f"with `uv sync --extra {extra}`" if extra in extras else "(the package that brings it)"
    return f"Skipped: it needs {names}, which is not installed here. Install it {how} to have this exercise checked."
