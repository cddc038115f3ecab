"""How far an observation is from the reference's, in allowances: what shows whether a tolerance is right."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from grader.authoring.comparators import Accuracy, AtLeast, AtMost, Comparator, SameSet
from grader.judge import tolerance
from grader.judge.compare import NO_DOUBLE, Walk
from grader.judge.judge import Reference, observations
from grader.judge.leaves import series, truth_of_numbers, truth_of_tensor
from grader.wire.decode import decode
from grader.wire.errors import WireError
from grader.wire.outcome import Outcome, Returned
from grader.wire.tree import TensorLeaf, Tree

_UNMEASURED = AtLeast | AtMost | Accuracy | SameSet


@dataclass(frozen=True)
class Distance:
    """How far one outcome is from the reference's.

    Attributes:
        leaves: For each leaf that is compared within an allowance, by path: the largest difference of its elements
            over what that element is allowed. Up to 1 passes; infinity for what no allowance covers.
        otherwise: Whether the outcome differs in anything else: an exact leaf, a shape, an error.
    """

    leaves: Mapping[str, float] = field(default_factory=dict)
    otherwise: bool = False

    @property
    def largest(self) -> float:
        """The distance of the whole observation."""
        return math.inf if self.otherwise else max(self.leaves.values(), default=0.0)


def distance(
    outcome: Outcome,
    reference: Reference,
    comparators: Mapping[str, Comparator] | None = None,
    labels: Mapping[str, Tree] | None = None,
) -> Distance:
    """Measure an outcome.

    Args:
        outcome: What became of the check on a work.
        reference: What became of it on the reference.
        comparators: The author's comparators by path.
        labels: Labels that only the judge holds, by name.

    Returns:
        Its distance.

    Raises:
        BrokenReference: The reference has no observation to compare with.
    """
    expected, double = observations(reference)
    if not isinstance(outcome, Returned):
        return Distance(otherwise=True)
    try:
        got = decode(outcome.observation)
    except WireError:
        return Distance(otherwise=True)
    ruler = _Ruler(comparators or {}, labels or {})
    ruler.node((), got, expected, NO_DOUBLE if double is None else double)
    elsewhere = any(difference.path not in ruler.leaves for difference in ruler.found)
    return Distance(ruler.leaves, elsewhere)


class _Ruler(Walk):
    """Walks as the comparison does, and measures each leaf that has an allowance on the way."""

    def __init__(self, comparators: Mapping[str, Comparator], labels: Mapping[str, Tree]) -> None:
        super().__init__(comparators, labels)
        self.leaves: dict[str, float] = {}

    def leaf(
        self, path: tuple[str, ...], got: Tree, expected: Tree, double: object, comparator: Comparator | None
    ) -> None:
        super().leaf(path, got, expected, double, comparator)
        measured = None if isinstance(comparator, _UNMEASURED) else _measure(got, expected, double, comparator)
        if measured is not None:
            self.leaves[" > ".join(path)] = measured


def _measure(got: Tree, expected: Tree, double: object, comparator: Comparator | None) -> float | None:
    """The distance of one leaf; None where its comparison knows no allowance, or its form is wrong already."""
    if isinstance(expected, TensorLeaf) and isinstance(got, TensorLeaf):
        ours, theirs = got.values, expected.values
        alike = got.kind == expected.kind and ours.shape == theirs.shape and ours.dtype == theirs.dtype
        if not alike or not tolerance.has_floor(theirs.dtype):
            return None
        twin = double.values if isinstance(double, TensorLeaf) else None
        truth, allowed = truth_of_tensor(theirs, twin, comparator)
        return _ratio(ours.to(truth.dtype), truth, allowed)
    got_numbers, numbers, doubles = _numbers(got), _numbers(expected), _numbers(double)
    if got_numbers is None or numbers is None or got_numbers.shape != numbers.shape:
        return None
    twin = doubles if doubles is not None and doubles.shape == numbers.shape else None
    truth, allowed = truth_of_numbers(numbers, twin, comparator)
    return _ratio(got_numbers.to(truth.dtype), truth, allowed)


def _numbers(value: object) -> torch.Tensor | None:
    """A float, or a list of numbers with a float in it, as a tensor."""
    items: list[object] = list(value) if isinstance(value, list | tuple) else [value]
    numbers: list[Tree] = [item for item in items if isinstance(item, int | float | complex) and item is not bool(item)]
    if len(numbers) != len(items) or not any(isinstance(item, float | complex) for item in numbers):
        return None
    found = series(numbers)
    return found if isinstance(value, list | tuple) else found.reshape(())


def _ratio(got: torch.Tensor, truth: torch.Tensor, allowed: torch.Tensor) -> float:
    same = (got == truth) | (torch.isnan(got) & torch.isnan(truth))
    off = torch.where(same, 0.0, (got - truth).abs())
    finite = torch.isfinite(truth.abs()) & torch.isfinite(got.abs())
    ratios = torch.where(same, 0.0, torch.where(finite & (allowed > 0), off / allowed, math.inf))
    return float(ratios.max()) if ratios.numel() else 0.0
