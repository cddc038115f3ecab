"""Mutants under verification: every small change of the reference is noticed, or somebody has said why not."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.assignment.extract import extract
from grader.authoring.spec import CheckSpec
from grader.notebook.cells import definitions
from grader.notebook.names import bound_names
from grader.observe.protocol import Overlay
from grader.verify import rehearsing
from grader.verify.case import Case, Known
from grader.verify.equivalents import Equivalent, stale
from grader.verify.lane import Key, Lane, Lanes
from grader.verify.model import Finding, Survivor
from grader.verify.mutants import Mutant, mutants
from grader.verify.requests import Name
from grader.verify.trials import Trial, is_slow
from grader.verify.variants import Seen, naming, outcomes_in
from grader.wire.outcome import Outcome

_LEAST_SECONDS, _TIMES = 2.0, 10.0
_MOST_OF_IT = 0.5
_NAME = "_grader_mutant"


@dataclass(frozen=True)
class Tried:
    """One mutant and what the checks of its exercise made of it.

    Attributes:
        exercise: The exercise.
        mutant: The mutant.
        caught_by: Checks that it fails.
        rehearsed: Whether it fails them on the simulated device only.
        named: The misconception that it is called by; "" for none.
        misnamed: Whether, with another seed, it does not observe what that misconception does in at least half of the
            checks that it fails.
    """

    exercise: str
    mutant: Mutant
    caught_by: tuple[str, ...]
    rehearsed: bool = False
    named: str = ""
    misnamed: bool = False


def mutants_of(case: Case, exercise: str) -> tuple[Mutant, ...]:
    """The mutants of the solution of an exercise, with the helpers that stand in its cells."""
    names = _names(case, exercise)
    cells = case.assignment.solution_cells()
    beside = {name for cell in cells if set(found := definitions([cell])) & set(names) for name in found}
    source = extract("\n".join(cell.source for cell in cells), names, case.assignment.settings.solution)
    kept = [node for node in ast.parse(source).body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return mutants(source, [name for node in kept for name in bound_names(node) if name in beside])


def _names(case: Case, exercise: str) -> tuple[str, ...]:
    return next(e.names for e in case.assignment.settings.exercise if e.id == exercise)


def overlay(mutant: Mutant, names: Sequence[str]) -> Overlay:
    """A mutant's definitions in place of the reference's."""
    returned = ", ".join(f"{name!r}: {name}" for name in names)
    head = "from grader.authoring import alternative as _grader_alternative"
    body = f'def {_NAME}(work):\n    """A mutant."""\n    return {{{returned}}}'
    source = f'{mutant.source}\n\n{head}\n\n\n@_grader_alternative(exercise="mutant")\n{body}\n'
    return Overlay(source, _NAME)


def try_all(
    case: Case,
    lanes: Lanes,
    known: Known,
    seen: Sequence[Seen],
    made: Mapping[str, Sequence[Mutant]],
    done: Callable[[], None],
) -> list[Tried]:
    """Run every mutant through the checks of its exercise: the quick ones first, all and more seeds if it survives."""
    wrong = [one for one in seen if one.variant in case.misconceptions]

    def one(lane: Lane, item: tuple[str, Mutant]) -> Tried:
        exercise, mutant = item
        own, runs = case.own(exercise), known.runs(case, exercise)
        quick = [check for check in own if not is_slow(known.seconds[check.name])]
        slow = [check for check in own if check not in quick]
        changed = overlay(mutant, _names(case, exercise))
        rounds = [case.trials(quick, runs[:1]), case.trials(slow, runs[:1]), case.trials(own, runs[1:])]
        for trials in rounds:
            outcomes = _observe(lane, changed, known, trials)
            said = lane.weigh(trials, outcomes, known.outcomes)
            if caught_by := tuple(name for name, weighed in said.items() if set(weighed.verdicts) != {"pass"}):
                run = trials[0].run
                checks = [trial.check for trial in trials if trial.run == run]
                return _named(case, lane, known, wrong, Tried(exercise, mutant, caught_by), checks, outcomes, run)
        seconds = max(_LEAST_SECONDS, _TIMES * known.cost(own))
        failed = rehearsing.caught(case, lane, known, changed, own, runs[:1], seconds)
        return Tried(exercise, mutant, tuple(failed), rehearsed=bool(failed))

    items = [(exercise, mutant) for exercise, some in made.items() for mutant in some]
    return lanes.map(one, items, done)


def _observe(lane: Lane, changed: Overlay, known: Known, trials: Sequence[Trial]) -> dict[Key, Outcome]:
    """Run a mutant: one that loops for ever must not take as long as the assignment would allow it."""
    usual = known.cost([trial.check for trial in trials])
    return lane.observe(changed, trials, max(_LEAST_SECONDS, _TIMES * usual)) if trials else {}


def _named(
    case: Case,
    lane: Lane,
    known: Known,
    wrong: Sequence[Seen],
    tried: Tried,
    checks: Sequence[CheckSpec],
    outcomes: Mapping[Key, Outcome],
    run: str,
) -> Tried:
    """What a report would call a mutant that was caught, as far as the checks that were run tell."""
    asked = {check.name for check in checks}

    def request(run: str, outcomes: Mapping[Key, Outcome], names: Collection[str], shares: bool) -> Name:
        variants = {
            name: {check: outcome for check, outcome in by.items() if check in asked}
            for name, by in outcomes_in(case, wrong, tried.exercise, run).items()
            if name in names
        }
        work = {check.name: outcomes[check.name, run] for check in checks}
        return naming(case, known, variants, {_NAME: work}, tried.exercise, run, checks, shares)

    everyone = {one.variant.name for one in wrong}
    name = lane.name(request(run, outcomes, everyone, shares=False)).names[_NAME]
    if not name:
        return tried
    another = next(other for other in known.runs(case, tried.exercise) if other != run)
    again = _observe(lane, overlay(tried.mutant, _names(case, tried.exercise)), known, case.trials(checks, [another]))
    share = lane.name(request(another, again, {name}, shares=True)).shares.get(_NAME, {}).get(name, 0.0)
    return replace(tried, named=name, misnamed=share < _MOST_OF_IT)


def survivors(tried: Sequence[Tried], exercise: str, equivalents: Sequence[Equivalent]) -> tuple[Survivor, ...]:
    """The mutants of an exercise that no check notices, with the author's reasons."""
    reasons = {equivalent.id: equivalent.reason for equivalent in equivalents if equivalent.exercise == exercise}
    return tuple(
        Survivor(
            id=one.mutant.id,
            operator=one.mutant.operator,
            diff=one.mutant.diff,
            reason=reasons.get(one.mutant.id, ""),
        )
        for one in tried
        if one.exercise == exercise and not one.caught_by
    )


def unaccounted(exercise: str, survived: Sequence[Survivor]) -> list[Finding]:
    """Survivors that nobody has given a reason for."""
    return [
        Finding(
            kind="mutants",
            exercise=exercise,
            subject=one.id,
            message=f"no check notices this change ({one.operator}): observe what it changes, or say in "
            "equivalents.toml why it changes nothing that students were promised",
        )
        for one in survived
        if not one.reason
    ]


def false_excuses(tried: Sequence[Tried], equivalents: Sequence[Equivalent]) -> list[Finding]:
    """Changes that are said to change nothing, although a check notices them."""
    caught = {(one.exercise, one.mutant.id): one for one in tried if one.caught_by}
    return [
        Finding(
            kind="mutants",
            exercise=said.exercise,
            subject=said.id,
            message=f"equivalents.toml calls this change equivalent, but {_told(caught[said.exercise, said.id])}: take "
            "the entry out, or mend the check if it refuses right work",
            unfair=False,
        )
        for said in equivalents
        if (said.exercise, said.id) in caught
    ]


def _told(one: Tried) -> str:
    return f"{one.caught_by[0]} notices it{' on the simulated GPU' if one.rehearsed else ''}"


def outdated(made: Mapping[str, Sequence[Mutant]], equivalents: Sequence[Equivalent]) -> list[Finding]:
    """Entries of equivalents.toml that are about no change that can be made any more."""
    return [
        Finding(
            kind="mutants",
            exercise=equivalent.exercise,
            subject=equivalent.id,
            message="equivalents.toml speaks of a change that can no longer be made: take the entry out",
            unfair=False,
        )
        for equivalent in stale([e for e in equivalents if e.exercise in made], made)
    ]
