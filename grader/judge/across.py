"""Compare what was observed on one device with what the reference observes on the CPU.

A device changes how a right answer is rounded, and nothing else. How much, the reference itself shows: it runs on both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from grader.authoring.comparators import Accuracy, AtLeast, AtMost, Comparator, Exact, SameSet
from grader.judge import tolerance
from grader.judge.explain import close, explain
from grader.judge.judge import Reference, observations
from grader.judge.leaves import series, truth_of_numbers, truth_of_tensor
from grader.judge.verdict import Difference
from grader.wire.tree import TensorLeaf, Tree

# These look at no values of the reference, or allow nothing between two devices.
_SILENT = Accuracy | AtLeast | AtMost | Exact | SameSet


@dataclass(frozen=True)
class Gap:
    """How far the reference on a device is from itself on the CPU, in one leaf.

    Attributes:
        path: The leaf.
        off: The largest difference of an element.
        allowances: The same in allowances of the CPU alone; up to 1 the device is as good as the CPU.
        compared: Whether other work is compared with the CPU here: not where the reference's own results have little
            to do with each other, such as random numbers that each device makes for itself.
    """

    path: str
    off: float
    allowances: float
    compared: bool


def across(
    got: Tree, home: Reference, there: Reference, comparators: Mapping[str, Comparator] | None = None
) -> tuple[Difference, ...]:
    """Find where work on a device differs from the reference on the CPU.

    Args:
        got: What the work's run on the device observed.
        home: The reference's run on the CPU.
        there: Its run on the device.
        comparators: The author's comparators by path.

    Returns:
        The differences in values. Forms and exact values say nothing here: those of the device are compared with the
        reference on that device, and what is about the device itself ("cuda:0", where a tensor is) is to differ.

    Raises:
        BrokenReference: One of the reference's runs has no observation.
    """
    ours = _by_path(got)
    found = []
    for leaf in _leaves(home, there, comparators or {}):
        if leaf.path not in ours or not leaf.compared:
            continue
        values = ours[leaf.path].values.to(leaf.truth.dtype)
        if values.shape == leaf.truth.shape and not bool(close(values, leaf.truth, leaf.allowed).all()):
            found.append(Difference(leaf.name, "values", explain(values, leaf.truth, leaf.allowed)))
    return tuple(found)


def gaps(home: Reference, there: Reference, comparators: Mapping[str, Comparator] | None = None) -> tuple[Gap, ...]:
    """Measure how far the reference on a device is from itself on the CPU; arguments as for `across`.

    Returns:
        One entry for each leaf of floating-point values that both have.
    """
    return tuple(
        Gap(leaf.name, _largest(leaf.apart), _largest(leaf.apart / leaf.own), leaf.compared)
        for leaf in _leaves(home, there, comparators or {})
    )


@dataclass(frozen=True)
class _Leaf:
    """Floating-point values that the reference has on both devices.

    Attributes:
        path: Where.
        truth: What is expected, after the CPU.
        own: What either device by itself allows.
        allowed: What is allowed between the two.
        apart: How far the reference's own results are apart.
        compared: Whether its result on the device is within what is allowed.
    """

    path: tuple[str, ...]
    truth: torch.Tensor
    own: torch.Tensor
    allowed: torch.Tensor
    apart: torch.Tensor
    compared: bool

    @property
    def name(self) -> str:
        """The path as reports write it."""
        return " > ".join(self.path)


@dataclass(frozen=True)
class _Values:
    """A leaf of floating-point values; `dtype` is what they were computed in, which Python numbers do not say."""

    values: torch.Tensor
    dtype: torch.dtype
    written: bool = False

    def truth(self, double: _Values | None, comparator: Comparator | None) -> tuple[torch.Tensor, torch.Tensor]:
        """What is expected after these values of the reference, and the allowance."""
        twin = double.values if double is not None and double.values.shape == self.values.shape else None
        return (truth_of_numbers if self.written else truth_of_tensor)(self.values, twin, comparator)


def _leaves(home: Reference, there: Reference, comparators: Mapping[str, Comparator]) -> Iterator[_Leaf]:
    (single, double), (afar, afar_double) = observations(home), observations(there)
    doubles, others, other_doubles = _by_path(double), _by_path(afar), _by_path(afar_double)
    for path, here in _by_path(single).items():
        comparator, other = _comparator(path, comparators), others.get(path)
        alike = other is not None and here.values.shape == other.values.shape and here.dtype == other.dtype
        if other is None or not alike or isinstance(comparator, _SILENT):
            continue
        truth, own = here.truth(doubles.get(path), comparator)
        own = torch.maximum(own, other.truth(other_doubles.get(path), comparator)[1])
        wide, far = here.values.to(truth.dtype), other.values.to(truth.dtype)
        allowed = torch.maximum(own, tolerance.measured(far, wide, here.dtype))
        same = close(far, wide, torch.zeros_like(own))
        apart = torch.where(same, 0.0, (far - wide).abs()).nan_to_num(nan=torch.inf)
        yield _Leaf(path, truth, own, allowed, apart, bool(close(far, truth, allowed).all()))


def _by_path(tree: Tree) -> dict[tuple[str, ...], _Values]:
    return dict(_numbers((), tree))


def _numbers(path: tuple[str, ...], tree: Tree) -> Iterator[tuple[tuple[str, ...], _Values]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _numbers((*path, key), value)
    elif isinstance(tree, TensorLeaf):
        if tolerance.has_floor(tree.values.dtype):
            yield path, _Values(tree.values, tree.values.dtype)
    elif isinstance(tree, list | tuple) and {type(item) for item in tree} - {float, int}:
        for index, item in enumerate(tree):
            yield from _numbers((*path, f"item {index}"), item)
    else:
        items: list[Tree] = list(tree) if isinstance(tree, list | tuple) else [tree]
        if any(isinstance(item, float | complex) for item in items):
            numbers = series(items)
            yield path, _Values(numbers, torch.complex64 if numbers.is_complex() else torch.float32, written=True)


def _comparator(path: tuple[str, ...], comparators: Mapping[str, Comparator]) -> Comparator | None:
    names = (" > ".join(path[:length]) for length in range(len(path), -1, -1))
    return next((comparators[name] for name in names if name in comparators), None)


def _largest(values: torch.Tensor) -> float:
    return float(values.max()) if values.numel() else 0.0
