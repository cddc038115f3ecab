"""Find the misconception behind wrong observations: the known wrong solution that observes the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from grader.authoring.comparators import Comparator
from grader.judge.judge import Reference, judge, same_outcome
from grader.judge.verdict import Verdict
from grader.wire.outcome import Outcome, Raised, Returned


@dataclass(frozen=True)
class Diagnosis:
    """What an exercise's failed checks were recognised by.

    Attributes:
        exercise: The misconception that explains the exercise, None where none does.
        checks: The misconception that each recognised failed check matches, by check.
    """

    exercise: str | None
    checks: Mapping[str, str]


@dataclass(frozen=True)
class _Fit:
    """How well a misconception fits: checks that agree, and checks that speak against it."""

    name: str
    alike: frozenset[str]
    unlike: frozenset[str]
    telling: bool


def diagnose(
    outcomes: Mapping[str, Outcome],
    verdicts: Mapping[str, Verdict],
    references: Mapping[str, Reference],
    comparators: Mapping[str, Mapping[str, Comparator]],
    variants: Mapping[str, Mapping[str, Outcome]],
) -> Diagnosis:
    """Compare one exercise's outcomes with those of its misconceptions.

    A misconception that observes the same in every check of the exercise, right and wrong ones alike, explains it.
    Where none does, one may explain single checks: the one that agrees with most of the failed checks and is
    contradicted by fewest, if its agreement tells something (an observation, or an error with words of its own, that
    the other misconceptions do not share). A wrong name is worse than none: where two fit equally well, none is given.

    Args:
        outcomes: The student's outcomes by check.
        verdicts: The judge's verdicts by check.
        references: The reference's outcomes by check.
        comparators: The author's comparators by check.
        variants: The misconceptions' outcomes by name and check.

    Returns:
        The names found.
    """
    failed = {check for check, verdict in verdicts.items() if verdict.verdict != "pass"}
    if not failed or not variants:
        return Diagnosis(None, {})
    alike = {
        name: {
            check
            for check, outcome in found.items()
            if check in outcomes and same_outcome(outcomes[check], outcome, comparators.get(check))
        }
        for name, found in variants.items()
    }
    whole = [name for name, found in variants.items() if alike[name] >= set(outcomes) and set(found) >= set(outcomes)]
    if len(whole) == 1:
        return Diagnosis(whole[0], dict.fromkeys(sorted(failed), whole[0]))
    if whole:  # known to look the same to these checks: naming one of them would be a guess
        return Diagnosis(None, {})
    return _in_parts(failed, outcomes, references, comparators, variants, alike)


def _in_parts(
    failed: set[str],
    outcomes: Mapping[str, Outcome],
    references: Mapping[str, Reference],
    comparators: Mapping[str, Mapping[str, Comparator]],
    variants: Mapping[str, Mapping[str, Outcome]],
    alike: Mapping[str, set[str]],
) -> Diagnosis:
    sharing = {check: [name for name in variants if check in alike[name]] for check in failed}
    named = {
        check: names[0]
        for check, names in sharing.items()
        if len(names) == 1 and _tells(outcomes[check], sharing[check], len(variants))
    }
    if not named:
        return Diagnosis(None, {})
    fits = []
    for name in sorted(set(named.values())):
        wrong_for = {
            check
            for check, outcome in variants[name].items()
            if judge(outcome, references[check], comparators.get(check)).verdict != "pass"
        }
        # Speaks against it: it would have failed a check that passed, or fails otherwise where both fail.
        unlike = wrong_for - alike[name]
        fits.append(_Fit(name, frozenset(alike[name] & failed), frozenset(unlike), not unlike))
    sound = {fit.name for fit in fits if fit.telling}
    named = {check: name for check, name in sorted(named.items()) if name in sound}
    best = sorted((fit for fit in fits if fit.telling), key=lambda fit: -len(fit.alike))
    if not best or (len(best) > 1 and len(best[0].alike) == len(best[1].alike)):
        return Diagnosis(None, named)
    return Diagnosis(best[0].name, named)


def _tells(outcome: Outcome, sharing: list[str], known: int) -> bool:
    """Whether agreeing on an outcome says anything: a bare error type that anyone may raise does not."""
    if isinstance(outcome, Returned):
        return len(sharing) < max(2, known)
    return isinstance(outcome, Raised) and bool(outcome.message)
