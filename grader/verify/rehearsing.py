"""Verification on the simulated device: right work is right there, too; some wrong work is wrong only there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from grader.authoring.spec import REHEARSAL, CheckSpec, VariantSpec
from grader.grading.recording import ReferenceOutcomes
from grader.observe.protocol import Overlay
from grader.verify.case import Case, Known
from grader.verify.lane import Key, Lane, Lanes
from grader.verify.model import Finding, FindingKind
from grader.verify.trials import Trial
from grader.wire.outcome import Raised, Returned, Stopped

_RUNS = 2  # it is about the code's paths, not about its numbers
_THERE = "on the simulated GPU"

Done = Callable[[], None]


def runs(case: Case) -> tuple[str, ...]:
    """The runs that are rehearsed."""
    return case.runs[:_RUNS]


def rehearse(case: Case, lanes: Lanes, known: Known, steps: Callable[[str, int], Done]) -> tuple[Known, list[Finding]]:
    """Run what is right on the simulated device; what is wrong only there must be caught there.

    Args:
        case: What is verified.
        lanes: Where works run.
        known: What the reference observes on the CPU.
        steps: Told what comes next and in how many steps; gives what to call after each.

    Returns:
        What is known, with what the reference observes there; and what was found.
    """
    known, broken = _references(case, lanes, known, steps("rehearsing the reference", len(runs(case))))
    wrong = [variant for variant in case.misconceptions if variant.only_on_a_device]
    works = [*case.alternatives, *wrong]
    return known, [*broken, *_variants(case, lanes, known, works, steps("rehearsing alternatives", len(works)))]


def _references(case: Case, lanes: Lanes, known: Known, done: Done) -> tuple[Known, list[Finding]]:
    """Observe the reference on the simulated device, with the allowances that were measured on the CPU.

    Returns:
        What is known, with that; and the checks that the reference does not get through there.
    """

    def observe(lane: Lane, run: str) -> tuple[dict[Key, ReferenceOutcomes], list[Finding]]:
        trials = _trials(case, case.checks, (run,))
        outcomes = lane.observe(None, trials, device=REHEARSAL)
        there = {key: ReferenceOutcomes(o, known.outcomes[key].float64) for key, o in outcomes.items()}
        passed = {trial.key: there[trial.key] for trial in trials if isinstance(outcomes[trial.key], Returned)}
        return passed, [_broken(trial, outcomes[trial.key]) for trial in trials if trial.key not in passed]

    found = lanes.map(observe, runs(case), done)
    return (
        replace(known, rehearsed={key: one for there, _ in found for key, one in there.items()}),
        [finding for _, findings in found for finding in findings],
    )


def _variants(case: Case, lanes: Lanes, known: Known, works: Sequence[VariantSpec], done: Done) -> list[Finding]:
    """Run right solutions, and those that are wrong on a device only, through their checks on the simulated one."""

    def rehearse(lane: Lane, variant: VariantSpec) -> list[Finding]:
        failed = caught(case, lane, known, case.overlay(variant), case.own(variant.exercise), runs(case))
        if variant in case.alternatives:
            return [_finding(variant, f"this right solution fails {n} {_THERE}: {said}") for n, said in failed.items()]
        if failed:
            return []
        return [_finding(variant, f"this solution, wrong on a device only, passes every check {_THERE}")]

    return [finding for part in lanes.map(rehearse, works, done) for finding in part]


def caught(
    case: Case,
    lane: Lane,
    known: Known,
    overlay: Overlay,
    checks: Sequence[CheckSpec],
    some: Sequence[str],
    seconds: float | None = None,
) -> dict[str, str]:
    """The checks that a work fails on the simulated device, with what is said of it; stopped ones accuse nobody."""
    trials = [trial for trial in _trials(case, checks, some) if trial.key in known.rehearsed]
    outcomes = lane.observe(overlay, trials, seconds, device=REHEARSAL) if trials else {}
    trials = [trial for trial in trials if not isinstance(outcomes[trial.key], Stopped)]
    said = lane.weigh(trials, outcomes, known.rehearsed)
    return {
        name: next(m for m, v in zip(weighed.messages, weighed.verdicts, strict=True) if v != "pass")
        for name, weighed in said.items()
        if set(weighed.verdicts) != {"pass"}
    }


def _trials(case: Case, checks: Sequence[CheckSpec], some: Sequence[str]) -> list[Trial]:
    return case.trials([check for check in checks if check.runs_on(REHEARSAL)], some)


def _broken(trial: Trial, outcome: object) -> Finding:
    told = f"{outcome.error}: {outcome.message}" if isinstance(outcome, Raised) else repr(outcome)
    message = f"the reference does not get through it {_THERE}: {told}"
    return Finding(kind="reference", exercise=trial.check.exercise, subject=trial.check.name, message=message)


def _finding(variant: VariantSpec, message: str) -> Finding:
    kind: FindingKind = "misconception" if variant.only_on_a_device else "alternative"
    return Finding(kind=kind, exercise=variant.exercise, subject=variant.name, message=message)
