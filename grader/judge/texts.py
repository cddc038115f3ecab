"""Compare lists of names and other small exact values, and say what is missing, extra or out of order."""

from __future__ import annotations

from collections.abc import Callable

from grader.wire.tree import Tree

_NAMED = 4
_WHOLE_LETTERS = 60


def text_message(got: str, expected: str, shown: Callable[[object], str]) -> str:
    r"""Say how two different texts differ: the first line that does, or the place in a long line.

    Args:
        got: The student's.
        expected: The reference's.
        shown: How a piece of text is written.

    Returns:
        A clause.

    Example:
        >>> text_message("a\nb", "a\nc", repr)
        "line 2 is 'b' where 'c' is expected"
    """
    ours, theirs = got.split("\n"), expected.split("\n")
    if len(theirs) > 1 or len(ours) > 1:
        for number, (mine, wanted) in enumerate(zip(ours, theirs, strict=False), start=1):
            if mine != wanted:
                return f"line {number} is {_around(mine, wanted, shown)}"
        return f"{len(ours)} lines where {len(theirs)} are expected"
    return _around(got, expected, shown)


def _around(got: str, expected: str, shown: Callable[[object], str]) -> str:
    """Both texts, from shortly before the first letter that differs where they are long."""
    same = next(
        (i for i, (a, b) in enumerate(zip(got, expected, strict=False)) if a != b), min(len(got), len(expected))
    )
    start = max(0, same - 20) if max(len(got), len(expected)) > _WHOLE_LETTERS else 0
    cut = "..." if start else ""
    return f"{cut}{shown(got[start:])} where {cut}{shown(expected[start:])} is expected"


def compare_texts(got: list[Tree], expected: list[Tree], shown: Callable[[object], str]) -> str:
    """Compare two lists of small exact values.

    Args:
        got: The student's.
        expected: The reference's.
        shown: How one item is written.

    Returns:
        What differs, "" where nothing does.
    """
    if _same(got, expected):
        return ""
    missing, extra = _without(expected, got), _without(got, expected)
    if not missing and not extra:
        first = next(i for i, (ours, theirs) in enumerate(zip(got, expected, strict=True)) if not _equal(ours, theirs))
        where = f"item {first} is {shown(got[first])} where {shown(expected[first])} is expected"
        return f"the same items in another order: {where}"
    if len(got) == len(expected) and len(missing) == 1 == len(extra):
        return f"{shown(extra[0])} where {shown(missing[0])} is expected"
    parts = []
    if missing:
        parts.append(f"missing {_listed(missing, shown)}")
    if extra:
        parts.append(f"not expected {_listed(extra, shown)}")
    said = "; ".join(parts)
    if len(got) != len(expected):
        items = "item" if len(got) == 1 else "items"
        said = f"{len(got)} {items} where {len(expected)} are expected: {said}"
    return said


def _equal(a: Tree, b: Tree) -> bool:
    both_nan = isinstance(a, float) and isinstance(b, float) and a != a and b != b
    return type(a) is type(b) and (both_nan or a == b)


def _same(a: list[Tree], b: list[Tree]) -> bool:
    return len(a) == len(b) and all(_equal(x, y) for x, y in zip(a, b, strict=True))


def _without(items: list[Tree], others: list[Tree]) -> list[Tree]:
    left = list(others)
    kept = []
    for item in items:
        match = next((i for i, other in enumerate(left) if _equal(item, other)), None)
        if match is None:
            kept.append(item)
        else:
            del left[match]
    return kept


def _listed(items: list[Tree], shown: Callable[[object], str]) -> str:
    named = ", ".join(shown(item) for item in items[:_NAMED])
    return named if len(items) <= _NAMED else f"{named} and {len(items) - _NAMED} more"
