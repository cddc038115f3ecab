"""What the class page asks of its trusted worker, and what comes back; imports no torch."""

from __future__ import annotations

import msgspec

from grader.wire.outcome import Outcome


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Read checks.py, for its comparators."""

    checks: str


class Wrong(msgspec.Struct, frozen=True):
    """What a work observed in the checks of one exercise that it did not pass.

    Attributes:
        seed: What the inputs were made from.
        device: Where the checks ran.
        outcomes: By the check's name.
    """

    seed: str
    device: str
    outcomes: dict[str, Outcome]


class Group(msgspec.Struct, frozen=True, tag="group"):
    """Put works together that are wrong in the same way."""

    works: tuple[Wrong, ...]


class Grouped(msgspec.Struct, frozen=True, tag="grouped"):
    """The groups, each as places in the works that were given; after `Load` none."""

    groups: tuple[tuple[int, ...], ...]


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """It could not be done; the message is for the author of the assignment."""

    message: str


Request = Load | Group
Answer = Grouped | Failed
