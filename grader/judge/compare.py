"""Compare two observations leaf by leaf and collect every difference."""

from __future__ import annotations

from collections.abc import Mapping

from grader.authoring.comparators import Accuracy, Comparator, SameSet
from grader.judge import leaves
from grader.judge.verdict import Difference
from grader.wire.tree import Opaque, TensorLeaf, Tree

NO_DOUBLE = object()


def compare(
    got: Tree,
    expected: Tree,
    expected64: Tree | None = None,
    comparators: Mapping[str, Comparator] | None = None,
    labels: Mapping[str, Tree] | None = None,
) -> tuple[Difference, ...]:
    """Find everything in which a student's observation differs from the reference's.

    Args:
        got: The student's observation.
        expected: The reference's, in the same precision.
        expected64: The reference's with float64 arithmetic on the same inputs; None where it was not to be had.
        comparators: The author's own comparators by path; a path covers all below it, the longest wins.
        labels: Secret labels by name, for `Accuracy`.

    Returns:
        The differences in the order of the reference's observation; none where the two are equal.
    """
    walk = Walk(comparators or {}, labels or {})
    walk.node((), got, expected, NO_DOUBLE if expected64 is None else expected64)
    return tuple(walk.found)


class Walk:
    """Both observations side by side, leaf by leaf; `found` collects the differences."""

    def __init__(self, comparators: Mapping[str, Comparator], labels: Mapping[str, Tree]) -> None:
        self.found: list[Difference] = []
        self._comparators = comparators
        self._labels = labels

    def node(self, path: tuple[str, ...], got: Tree, expected: Tree, double: object) -> None:
        """Compare what lies at a path and all below it; `double` is the reference's in float64, if any."""
        comparator = self._comparator(path)
        if isinstance(expected, dict) and isinstance(got, dict):
            self._dicts(path, got, expected, double)
        elif isinstance(expected, list | tuple) and isinstance(got, list | tuple):
            self._sequences(path, got, expected, double, comparator)
        else:
            self.leaf(path, got, expected, double, comparator)

    def _dicts(self, path: tuple[str, ...], got: dict[str, Tree], expected: dict[str, Tree], double: object) -> None:
        for key, value in expected.items():
            if key not in got:
                self._add((*path, key), "missing", "missing")
            else:
                deeper = double.get(key, NO_DOUBLE) if isinstance(double, dict) else NO_DOUBLE
                self.node((*path, key), got[key], value, deeper)
        for key in got:
            if key not in expected:
                self._add((*path, key), "unexpected", "not expected here")

    def _sequences(
        self,
        path: tuple[str, ...],
        got: list[Tree] | tuple[Tree, ...],
        expected: list[Tree] | tuple[Tree, ...],
        double: object,
        comparator: Comparator | None,
    ) -> None:
        if isinstance(comparator, SameSet | Accuracy) or (_is_series(expected) and _is_flat(got)):
            self.leaf(path, got, expected, double, comparator)
            return
        if len(got) != len(expected):
            self._add(path, "shape", f"{leaves.count(len(got), 'item')} where {len(expected)} are expected")
        doubles = double if isinstance(double, list | tuple) and len(double) == len(expected) else None
        for i, (ours, theirs) in enumerate(zip(got, expected, strict=False)):
            self.node((*path, f"item {i}"), ours, theirs, doubles[i] if doubles is not None else NO_DOUBLE)

    def leaf(
        self, path: tuple[str, ...], got: Tree, expected: Tree, double: object, comparator: Comparator | None
    ) -> None:
        """Compare a leaf, or a list that is compared as a whole."""
        if isinstance(got, Opaque):
            where = leaves.kind_of(expected)
            self._add(path, "opaque", f"{leaves.a(got.type_name)} where {where} is expected; {got.reason}")
            return
        try:
            twin = None if double is NO_DOUBLE else double
            self.found += leaves.compare_leaf(" > ".join(path), got, expected, twin, comparator, self._labels)
        except Exception as error:  # noqa: BLE001 - whatever a comparison stumbles over is no match
            self._add(path, "values", f"cannot be compared with what is expected ({type(error).__name__})")

    def _comparator(self, path: tuple[str, ...]) -> Comparator | None:
        for length in range(len(path), -1, -1):
            if (found := self._comparators.get(" > ".join(path[:length]))) is not None:
                return found
        return None

    def add(self, difference: Difference) -> None:
        """Take note of a difference."""
        self.found.append(difference)

    def _add(self, path: tuple[str, ...], kind: str, message: str) -> None:
        self.add(Difference(" > ".join(path), kind, message))


def _is_flat(items: list[Tree] | tuple[Tree, ...]) -> bool:
    return not any(isinstance(item, dict | list | tuple | TensorLeaf | Opaque) for item in items)


def _is_series(items: list[Tree] | tuple[Tree, ...]) -> bool:
    """Whether a list reads best as a whole: names and other exact values, or numbers like a loss curve.

    Where numbers stand beside names, each item is a leaf of its own, with its own allowance.
    """
    inexact = any(isinstance(item, float | complex) for item in items)
    return _is_flat(items) and (not inexact or {type(item) for item in items} <= {float, int})
