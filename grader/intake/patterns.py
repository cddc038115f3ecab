"""Which files an assignment takes along: glob patterns below the notebook's folder."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Tell whether a file is one that an assignment takes along.

    Args:
        name: Its name relative to the notebook's folder, with forward slashes.
        patterns: Patterns such as "*.pt"; "*" stays within one folder, "**/" stands for any folders or none.

    Returns:
        Whether one of the patterns is the whole name's.

    Example:
        >>> matches("best.pt", ["*.pt"]), matches("runs/best.pt", ["*.pt"]), matches("runs/best.pt", ["**/*.pt"])
        (True, False, True)
    """
    return any(_fits(name.split("/"), pattern.split("/")) for pattern in patterns)


def depth(patterns: Sequence[str], most: int) -> int:
    """How many folders deep a file may lie that fits one of the patterns, at most `most`."""
    return max((most if "**" in p.split("/") else min(p.count("/"), most) for p in patterns), default=0)


def _fits(parts: list[str], pattern: list[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])
