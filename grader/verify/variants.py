"""Known solutions under verification: right ones pass for every seed, wrong ones fail their own exercise only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from grader.authoring.spec import CheckSpec, VariantSpec
from grader.grading.recording import ReferenceOutcomes
from grader.verify.case import Case, Known
from grader.verify.lane import Key, Lane, Lanes
from grader.verify.model import Finding
from grader.verify.requests import Name, Weighed
from grader.verify.trials import Trial, affordable, is_slow
from grader.wire.outcome import Outcome

Done = Callable[[], None]


@dataclass(frozen=True)
class Seen:
    """One known solution, looked at closely.

    Attributes:
        variant: The solution.
        runs: The runs in which all checks of its exercise were run.
        outcomes: Its outcomes in those, by check and run.
        weighed: What the judge said, by check, one for each run.
        elsewhere: Checks of other exercises that it fails, with what was said.
    """

    variant: VariantSpec
    runs: tuple[str, ...]
    outcomes: Mapping[Key, Outcome]
    weighed: Mapping[str, Weighed]
    elsewhere: Mapping[str, str]

    def failed(self, run: int) -> set[str]:
        """The checks of its exercise that it fails in a run."""
        return {name for name, said in self.weighed.items() if said.verdicts[run] != "pass"}

    def witness(self, seconds: Mapping[str, float]) -> str | None:
        """The quickest check that it failed in every run; None where no check did."""
        always = [name for name, said in self.weighed.items() if "pass" not in said.verdicts]
        return min(always, key=lambda name: seconds[name], default=None)


def look_closely(case: Case, lanes: Lanes, known: Known, done: Done) -> list[Seen]:
    """Run every known solution through all checks of its exercise and, once, through those of the others."""

    def look(lane: Lane, variant: VariantSpec) -> Seen:
        overlay = case.overlay(variant)
        runs = known.runs(case, variant.exercise)
        own = case.trials(case.own(variant.exercise), runs)
        others = [c for c in case.checks if c.exercise != variant.exercise and not is_slow(known.seconds[c.name])]
        beside = case.trials(others, runs[:1])
        outcomes = lane.observe(overlay, [*own, *beside])
        weighed = lane.weigh(own, outcomes, known.outcomes, measured=True)
        elsewhere = _failed(lane, beside, outcomes, known.outcomes)
        if elsewhere:  # what the exercise's own checks left behind must not count
            elsewhere = _failed(lane, beside, lane.observe(overlay, beside), known.outcomes)
        return Seen(variant, runs, {trial.key: outcomes[trial.key] for trial in own}, weighed, elsewhere)

    return lanes.map(look, [*case.alternatives, *case.wrong], done)


def _failed(
    lane: Lane, trials: Sequence[Trial], outcomes: Mapping[Key, Outcome], references: Mapping[Key, ReferenceOutcomes]
) -> dict[str, str]:
    said = lane.weigh(trials, outcomes, references)
    return {name: w.messages[0] or w.verdicts[0] for name, w in said.items() if w.verdicts[0] != "pass"}


def refusals(case: Case, seen: Sequence[Seen]) -> list[Finding]:
    """Right solutions that fail, and wrong ones that pass or cost points elsewhere."""
    found = []
    for one in seen:
        right = one.variant in case.alternatives
        for number, run in enumerate(one.runs):
            failed = one.failed(number)
            if right and failed:
                name = min(failed)
                found.append(refused(one.variant, name, run, one.weighed[name].messages[number]))
            elif not right and not failed:
                found.append(accepted(one.variant, run))
        for name, message in one.elsewhere.items():
            found.append(_finding(one.variant, right, f"it fails {name}, a check of another exercise: {message}"))
    return found


def refused(variant: VariantSpec, check: str, run: str, message: str) -> Finding:
    """A right solution that a check refuses."""
    return _finding(variant, True, f"this right solution fails {check} with the seed {run!r}: {message}")


def accepted(variant: VariantSpec, run: str) -> Finding:
    """A wrong solution that no check of its exercise notices."""
    return _finding(variant, False, f"this wrong solution passes every check of its exercise with the seed {run!r}")


def _finding(variant: VariantSpec, right: bool, message: str) -> Finding:
    return Finding(
        kind="alternative" if right else "misconception",
        exercise=variant.exercise,
        subject=variant.name,
        message=message,
    )


def try_again(
    case: Case,
    lanes: Lanes,
    seen: Sequence[Seen],
    references: Mapping[Key, ReferenceOutcomes],
    seconds: Mapping[str, float],
    runs: Sequence[str],
    batch: int,
    done: Done,
) -> list[Finding]:
    """Run every known solution with further seeds.

    Right ones go through all checks of their exercise, a wrong one through the quickest check that noticed it so far,
    and through the others where it passes that one.
    """

    def right(lane: Lane, one: Seen) -> list[Finding]:
        checks = affordable(case.own(one.variant.exercise), seconds, batch)
        trials = case.trials(checks, runs)
        said = lane.weigh(trials, lane.observe(case.overlay(one.variant), trials), references)
        return [
            refused(one.variant, name, run, message)
            for name, weighed in said.items()
            for run, verdict, message in zip(runs, weighed.verdicts, weighed.messages, strict=True)
            if verdict != "pass"
        ]

    def wrong(lane: Lane, one: Seen) -> list[Finding]:
        checks = affordable(case.own(one.variant.exercise), seconds, batch)
        witness = one.witness(seconds)
        first = [check for check in checks if check.name == witness]
        left = _unnoticed(lane, case, one.variant, first, runs, references) if first else list(runs)
        rest = [check for check in checks if check.name != witness]
        left = _unnoticed(lane, case, one.variant, rest, left, references) if left and rest else left
        complete = len(checks) == len(case.own(one.variant.exercise))
        return [accepted(one.variant, run) for run in left] if complete else []

    def again(lane: Lane, one: Seen) -> list[Finding]:
        return right(lane, one) if one.variant in case.alternatives else wrong(lane, one)

    return [finding for part in lanes.map(again, list(seen), done) for finding in part]


def _unnoticed(
    lane: Lane,
    case: Case,
    variant: VariantSpec,
    checks: Sequence[CheckSpec],
    runs: Sequence[str],
    references: Mapping[Key, ReferenceOutcomes],
) -> list[str]:
    """The runs in which a wrong solution passes all of some checks."""
    trials = case.trials(checks, runs)
    said = lane.weigh(trials, lane.observe(case.overlay(variant), trials), references)
    return [run for number, run in enumerate(runs) if all(w.verdicts[number] == "pass" for w in said.values())]


def name_all(case: Case, lanes: Lanes, known: Known, seen: Sequence[Seen], done: Done) -> dict[str, tuple[int, int]]:
    """Have every misconception diagnosed as a student's work, with every seed that was looked at closely.

    Returns:
        For each misconception how often it was called by its name, and how often it was tried.
    """
    wrong = [one for one in seen if one.variant in case.misconceptions]
    items = [(exercise, run) for exercise in case.exercises for run in known.runs(case, exercise)]

    def diagnose(lane: Lane, item: tuple[str, str]) -> dict[str, str]:
        works = outcomes_in(case, wrong, *item)
        return lane.name(naming(case, known, works, works, *item)).names if works else {}

    counts = {one.variant.name: (0, 0) for one in wrong}
    for names in lanes.map(diagnose, items, done):
        for work, name in names.items():
            right, tried = counts[work]
            counts[work] = (right + (name == work), tried + 1)
    return counts


def outcomes_in(case: Case, seen: Sequence[Seen], exercise: str, run: str) -> dict[str, dict[str, Outcome]]:
    """What the known solutions of an exercise observe in a run, by name and check."""
    names = [check.name for check in case.own(exercise)]
    return {
        one.variant.name: {name: one.outcomes[name, run] for name in names}
        for one in seen
        if one.variant.exercise == exercise
    }


def naming(
    case: Case,
    known: Known,
    variants: dict[str, dict[str, Outcome]],
    works: dict[str, dict[str, Outcome]],
    exercise: str,
    run: str,
    checks: Sequence[CheckSpec] | None = None,
    shares: bool = False,
) -> Name:
    """The request to diagnose works of an exercise as submissions of a run, by all of its checks or by some."""
    trials = case.trials(case.own(exercise) if checks is None else checks, [run])
    return Name(
        checks=tuple(trial.check for trial in trials),
        references={trial.check.name: known.outcomes[trial.key] for trial in trials},
        variants=variants,
        works=works,
        seeds={trial.check.name: trial.seed for trial in trials},
        shares=shares,
    )
