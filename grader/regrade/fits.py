"""Whether an attempt's old observations still answer what the checks ask now."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from grader.authoring.spec import REHEARSAL, CheckSpec
from grader.grading.evidence import Asked, Evidence
from grader.grading.model import Grade


def why_not(grade: Grade, evidence: Evidence, checks: Sequence[CheckSpec], asked: Asked, here: Collection[str]) -> str:
    """Say why an attempt has to be graded again and cannot be judged again.

    Args:
        grade: Its grade.
        evidence: What was observed.
        checks: The assignment's checks now.
        asked: What they observe now.
        here: The devices that the reference can be observed on here.

    Returns:
        The reason; "" where there is none.
    """
    if grade.scope == "public":
        return "only the public checks were run"
    if evidence.asked is None:
        return "an older grader did not keep what its checks were"
    if evidence.asked.data != asked.data:
        return "the assignment's data has changed"
    for device, outcomes in evidence.outcomes.items():
        if outcomes and device not in here:
            return f"its checks ran on {device}, which is not here"
        # A rehearsal has no check that the CPU has not, and may have fewer.
        for check in checks if outcomes and device != REHEARSAL else ():
            if check.runs_on(device) and (why := _why_not(check.name, device, evidence, asked)):
                return why
    return ""


def _why_not(check: str, device: str, evidence: Evidence, asked: Asked) -> str:
    before = evidence.asked.checks.get(check) if evidence.asked else None
    if before is None:
        return f"check {check} was not there"
    if before != asked.checks[check]:
        return f"check {check} observes something else now"
    return "" if check in evidence.outcomes[device] else f"check {check} was not run on {device}"
