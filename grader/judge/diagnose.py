"""Find the misconception behind wrong observations: the known wrong solution that observes the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.authoring.comparators import Accuracy, Comparator
from grader.judge.alike import Seen, alike, differing
from grader.judge.judge import Reference, judge
from grader.judge.verdict import Verdict
from grader.wire.outcome import Outcome, Raised, Returned


@dataclass(frozen=True)
class Diagnosis:
    """What an exercise's failed checks were recognised by.

    Attributes:
        exercise: The misconception that explains the exercise, None where none does.
        checks: The misconception that each recognised failed check matches, by check.
        leaves: In failed checks that none matches as a whole: the misconception that leaves match, by check and path.
    """

    exercise: str | None
    checks: Mapping[str, str]
    leaves: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def diagnose(
    outcomes: Mapping[str, Outcome],
    verdicts: Mapping[str, Verdict],
    references: Mapping[str, Reference],
    comparators: Mapping[str, Mapping[str, Comparator]],
    variants: Mapping[str, Mapping[str, Seen]],
) -> Diagnosis:
    """Compare one exercise's outcomes with those of its misconceptions.

    A misconception that observes the same in every check of the exercise, right and wrong ones alike, explains it.
    Where none does, one may explain single checks: those whose outcome it shares with no other misconception, if this
    tells something (an observation, or an error with words of its own) and no other check contradicts it; the one
    that so agrees with most of the failed checks explains the exercise. So two mistakes in one work are both found. A
    wrong name is worse than none: where two fit equally well, none is given, nor where all that could be named leave
    more than half of the failed checks unexplained, nor for work that is not written yet.

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
    if not variants or all(_unwritten(outcomes[check]) for check in failed & set(outcomes)):
        return Diagnosis(None, {})
    seen = {check: Seen(outcome) for check, outcome in outcomes.items()}
    agreeing = {
        name: {c for c, theirs in found.items() if c in seen and alike(seen[c], theirs, comparators.get(c))}
        for name, found in variants.items()
    }
    whole = [
        name for name, found in variants.items() if agreeing[name] >= set(outcomes) and set(found) >= set(outcomes)
    ]
    if len(whole) == 1:
        return Diagnosis(whole[0], dict.fromkeys(sorted(failed), whole[0]))
    if whole:  # known to look the same to these checks: naming one of them would be a guess
        return Diagnosis(None, {})
    found = _in_parts(failed, outcomes, references, comparators, variants, agreeing)
    parts = _by_leaf(failed - set(found.checks), seen, references, comparators, variants)
    return Diagnosis(found.exercise, found.checks, parts)


def _by_leaf(
    checks: set[str],
    seen: Mapping[str, Seen],
    references: Mapping[str, Reference],
    comparators: Mapping[str, Mapping[str, Comparator]],
    variants: Mapping[str, Mapping[str, Seen]],
) -> dict[str, dict[str, str]]:
    """Which misconceptions explain single leaves of some checks, where several mistakes meet in one.

    A misconception counts where all that it makes wrong, in every check of the exercise, is wrong in the work, in the
    very same way; a leaf that two of them explain is named by neither.
    """
    right = {check: Seen(reference.float32) for check, reference in references.items()}
    wrong = {c: differing(one, right[c], comparators.get(c)) for c, one in seen.items() if c in right}
    explained: dict[tuple[str, str], set[str]] = {}
    for name, found in variants.items():
        theirs = {c: differing(one, right[c], comparators.get(c)) for c, one in found.items() if c in wrong}
        if all(_contained(seen[c], found[c], wrong[c], paths, comparators.get(c)) for c, paths in theirs.items()):
            for check in checks & set(theirs):
                alone = theirs[check] == wrong[check]  # then it was weighed as a whole already
                for path in () if alone else theirs[check] or ():
                    explained.setdefault((check, path), set()).add(name)
    named: dict[str, dict[str, str]] = {}
    for (check, path), names in sorted(explained.items()):
        if len(names) == 1:
            named.setdefault(check, {})[path] = min(names)
    return named


def _contained(
    work: Seen,
    variant: Seen,
    wrong: frozenset[str] | None,
    theirs: frozenset[str] | None,
    comparators: Mapping[str, Comparator] | None,
) -> bool:
    """Whether a work makes wrong all that a misconception does in a check, in the same way, and maybe more."""
    if wrong is None or theirs is None:
        return alike(work, variant, comparators)
    return theirs <= wrong and not (theirs and theirs & (differing(work, variant, comparators) or frozenset()))


def _in_parts(
    failed: set[str],
    outcomes: Mapping[str, Outcome],
    references: Mapping[str, Reference],
    comparators: Mapping[str, Mapping[str, Comparator]],
    variants: Mapping[str, Mapping[str, Seen]],
    agreeing: Mapping[str, set[str]],
) -> Diagnosis:
    named = {}
    for check in sorted(failed):
        sharing = [name for name in variants if check in agreeing[name]]
        if len(sharing) == 1 and _tells(outcomes[check]):
            named[check] = sharing[0]
    sound = {
        name
        for name in set(named.values())
        if not _contradicted(variants[name], agreeing[name], references, comparators)
    }
    named = {check: name for check, name in named.items() if name in sound}
    explained = {check for name in sound for check in agreeing[name] & failed}
    if 2 * len(explained) < len(failed):
        return Diagnosis(None, {})
    best = sorted(sound, key=lambda name: -len(agreeing[name] & failed))
    tied = len(best) > 1 and len(agreeing[best[0]] & failed) == len(agreeing[best[1]] & failed)
    return Diagnosis(best[0] if best and not tied else None, named)


def _contradicted(
    variant: Mapping[str, Seen],
    agreeing: set[str],
    references: Mapping[str, Reference],
    comparators: Mapping[str, Mapping[str, Comparator]],
) -> bool:
    """Whether a misconception would have failed a check that passed, or fails otherwise where both fail."""
    for check in set(variant) - agreeing:
        ways = comparators.get(check, {})
        if any(isinstance(way, Accuracy) for way in ways.values()):
            continue  # without the labels, nobody knows whether it would have failed
        if judge(variant[check].outcome, references[check], ways).verdict != "pass":
            return True
    return False


def _tells(outcome: Outcome) -> bool:
    """Whether agreeing on an outcome says anything: a bare error type that anyone may raise does not."""
    return isinstance(outcome, Returned) or (isinstance(outcome, Raised) and bool(outcome.message))


def _unwritten(outcome: Outcome) -> bool:
    return isinstance(outcome, Raised) and outcome.error == "NotImplementedError" and not outcome.message
