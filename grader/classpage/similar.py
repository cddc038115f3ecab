"""Submissions whose code is alike, found by an index of fingerprints; alike is no proof of anything."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import combinations

import msgspec

from grader.classpage.tokens import normalised
from grader.classpage.winnow import fingerprints

# What more students than this share is how one writes it; a large class has more of them.
_COMMON, _COMMON_SHARE = 4, 0.05
_FEWEST_RARE = 6
_LEAST_SHARE = 0.5

Print = tuple[str, int]
Prints = Callable[[str], frozenset[int]]


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two students' works that are alike.

    Attributes:
        first: Place of one work in the list that was given.
        second: Place of the other.
        share: How much of the shorter one's code is in the other's, from 0 to 1; what was given out does not count.
        rare: How many passages they share that hardly anybody else has.
        exercise: Id of the exercise with the most of those.
    """

    first: int
    second: int
    share: float
    rare: int
    exercise: str


def similar(works: Sequence[Mapping[str, str]], stub: Mapping[str, str]) -> list[Pair]:
    """Find the pairs of works that are alike.

    Args:
        works: The code of each work by exercise.
        stub: The code that everybody was given, by exercise.

    Returns:
        The pairs with at least half of their code in common and some of it rare, those with the most rare passages
        in common first.
    """
    of = cache(_of)  # many write the same few lines
    given = {exercise: of(code) for exercise, code in stub.items()}
    prints = [_prints(work, given, of) for work in works]
    holders: dict[Print, list[int]] = defaultdict(list)
    for place, each in enumerate(prints):
        for found in sorted(each):
            holders[found].append(place)
    common = max(_COMMON, round(_COMMON_SHARE * len(works)))
    shared: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for (exercise, _), places in holders.items():
        if 2 <= len(places) <= common:
            for pair in combinations(places, 2):
                shared[pair][exercise] += 1
    pairs = [_pair(places, rare, prints) for places, rare in shared.items() if rare.total() >= _FEWEST_RARE]
    alike = [pair for pair in pairs if pair.share >= _LEAST_SHARE]
    return sorted(alike, key=lambda pair: (-pair.rare, -pair.share, pair.first, pair.second))


def _pair(places: tuple[int, int], rare: Counter[str], prints: Sequence[frozenset[Print]]) -> Pair:
    one, other = (prints[place] for place in places)
    return Pair(
        first=places[0],
        second=places[1],
        share=len(one & other) / min(len(one), len(other)),
        rare=rare.total(),
        exercise=max(rare, key=lambda exercise: (rare[exercise], exercise)),
    )


def _prints(work: Mapping[str, str], given: Mapping[str, frozenset[int]], of: Prints) -> frozenset[Print]:
    return frozenset((id, found) for id, code in work.items() for found in of(code) - given.get(id, frozenset()))


def _of(code: str) -> frozenset[int]:
    return fingerprints(normalised(code))
