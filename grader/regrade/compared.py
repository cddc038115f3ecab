"""Two grades of the same attempt, compared check by check; pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

import msgspec

from grader.authoring.spec import REHEARSAL
from grader.grading.model import CheckGrade, Grade, Run


@dataclass(frozen=True)
class CheckChange:
    """A check of which two grades say different things.

    Attributes:
        exercise: The exercise's id.
        check: The check's name.
        before: What the first grade says in words: verdicts, points, the misconception; "" where it has no such check.
        after: What the second grade says.
    """

    exercise: str
    check: str
    before: str
    after: str

    def __str__(self) -> str:
        """The change in a line, as a table shows it."""
        return f"{self.check}: {self.before or 'no such check'} -> {self.after or 'no such check'}"


def check_changes(before: Grade, after: Grade) -> tuple[CheckChange, ...]:
    """The checks whose verdict, points or misconception differ, in the order of the second grade.

    Args:
        before: A grade.
        after: Another grade of the same attempt.

    Returns:
        The checks that differ; seconds, and the words of a difference, do not count.
    """
    first, second = _checks(before), _checks(after)
    changes = []
    for key in (*second, *(key for key in first if key not in second)):
        said = _all_said(first.get(key), second.get(key))
        if said[0] != said[1]:
            changes.append(CheckChange(*key, *said))
    return tuple(changes)


def same_to_readers(before: Grade, after: Grade) -> bool:
    """Whether nothing that a report shows of checks and points differs, words and pictures included."""
    return _shown(before) == _shown(after)


def other_versions(grade: Grade) -> dict[str, tuple[str, str]]:
    """The packages that are of another version here than where something was graded, with both versions."""
    found = {name: (grade.environment.get(name, ""), version(name)) for name in ("grader", "torch")}
    return {name: (then, now) for name, (then, now) in found.items() if then and then != now}


def _shown(grade: Grade) -> bytes:
    # As JSON: numbers in pictures may be NaN, which equals nothing.
    return msgspec.json.encode((grade.title, grade.score, grade.max_score, grade.exercises))


def _checks(grade: Grade) -> dict[tuple[str, str], CheckGrade]:
    return {(exercise.id, check.name): check for exercise in grade.exercises for check in exercise.checks}


def _all_said(before: CheckGrade | None, after: CheckGrade | None) -> tuple[str, str]:
    there = [check for check in (before, after) if check is not None]
    # A rehearsal is no part of a grade.
    devices = list(dict.fromkeys(run.device for check in there for run in check.runs if run.device != REHEARSAL))
    worth_differs = len({(check.points, check.max_points) for check in there}) > 1
    first, second = (_said(check, devices, worth_differs) if check else "" for check in (before, after))
    return first, second


def _said(check: CheckGrade, devices: list[str], with_points: bool) -> str:
    runs = {run.device: run for run in check.runs}
    verdicts = [_verdict(runs.get(device), device if len(devices) > 1 else "") for device in devices]
    points = [f"{check.points:g} of {check.max_points:g}"] if with_points else []
    return ", ".join((*verdicts, *points))


def _verdict(run: Run | None, device: str) -> str:
    if run is None:
        return f"nothing on {device}"
    name = f" ({run.misconception.name})" if run.misconception else ""
    return f"{run.verdict}{name}{f' on {device}' if device else ''}"
