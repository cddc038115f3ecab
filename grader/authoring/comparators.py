"""How an author asks the judge to compare a leaf, as data that can be stored and sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec


class Close(msgspec.Struct, frozen=True, tag="close"):
    """Floating-point values within fixed tolerances: ``|got - expected| <= atol + rtol * |expected|``."""

    rtol: float
    atol: float


class Exact(msgspec.Struct, frozen=True, tag="exact"):
    """Equal to the last bit (NaN equals NaN), as resumed training must be on a CPU."""


class SameSet(msgspec.Struct, frozen=True, tag="same_set"):
    """The same members with the same counts, in any order."""


class AtLeast(msgspec.Struct, frozen=True, tag="at_least"):
    """Every number is at least `value`, whatever the reference got."""

    value: float


class AtMost(msgspec.Struct, frozen=True, tag="at_most"):
    """Every number is at most `value`, whatever the reference got."""

    value: float


class Accuracy(msgspec.Struct, frozen=True, tag="accuracy"):
    """Predictions agree with labels that only the judge holds.

    Attributes:
        against: Name of the function in checks.py that makes the labels from the check's `Rng`; it runs in
            the judge's process only.
        at_least: Share of right predictions that passes, 0 to 1.
    """

    against: str
    at_least: float


Comparator = Close | Exact | SameSet | AtLeast | AtMost | Accuracy

exact = Exact()
same_set = SameSet()


def close(*, rtol: float = 0.0, atol: float = 0.0) -> Close:
    """Compare floating-point leaves with fixed tolerances instead of the measured one.

    Args:
        rtol: Allowed difference relative to the expected value.
        atol: Allowed absolute difference.

    Returns:
        The comparator.

    Raises:
        ValueError: A tolerance is negative.

    Example:
        >>> close(rtol=1e-5)
        Close(rtol=1e-05, atol=0.0)
    """
    if rtol < 0 or atol < 0:
        raise ValueError(f"tolerances must not be negative, got rtol={rtol}, atol={atol}")
    return Close(rtol=float(rtol), atol=float(atol))


def at_least(value: float) -> AtLeast:
    """Accept any number that is not below `value`."""
    return AtLeast(float(value))


def at_most(value: float) -> AtMost:
    """Accept any number that is not above `value`."""
    return AtMost(float(value))


def accuracy(*, against: Callable[..., Any], at_least: float) -> Accuracy:
    """Judge predicted classes against labels that never enter the student's process.

    That process knows the check's own source and its seed, and so every input. The labels must follow from something
    else, such as constants that only `against` uses: it and what only it needs are left out of what is sent there.
    Never draw them from `rng` alone, and never read them from a folder that assignment.toml lists as data.

    Args:
        against: A function of checks.py, ``against(rng)``, that makes the labels, int64 of the predictions'
            shape, or of the scores' without the last dimension; it is called in the judge with the check's own seed.
        at_least: Share of right predictions that passes, 0 to 1.

    Returns:
        The comparator.

    Raises:
        ValueError: `at_least` is not a share.
    """
    if not 0 < at_least <= 1:
        raise ValueError(f"at_least is a share between 0 and 1, got {at_least}")
    return Accuracy(against=against.__name__, at_least=float(at_least))
