"""What is unfair about an assignment as a whole, and findings put in order."""

from __future__ import annotations

from collections.abc import Sequence

from grader.verify.model import ExerciseProof, Finding

_LEAST_CAUGHT, _LEAST_NAMED, _MOST_MISNAMED = 0.95, 0.95, 0.01


def shares(exercises: Sequence[ExerciseProof]) -> list[Finding]:
    """Shares that are too small over the whole assignment."""
    found = []
    diagnosed, named = sum(e.diagnosed for e in exercises), sum(e.named for e in exercises)
    if diagnosed and named < _LEAST_NAMED * diagnosed:
        message = f"{named} of {diagnosed} misconceptions are called by their name; at least {_LEAST_NAMED:.0%} must be"
        found.append(Finding(kind="naming", exercise="", subject="misconceptions", message=message))
    tried, wrong = sum(e.mutants for e in exercises), sum(e.misnamed for e in exercises)
    if tried and wrong > _MOST_MISNAMED * tried:
        message = f"{wrong} of {tried} mutants are called by a misconception that they are not: more than a hundredth"
        found.append(Finding(kind="naming", exercise="", subject="mutants", message=message))
    excused = sum(len(e.survivors) - len(e.unaccounted) for e in exercises)
    caught = sum(e.caught for e in exercises)
    if tried and caught < _LEAST_CAUGHT * (tried - excused):
        message = (
            f"the checks notice {caught} of {tried - excused} mutants; at least {_LEAST_CAUGHT:.0%} must be noticed"
        )
        found.append(Finding(kind="mutants", exercise="", subject="mutants", message=message))
    return found


def one_each(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The first finding of each kind on a subject: two hundred seeds would say the same again."""
    return tuple({(f.kind, f.exercise, f.subject): f for f in reversed(findings)}.values())[::-1]
