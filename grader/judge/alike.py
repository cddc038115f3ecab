"""Whether two works' outcomes of one check are the same: what recognises a misconception and groups wrong answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from grader.authoring.comparators import Close, Comparator, SameSet
from grader.judge.compare import NO_DOUBLE, Walk
from grader.judge.leaves import agree
from grader.judge.verdict import Difference
from grader.wire.decode import decode
from grader.wire.errors import WireError
from grader.wire.outcome import Outcome, Raised, Returned, Stopped
from grader.wire.tree import Tree

# What differs from run to run in an error's text: addresses, long ids, and paths of temporary files.
_VARYING = re.compile(r"0x[0-9a-fA-F]+|\d{6,}|(?:/[\w.+-]+)+/(?:tmp|sandbox)[\w./+-]*|/(?:tmp|sandbox)/[\w./+-]*")


@dataclass(frozen=True)
class Seen:
    """An outcome that is decoded at most once, however often it is compared."""

    outcome: Outcome

    @cached_property
    def trees(self) -> tuple[Tree, ...]:
        """The observation; empty where there is none, or none that can be read."""
        if not isinstance(self.outcome, Returned):
            return ()
        try:
            return (decode(self.outcome.observation),)
        except WireError:
            return ()


def alike(seen: Seen, other: Seen, comparators: Mapping[str, Comparator] | None = None) -> bool:
    """Whether two outcomes of one check are the same as far as the check can tell.

    Args:
        seen: A student's outcome.
        other: A misconception's, or another student's.
        comparators: The author's comparators; bounds and secret labels cannot tell two wrong answers apart, so
            those leaves are compared by value.

    Returns:
        True where nothing tells them apart.
    """
    ours, theirs = seen.outcome, other.outcome
    if isinstance(ours, Returned) and isinstance(theirs, Returned):
        by_value = {p: c for p, c in (comparators or {}).items() if isinstance(c, Close | SameSet)}
        # Both ways: a detached tensor stands for one that autograd follows in neither direction here.
        return bool(seen.trees and other.trees) and all(
            _equal(got, expected, by_value)
            for got, expected in ((seen.trees[0], other.trees[0]), (other.trees[0], seen.trees[0]))
        )
    if isinstance(ours, Raised) and isinstance(theirs, Raised):
        return ours.error == theirs.error and _steady(ours.message) == _steady(theirs.message)
    if isinstance(ours, Stopped) and isinstance(theirs, Stopped):
        return ours.reason == theirs.reason
    return ours == theirs


def differing(seen: Seen, other: Seen, comparators: Mapping[str, Comparator] | None = None) -> frozenset[str] | None:
    """The paths of the leaves in which two observations of one check differ.

    Args:
        seen: A work's outcome.
        other: What it is compared with; there is no float64 twin.
        comparators: The author's comparators, as `alike` takes them.

    Returns:
        The paths; None where one of them is no observation.
    """
    if not (seen.trees and other.trees):
        return None
    by_value = {p: c for p, c in (comparators or {}).items() if isinstance(c, Close | SameSet)}
    walk = _Paths(by_value, {})
    walk.node((), seen.trees[0], other.trees[0], NO_DOUBLE)
    return frozenset(walk.paths)


def _equal(got: Tree, expected: Tree, comparators: Mapping[str, Comparator]) -> bool:
    try:
        _Search(comparators, {}).node((), got, expected, NO_DOUBLE)
    except _Found:
        return False
    return True


class _Found(Exception):
    """There is a difference."""


class _Search(Walk):
    """Walks as the comparison does and stops at the first difference: to put it in words is the dearest part."""

    def leaf(
        self, path: tuple[str, ...], got: Tree, expected: Tree, double: object, comparator: Comparator | None
    ) -> None:
        agreed = agree(got, expected, comparator)
        if agreed is None:  # no numbers: its words cost little
            super().leaf(path, got, expected, double, comparator)
            agreed = not self.found
        if not agreed:
            raise _Found

    def add(self, difference: Difference) -> None:
        raise _Found


class _Paths(Walk):
    """Walks as the comparison does and keeps where it finds differences, without a word about them."""

    def __init__(self, comparators: Mapping[str, Comparator], labels: Mapping[str, Tree]) -> None:
        super().__init__(comparators, labels)
        self.paths: set[str] = set()

    def leaf(
        self, path: tuple[str, ...], got: Tree, expected: Tree, double: object, comparator: Comparator | None
    ) -> None:
        agreed = agree(got, expected, comparator)
        if agreed is None:
            super().leaf(path, got, expected, double, comparator)
            self.paths.update(difference.path for difference in self.found)
        elif not agreed:
            self.paths.add(" > ".join(path))

    def add(self, difference: Difference) -> None:
        self.paths.add(difference.path)


def _steady(message: str) -> str:
    """An error's text without what differs from run to run."""
    return _VARYING.sub("#", message)
