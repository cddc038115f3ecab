"""What had to be stopped, what took longest, and what ran on which device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from grader.classpage.model import Member, Work

_STOPPED = ("timeout", "memory", "output", "processes", "files", "crash", "exit", "invalid")


class Stop(msgspec.Struct, frozen=True, kw_only=True):
    """Something of a student's that had to be stopped, or ended without an answer.

    Attributes:
        member: The student's place in the class.
        where: The cell, or the check.
        reason: "timeout", "crash", ...
        message: What happened, in words.
        times: At how many more places of this student's work the same happened.
    """

    member: int
    where: str
    reason: str
    message: str
    times: int = 0


class Slow(msgspec.Struct, frozen=True):
    """How long a student's work took: the student's place in the class, and seconds."""

    member: int
    notebook_seconds: float
    checks_seconds: float

    @property
    def seconds(self) -> float:
        """Of both together."""
        return self.notebook_seconds + self.checks_seconds


class DeviceFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What ran on one device.

    Attributes:
        device: "cpu", "cuda", ...
        works: How many students' work ran there.
        passed: How many of their checks passed.
        failed: How many did not.
        not_run: How many were not run there.
    """

    device: str
    works: int
    passed: int
    failed: int
    not_run: int


def stops(class_: Sequence[Member]) -> list[Stop]:
    """What had to be stopped, once for each student and reason, by the reason.

    Args:
        class_: The class.

    Returns:
        The first place of each; cells come before checks.
    """
    found: dict[tuple[int, str], Stop] = {}
    for place, member in enumerate(class_):
        for where, reason, message in _stopped(member.work) if member.work else ():
            known = found.get((place, reason))
            blank = Stop(member=place, where=where, reason=reason, message=message)
            found[place, reason] = msgspec.structs.replace(known, times=known.times + 1) if known else blank
    return sorted(found.values(), key=lambda stop: (_STOPPED.index(stop.reason), stop.member))


def slowest(class_: Sequence[Member], most: int) -> list[Slow]:
    """The students whose notebook and checks took longest; the start of the grader is left out."""
    times = [(place, member.work.timing) for place, member in enumerate(class_) if member.work]
    found = [Slow(place, each.notebook_seconds, each.checks_seconds) for place, each in times]
    return sorted((each for each in found if each.seconds), key=lambda each: -each.seconds)[:most]


def devices(class_: Sequence[Member]) -> list[DeviceFigures]:
    """What ran on each device."""
    works: Counter[str] = Counter()
    runs: Counter[tuple[str, str]] = Counter()
    for member in class_:
        if member.work is None or not member.work.exercises:
            continue
        works.update(member.work.devices)
        every = (run for exercise in member.work.exercises for check in exercise.checks for run in check.runs)
        runs.update((run.device, run.verdict if run.verdict in ("pass", "not run") else "fail") for run in every)
    return [
        DeviceFigures(
            device=device,
            works=number,
            passed=runs[device, "pass"],
            failed=runs[device, "fail"],
            not_run=runs[device, "not run"],
        )
        for device, number in sorted(works.items())
    ]


def _stopped(work: Work) -> Iterator[tuple[str, str, str]]:
    for problem in work.cells:
        if problem.reason in _STOPPED:
            yield f"cell {problem.cell}", problem.reason, problem.message
    for exercise in work.exercises:
        for check in exercise.checks:
            for run in check.runs:
                if run.verdict in _STOPPED:
                    yield f"{check.name} on {run.device}", run.verdict, run.message
