"""Checks and known solutions as data: what the rest of the grader knows of them without running them."""

from __future__ import annotations

import msgspec

from grader.authoring.comparators import Comparator

# The device type of the simulated second device (see grader.observe.rehearsal).
REHEARSAL = "rehearsal"


class CheckSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A check without its function; the fields are those of `grader.authoring.Check`."""

    name: str
    exercise: str
    points: float
    visibility: str
    description: str
    compare: dict[str, Comparator]
    needs: tuple[str, ...] = ()
    devices: tuple[str, ...] = ("all",)
    sockets: bool = False

    def runs_on(self, device: str) -> bool:
        """Whether the check runs on a device type; the simulated one stands for every device but the CPU."""
        if device == REHEARSAL and set(self.devices) != {"cpu"}:
            return True
        return "all" in self.devices or device in self.devices


class Forgeable(msgspec.Struct, frozen=True):
    """A verdict that a check computes from data and returns (see `grader.authoring.forgeable`).

    Attributes:
        line: Its line in the check file.
        check: The check that returns it.
        what: The expression.
        instead: What it compares: the data to return instead.
    """

    line: int
    check: str
    what: str
    instead: tuple[str, ...]


class VariantSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A misconception or an alternative without its function.

    Attributes:
        name: Its name.
        exercise: Id of the exercise that it solves or gets wrong.
        text: The hint, or what is different.
        only_on_a_device: Whether it is wrong on a device other than the CPU only.
    """

    name: str
    exercise: str
    text: str
    only_on_a_device: bool = False
