"""Points: arithmetic on verdicts, as pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from grader.assignment.model import DevicesCount
from grader.authoring.spec import REHEARSAL, CheckSpec
from grader.grading.model import CheckGrade, Run


def grade_check(
    spec: CheckSpec, runs: Sequence[Run], passed: Mapping[str, bool], count: DevicesCount = "all"
) -> CheckGrade:
    """Give one check its points: all of them when it passes where it has to, none otherwise.

    Args:
        spec: The check.
        runs: Its runs, one a device; "not run" neither earns nor loses, and a rehearsal never does.
        passed: Which checks of the exercise passed, for those that this one needs.
        count: Where it has to pass.

    Returns:
        The check's grade; a pass without the checks that it needs is "blocked" and earns nothing.
    """
    unmet = [name for name in spec.needs if not passed.get(name, False)]
    if unmet:
        runs = [_blocked(run, unmet) if run.verdict == "pass" else run for run in runs]
    return CheckGrade(
        name=spec.name,
        visibility="hidden" if spec.visibility == "hidden" else "public",
        description=spec.description,
        points=spec.points if passes(runs, count) else 0.0,
        max_points=spec.points,
        runs=tuple(runs),
    )


def passes(runs: Iterable[Run], count: DevicesCount = "all") -> bool:
    """Whether a check passed where it has to; a rehearsal is no place where it ran.

    Args:
        runs: Its runs.
        count: "all" for wherever it ran, "any" for one such place, "cpu" for the CPU (or wherever it ran, where that
            was not on the CPU). A check that ran nowhere has not passed.
    """
    ran = [run for run in runs if run.verdict != "not run" and run.device != REHEARSAL]
    if count == "cpu":
        ran = [run for run in ran if run.device == "cpu"] or ran
    passed = [run.verdict == "pass" for run in ran]
    return any(passed) if count == "any" else bool(passed) and all(passed)


def spread(points: Sequence[float], total: float) -> list[float]:
    """Scale points to a new sum: in proportion, to the sixth decimal, and adding up to that sum exactly.

    Args:
        points: Points above 0.
        total: What they are to add up to.

    Returns:
        As many points, each off its share of the total by at most a millionth.

    Example:
        >>> spread([1, 1, 1], 10)
        [3.333333, 3.333334, 3.333333]
    """
    # The running sum is rounded, not its parts: so what rounding takes from one, it gives to the next.
    whole, reached, before, scaled = sum(points), 0.0, 0.0, []
    for own in points:
        reached += own
        here = round(total * (reached / whole), 6)
        scaled.append(round(here - before, 6))
        before = here
    return scaled


def add_up(points: Iterable[float]) -> float:
    """Add points so that thirds and tenths come out as a person would write them.

    Example:
        >>> add_up([0.1] * 10)
        1.0
    """
    return round(sum(points), 6)


def _blocked(run: Run, unmet: Sequence[str]) -> Run:
    names = " and ".join(name.replace("_", " ") for name in unmet)
    return msgspec.structs.replace(run, verdict="blocked", message=f"earns its points once this passes: {names}")
