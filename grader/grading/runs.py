"""What grade.json says of one check on one device."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from grader.authoring.spec import CheckSpec
from grader.grading.model import Hint, LeafHint, Run
from grader.grading.requests import Diagnosed
from grader.judge.verdict import Verdict
from grader.observe.results import CheckResult
from grader.wire.outcome import Raised

Hints = Mapping[str, str]
_OUTPUT_LETTERS = 4000
# What a GPU says when a kernel went wrong: not where, and not why. The CPU checks as it goes.
_BLIND = re.compile(r"CUDA error: |CUBLAS_STATUS_|CUDNN_STATUS_")


def run_of(
    device: str, result: CheckResult, verdict: Verdict, name: str | None, leaves: Mapping[str, str], hints: Hints
) -> Run:
    """The run of a check that was observed and judged.

    Args:
        device: Where it ran.
        result: What was observed.
        verdict: What the judge said.
        name: The misconception that it matches, if any.
        leaves: Where it matches none as a whole: the one that a leaf matches, by path.
        hints: The misconceptions' hints by name.
    """
    outcome = result.outcomes[0]
    return Run(
        device=device,
        verdict=verdict.verdict,
        seconds=round(result.seconds[0], 4),
        message=verdict.message,
        misconception=hint_of(hints, name) if name else None,
        parts=tuple(
            LeafHint(tuple(path for path, own in leaves.items() if own == each), hint_of(hints, each))
            for each in dict.fromkeys(leaves.values())
        ),
        differences=verdict.differences,
        frames=outcome.frames if isinstance(outcome, Raised) else (),
        output=result.output[:_OUTPUT_LETTERS],
    )


def hint_of(hints: Hints, name: str) -> Hint:
    """A misconception with what its author says to a student who has it."""
    return Hint(name, hints.get(name, ""))


def matches(diagnosis: Diagnosed | None, check: str) -> tuple[str | None, Mapping[str, str]]:
    """The misconception that a check matches, and those that its leaves do; nothing where nothing was diagnosed."""
    return (diagnosis.checks.get(check), diagnosis.leaves.get(check, {})) if diagnosis else (None, {})


def not_run(checks: Sequence[CheckSpec], device: str, why: str) -> dict[str, Run]:
    """The runs of checks that are not tried on a device: neither passed nor failed."""
    return {c.name: Run(device=device, verdict="not run", seconds=0.0, message=why) for c in checks}


def not_here(checks: Sequence[CheckSpec], device: str, broken: str = "") -> dict[str, Run]:
    """The runs of a device that this machine has not, or that does not work here, and why."""
    if broken:
        return not_run(checks, device, f"not run: there is a {device} device, and it does not work here: {broken}")
    return not_run(checks, device, f"not run: no {device} device here")


def told_by_cpu(run: Run, on_cpu: Run | None) -> Run:
    """Say what the CPU's run of the same check tells, where a GPU says no more than that something went wrong.

    Args:
        run: A run on a GPU.
        on_cpu: The same check's run on the CPU, if there was one.

    Returns:
        The run; with a clause more in its message where it ended with an error of the device or was killed by it.
    """
    blind = run.verdict == "error" and _BLIND.search(run.message)
    if on_cpu is None or not (blind or run.verdict == "crash"):
        return run
    if on_cpu.verdict == "pass":
        told = "on the CPU the same check passes"
    elif on_cpu.verdict == "error":
        told = f"on the CPU the same check says why: {on_cpu.message}"
    else:
        told = f"on the CPU the same check ends with {on_cpu.verdict}: {on_cpu.message}"
    return msgspec.structs.replace(run, message=f"{run.message}; {told}")
