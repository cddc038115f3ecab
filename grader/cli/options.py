"""What several commands take as the value of an option."""

from __future__ import annotations

import argparse


def count(text: str) -> int:
    """A whole number from 1 on.

    Raises:
        ArgumentTypeError: It is none.
    """
    if not (text.isascii() and text.isdecimal()) or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def devices(text: str) -> tuple[str, ...]:
    """A list of device types, or "auto" alone.

    Raises:
        ArgumentTypeError: It is none, or the simulated device alone, which earns no points.
    """
    named = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = set(named) - {"auto", "cpu", "cuda", "mps", "rehearsal"}
    if unknown or not named or ("auto" in named and len(named) > 1):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of cpu, cuda, mps, rehearsal, or auto alone")
    if named == ("rehearsal",):
        raise argparse.ArgumentTypeError("a rehearsal earns no points: say cpu,rehearsal")
    return named
