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
        ArgumentTypeError: It is none, or has the simulated device without the CPU, in whose session it is rehearsed.
    """
    named = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = set(named) - {"auto", "cpu", "cuda", "mps", "rehearsal"}
    if unknown or not named or ("auto" in named and len(named) > 1):
        raise argparse.ArgumentTypeError(f"{text!r} is no list of cpu, cuda, mps, rehearsal, or auto alone")
    if "rehearsal" in named and "cpu" not in named:
        raise argparse.ArgumentTypeError("a rehearsal goes with the CPU and earns no points: say cpu,rehearsal")
    return named
