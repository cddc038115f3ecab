"""The reference under verification: it passes its own checks for every seed, and repeats itself exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from grader.authoring.spec import CheckSpec
from grader.grading.recording import ReferenceOutcomes
from grader.verify.case import Case
from grader.verify.lane import Key, Lane, Lanes
from grader.verify.model import Finding
from grader.verify.requests import Weighed
from grader.verify.trials import batches
from grader.wire.outcome import Outcome, Raised, Returned, Stopped

_RUNS_A_FORK = 5
_FEW_BITS = 64.0


def observe(
    case: Case, lanes: Lanes, checks: Sequence[CheckSpec], runs: Sequence[str], done: Callable[[], None]
) -> tuple[dict[Key, ReferenceOutcomes], dict[str, float]]:
    """What the reference observes in some checks with the seeds of some runs, and how many seconds each check takes."""
    outcomes: dict[Key, ReferenceOutcomes] = {}
    seconds: dict[str, float] = {}
    parts = list(batches(runs, _RUNS_A_FORK))
    for found, took in lanes.map(lambda lane, part: lane.references(case.trials(checks, part)), parts, done):
        outcomes |= found
        seconds = {check.name: max(took[check.name], seconds.get(check.name, 0.0)) for check in checks}
    return outcomes, seconds


def failures(case: Case, outcomes: dict[Key, ReferenceOutcomes]) -> list[Finding]:
    """The checks that the reference itself does not get through."""
    found = {}
    for (name, run), outcome in outcomes.items():
        if not isinstance(outcome.float32, Returned) and name not in found:
            found[name] = f"the reference does not get through it with the seed {run!r}: {_told(outcome.float32)}"
    exercises = {check.name: check.exercise for check in case.checks}
    return [
        Finding(kind="reference", exercise=exercises[name], subject=name, message=message)
        for name, message in found.items()
    ]


def unlike_itself(case: Case, lane: Lane, outcomes: dict[Key, ReferenceOutcomes]) -> list[Finding]:
    """The checks that observe something else when they are run again with the same seed."""
    trials = case.trials(case.checks, case.runs[:1])
    again, _ = lane.references(trials)
    return [
        Finding(
            kind="reference",
            exercise=trial.check.exercise,
            subject=trial.check.name,
            message="run again with the same seed it observes something else; take every random number from rng",
        )
        for trial in trials
        if again[trial.key] != outcomes[trial.key]
    ]


def measured(
    case: Case, lane: Lane, checks: Sequence[CheckSpec], runs: Sequence[str], outcomes: dict[Key, ReferenceOutcomes]
) -> dict[str, Weighed]:
    """The reference's own answers, judged and measured: how much of the allowance its rounding takes."""
    trials = case.trials(checks, runs)
    return lane.weigh(trials, {t.key: outcomes[t.key].float32 for t in trials}, outcomes, measured=True)


def guessable(case: Case, lane: Lane, runs: Sequence[str], outcomes: dict[Key, ReferenceOutcomes]) -> list[Finding]:
    """The hidden checks whose answer somebody could guess who does not know the inputs."""
    found = []
    for check in case.checks:
        seen: list[Outcome] = [outcomes[check.name, run].float32 for run in runs if (check.name, run) in outcomes]
        if check.visibility != "hidden" or len(seen) < 2:
            continue
        bits = lane.spread(seen)
        if bits < _FEW_BITS:
            message = (
                f"only about {bits:.0f} bits of what it observes depend on the seed, so it can be guessed; "
                "let it return more that depends on random inputs"
            )
            found.append(
                Finding(kind="guessable", exercise=check.exercise, subject=check.name, message=message, unfair=False)
            )
    return found


def _told(outcome: Outcome) -> str:
    if isinstance(outcome, Raised):
        return f"{outcome.error}: {outcome.message}"
    return outcome.detail if isinstance(outcome, Stopped) else repr(outcome)
