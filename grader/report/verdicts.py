"""How a verdict looks and what it means, in the words that the report, the notebook and the terminal share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

from grader.authoring.spec import REHEARSAL
from grader.grading.model import CheckGrade, ExerciseGrade, Grade, Run
from grader.judge.verdict import VerdictName

Tone = Literal["good", "bad", "stop", "idle"]


class Look(msgspec.Struct, frozen=True):
    """How one verdict is shown: a symbol and a word, so that colour says nothing that they do not.

    Attributes:
        symbol: One letter.
        word: What the pill says.
        tone: Which colours it has.
        meaning: What the verdict says, in a sentence.
    """

    symbol: str
    word: str
    tone: Tone
    meaning: str


_LIMITS: Mapping[str, str] = MappingProxyType(
    {
        "timeout": "time limit",
        "memory": "memory limit",
        "output": "output limit",
        "processes": "process limit",
        "files": "file limit",
    }
)
_LOOKS: Mapping[VerdictName, Look] = MappingProxyType(
    {
        "pass": Look("✓", "pass", "good", "What your code returned is what the reference returns."),
        "fail": Look("✗", "fail", "bad", "Your code ran, and what it returned differs from the reference."),
        "error": Look("!", "error", "stop", "Your code raised an error while it was checked."),
        "missing": Look("?", "missing", "stop", "The notebook does not define what this check asks for."),
        "timeout": Look("!", "time limit", "stop", "There was no answer in time; look for a loop that never ends."),
        "memory": Look("!", "memory limit", "stop", "The check needed more memory than it is given."),
        "output": Look("!", "output limit", "stop", "The code printed more than a report can hold."),
        "processes": Look("!", "process limit", "stop", "The code started more processes than it may have."),
        "files": Look("!", "file limit", "stop", "The code wrote more to files than it may."),
        "crash": Look("!", "crash", "stop", "The Python process was ended by a signal."),
        "exit": Look("!", "exit", "stop", "The code ended Python before it answered."),
        "invalid": Look("!", "invalid", "stop", "What came back is not plain data, so it could not be compared."),
        "blocked": Look("–", "blocked", "idle", "It counts only once another check of the exercise passes."),
        "not run": Look("–", "not run", "idle", "It was not tried here, for example for want of a device."),
    }
)


SKIPPED = Look("–", "skipped", "idle", "It could not be checked on this machine; the other exercises bear its points.")


def look(verdict: VerdictName) -> Look:
    """How a verdict is shown.

    Example:
        >>> look("timeout").word
        'time limit'
    """
    return _LOOKS[verdict]


def reason_word(reason: str) -> str:
    """The word for why a cell did not run to its end, the same as the verdict's of that name.

    Example:
        >>> reason_word("timeout"), reason_word("not run")
        ('time limit', 'not run')
    """
    return _LIMITS.get(reason, reason)


def overall(check: CheckGrade) -> VerdictName | None:
    """The one verdict that stands for a check: the first of its runs that is no pass; None without a run.

    A rehearsal changes no points, and so stands for nothing.
    """
    names = [run.verdict for run in check.runs if run.device != REHEARSAL]
    failed = [name for name in names if name not in ("pass", "not run")]
    if failed:
        return failed[0]
    if "not run" in names and ("pass" not in names or check.points < check.max_points):
        return "not run"
    return "pass" if names else None


def accuses(run: Run) -> bool:
    """Whether a run on the simulated device says that something would fail on a real one."""
    return run.device == REHEARSAL and run.verdict not in ("pass", "blocked", "not run")


def shown_runs(check: CheckGrade) -> tuple[Run, ...]:
    """The runs of a check that a reader is shown: a rehearsal only where it found something."""
    return tuple(run for run in check.runs if run.device != REHEARSAL or accuses(run))


def device_word(device: str) -> str:
    """What a device is called beside its verdict.

    Example:
        >>> device_word("cuda"), device_word("rehearsal")
        ('cuda', 'a simulated GPU')
    """
    return "a simulated GPU" if device == REHEARSAL else device


def several(grade: Grade) -> tuple[str, ...]:
    """The devices whose verdicts are set side by side: all of them, where one beside the CPU earns points.

    The simulated one is among them only where it found something; else one of the notices says so, and that is enough.
    """
    runs = [run for exercise in grade.exercises for check in exercise.checks for run in check.runs]
    devices = tuple(d for d in grade.devices if d != REHEARSAL or any(map(accuses, runs)))
    others = tuple(device for device in devices if device != "cpu")
    return devices if set(others) - {REHEARSAL} else others


def passed_on(exercise: ExerciseGrade, device: str) -> str:
    """How many of an exercise's checks pass on a device, of those that ran there: "3 / 4", "not run", or "-".

    "not run" says that the device was not there; "-" that no check of the exercise belongs there.
    """
    runs = [run for check in exercise.checks for run in check.runs if run.device == device]
    ran = [run.verdict for run in runs if run.verdict != "not run"]
    if ran:
        return f"{ran.count('pass')} / {len(ran)}"
    return "not run" if any(run.message.startswith("not run: ") for run in runs) else "-"


def tally(exercise: ExerciseGrade) -> tuple[tuple[Look, int], ...]:
    """How often each verdict occurs among an exercise's checks, passes first, then as they come.

    Checks that are shown as a sum only, and so have no run, are not counted.
    """
    counts: dict[VerdictName, int] = {"pass": 0}
    for check in exercise.checks:
        verdict = overall(check)
        if verdict is not None:
            counts[verdict] = counts.get(verdict, 0) + 1
    return tuple((look(name), number) for name, number in counts.items() if number)


def legend(exercises: tuple[ExerciseGrade, ...]) -> tuple[Look, ...]:
    """Every verdict that occurs in these exercises, once each, to explain it."""
    seen: dict[VerdictName, None] = {}
    for exercise in exercises:
        for check in exercise.checks:
            seen.update(dict.fromkeys(run.verdict for run in shown_runs(check)))
    return tuple(look(name) for name in seen)
