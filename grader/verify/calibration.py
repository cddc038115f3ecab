"""Calibration: how much room each tolerance leaves to right answers, and how far wrong ones are beyond it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grader.verify.case import Case
from grader.verify.model import Finding, Leaf
from grader.verify.requests import Weighed
from grader.verify.variants import Seen

_APART = 10.0
_TINY = 1e-6


def leaves_of(case: Case, exercise: str, reference: Mapping[str, Weighed], seen: Sequence[Seen]) -> tuple[Leaf, ...]:
    """Measure the numeric leaves of an exercise's checks.

    Args:
        case: What is verified.
        exercise: The exercise.
        reference: The reference's own answers, measured, by check.
        seen: The known solutions, measured.

    Returns:
        Each leaf that is compared within an allowance.
    """
    own = [one for one in seen if one.variant.exercise == exercise]
    right = [one for one in own if one.variant in case.alternatives]
    wrong = [one for one in own if one.variant in case.misconceptions]
    return tuple(
        _leaf(check.name, path, reference[check.name], right, wrong)
        for check in case.own(exercise)
        for path in dict.fromkeys(path for leaves in reference[check.name].leaves for path in leaves)
    )


def _leaf(check: str, path: str, reference: Weighed, right: Sequence[Seen], wrong: Sequence[Seen]) -> Leaf:
    noise = max((leaves.get(path, 0.0) for leaves in reference.leaves), default=0.0)
    inside = [d for one in right for d in _distances(one, check, path)]
    most = max(inside, default=0.0)
    beyond = [(d, one.variant.name) for one in wrong for d in _distances(one, check, path) if d > 1]
    unseen = [
        (d, one.variant.name)
        for one in wrong
        for d in _distances(one, check, path)
        if _APART * max(noise, most, _TINY) < d <= 1
    ]
    nearest, hidden = min(beyond, default=None), max(unseen, default=None)
    return Leaf(
        check=check,
        path=path,
        noise=noise,
        right=most if right else None,
        wrong=nearest[0] if nearest else None,
        wrong_name=nearest[1] if nearest else "",
        hidden=hidden[0] if hidden else None,
        hidden_name=hidden[1] if hidden else "",
    )


def _distances(one: Seen, check: str, path: str) -> list[float]:
    return [leaves[path] for leaves in one.weighed[check].leaves if path in leaves]


def too_close(exercise: str, leaves: Sequence[Leaf]) -> list[Finding]:
    """Leaves in which a wrong answer is less than ten times as far away as a right one."""
    found = []
    for leaf in leaves:
        right = max(leaf.noise, leaf.right or 0.0)
        if leaf.wrong is None or leaf.wrong >= _APART * right:
            continue
        message = (
            f"{leaf.path or 'the observation'}: {leaf.wrong_name} is {leaf.wrong:.2g} allowances away and a right "
            f"answer {right:.2g}: less than a factor of {_APART:g} lies between them; use inputs that tell them apart"
        )
        found.append(Finding(kind="tolerance", exercise=exercise, subject=leaf.check, message=message, unfair=False))
    return found
