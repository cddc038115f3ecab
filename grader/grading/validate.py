"""Whether an assignment's check files fit its assignment.toml."""

from __future__ import annotations

from collections.abc import Sequence

from grader.assignment.folder import Assignment
from grader.authoring.spec import CheckSpec
from grader.grading.judging import BadCheckFile
from grader.grading.points import add_up


def validate(assignment: Assignment, checks: Sequence[CheckSpec]) -> None:
    """Refuse check files that do not fit assignment.toml.

    Raises:
        BadCheckFile: A check of an unknown exercise, an exercise whose checks' points do not add up to its own,
            two checks of one name, or a check that needs an unknown one.
    """
    where = f"{assignment.name}/checks.py"
    known = {exercise.id for exercise in assignment.settings.exercise}
    names = [check.name for check in checks]
    for check in checks:
        if check.exercise not in known:
            raise BadCheckFile(f"{where}: {check.name} is for {check.exercise!r}, not an exercise of the assignment")
        if names.count(check.name) > 1:
            raise BadCheckFile(f"{where}: two checks are called {check.name}; give each a name of its own")
        siblings = {c.name for c in checks if c.exercise == check.exercise}
        if unknown := set(check.needs) - siblings:
            raise BadCheckFile(f"{where}: {check.name} needs {sorted(unknown)[0]!r}, no check of {check.exercise!r}")
    for exercise in assignment.settings.exercise:
        total = add_up(check.points for check in checks if check.exercise == exercise.id)
        if total != exercise.points:
            raise BadCheckFile(
                f"{where}: the checks of {exercise.id!r} are worth {total:g} points in all, "
                f"assignment.toml says {exercise.points:g}"
            )
