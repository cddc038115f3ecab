"""The judge: one outcome of a student's work against the reference's outcome of the same check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.authoring.comparators import Comparator
from grader.judge.compare import compare
from grader.judge.errors import meaning
from grader.judge.verdict import Difference, Verdict, VerdictName
from grader.wire.decode import decode
from grader.wire.errors import WireError
from grader.wire.outcome import Missing, Outcome, Raised, Returned, Stopped
from grader.wire.tree import Tree

_STOPPED: dict[str, VerdictName] = {
    "timeout": "timeout",
    "memory": "memory",
    "output": "output",
    "processes": "processes",
    "files": "files",
    "crash": "crash",
    "exit": "exit",
    "invalid": "invalid",
}


class BrokenReference(Exception):
    """The reference itself does not get through the check: the assignment is at fault, not the student."""


@dataclass(frozen=True)
class Reference:
    """What the reference's run of a check came to.

    Attributes:
        float32: In the precision of students' work.
        float64: With float64 arithmetic on the same inputs; None where that was not tried.
    """

    float32: Outcome
    float64: Outcome | None = None


def judge(
    outcome: Outcome,
    reference: Reference,
    comparators: Mapping[str, Comparator] | None = None,
    labels: Mapping[str, Tree] | None = None,
) -> Verdict:
    """Judge one outcome.

    Args:
        outcome: What became of the check on the student's work; nothing in it is trusted.
        reference: What became of it on the reference.
        comparators: The author's comparators by path.
        labels: Labels that only the judge holds, by name.

    Returns:
        The verdict; only an observation without any difference passes.

    Raises:
        BrokenReference: The reference has no observation to compare with.
    """
    expected, expected64 = observations(reference)
    if isinstance(outcome, Missing):
        return Verdict("missing", f"your notebook does not define `{outcome.name}`")
    if isinstance(outcome, Raised):
        return Verdict("error", _error_message(outcome))
    if isinstance(outcome, Stopped):
        return Verdict(_STOPPED.get(outcome.reason, "invalid"), outcome.detail)
    try:
        got = decode(outcome.observation)
    except WireError as error:
        return Verdict("invalid", f"what the check's process sent is no observation: {error}")
    differences = compare(got, expected, expected64, comparators, labels)
    return Verdict("fail", summary(differences), differences) if differences else Verdict("pass")


def observations(reference: Reference) -> tuple[Tree, Tree | None]:
    """The reference's observation in float32, and in float64 where there is one.

    Raises:
        BrokenReference: There is none in float32.
    """
    if not isinstance(reference.float32, Returned):
        raise BrokenReference(f"the reference does not pass its own check: {_told(reference.float32)}")
    try:
        expected = decode(reference.float32.observation)
        double = decode(reference.float64.observation) if isinstance(reference.float64, Returned) else None
    except WireError as error:
        raise BrokenReference(f"what the reference observes cannot be read: {error}") from error
    return expected, double


def summary(differences: tuple[Difference, ...]) -> str:
    """The first difference in one line, and how many more there are."""
    first = differences[0]
    said = f"{first.path}: {first.message}" if first.path else first.message
    left = len(differences) - 1
    return f"{said} (and {left} more {'difference' if left == 1 else 'differences'})" if left else said


def _error_message(raised: Raised) -> str:
    explained = meaning(raised.error, raised.message)
    said = f"{raised.error}: {raised.message}" if raised.message else raised.error
    if raised.error == "NotImplementedError" and not raised.message:
        return explained
    if raised.frames:
        last = raised.frames[-1]
        said = f"{said} (cell {last.cell}, line {last.line})"
    return f"{said}; {explained}" if explained else said


def _told(outcome: Outcome) -> str:
    if isinstance(outcome, Raised):
        return f"{outcome.error}: {outcome.message}"
    if isinstance(outcome, Missing):
        return f"it does not define {outcome.name!r}"
    return outcome.detail if isinstance(outcome, Stopped) else ""
