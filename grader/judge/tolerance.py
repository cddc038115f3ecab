"""How far a right answer may be off: measured on the reference, not picked."""

from __future__ import annotations

import torch

# torch.testing's table (rtol, atol) by dtype: never less is allowed.
_FLOORS = {
    torch.float16: (1e-3, 1e-5),
    torch.bfloat16: (1.6e-2, 1e-5),
    torch.float32: (1.3e-6, 1e-5),
    torch.float64: (1e-7, 1e-7),
    torch.complex64: (1.3e-6, 1e-5),
    torch.complex128: (1e-7, 1e-7),
}
_FACTOR = 8.0
_LUCK = 8.0
_CAP = 1e-3


def floor(truth: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The least that is allowed: torch.testing's tolerances for a dtype.

    Args:
        truth: Expected values, float64 or complex128, any shape.
        dtype: The dtype that the student's values have.

    Returns:
        The allowance of each element, float64, of the same shape.
    """
    rtol, atol = _FLOORS[dtype]
    return atol + rtol * truth.abs()


def expectation(single: torch.Tensor, double: torch.Tensor, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor]:
    """What to expect, and how far from it is right, where the reference ran in float32 and in float64.

    The float64 value is the truth, but for elements where the two runs are further apart than rounding can explain:
    float32 overflowed, or a comparison fell on the other side. There the float32 value counts, as it does for a
    student; so an answer equal to the reference's is always right.

    Args:
        single: The reference's values in float32 as float64 (or complex128), any shape.
        double: Its values in float64 (or complex128), same shape.
        dtype: The dtype that the student's values have.

    Returns:
        The expected values, in float64 (or complex128), and the allowance of each, in float64; same shape.
    """
    allowed = measured(single, double, dtype)
    steady = ((single - double).abs() <= allowed) & torch.isfinite(single.abs()) & torch.isfinite(double.abs())
    return torch.where(steady, double, single), torch.where(
        steady, allowed, torch.maximum(allowed, floor(single, dtype))
    )


def measured(single: torch.Tensor, double: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The allowance that the reference's own rounding suggests.

    The reference ran in float32 and, on the same inputs, in float64; what separates the two is the rounding that
    this very computation suffers, at this size and depth. A right answer computed in another order rounds
    differently but by as much, so it may be off by a small factor (8) times that.

    One element's rounding can be zero by accident, so an element is allowed what the worst element of the leaf
    suffered: in absolute terms, or relative to its size (8 times that, as the smallest element of a matrix product
    may by luck be its most exact one) where this is less. The first is right where cancellation leaves a small value
    with the rounding of large terms (matrix products, convolutions), the second where each value rounds on its own
    (an exponential, whose small values must not inherit the allowance of large ones).
    A reference that is noisier than a thousandth of its largest value does not widen the allowance further.

    What it cannot see: a leaf of one or two elements measures little, so a long sum that nearly cancels may need
    `close` when only its total is returned; and an effect below the floor (an eps of 1e-5 on values near 1) shows
    only with inputs that make it larger.

    Args:
        single: The reference's values in float32 as float64 (or complex128), any shape.
        double: Its values in float64 (or complex128), same shape.
        dtype: The dtype that the student's values have.

    Returns:
        The allowance of each element, float64, of the same shape; never less than `floor`.
    """
    least = floor(double, dtype)
    size = double.abs()
    usable = torch.isfinite(size) & torch.isfinite(single.abs())
    if not bool(usable.any()):
        return least
    size = torch.where(usable, size, 0.0)
    noise = torch.where(usable, (single - double).abs(), 0.0)
    # 0 / 0 is an exact zero: no noise. Noise on a true zero is infinitely large relative to it.
    relative = (noise / size).nan_to_num(nan=0.0).max()
    own = torch.minimum(noise.max(), (_LUCK * relative * size).nan_to_num(nan=0.0))
    widened = torch.minimum(_FACTOR * torch.maximum(own, noise), _CAP * size.max())
    return torch.where(usable, torch.maximum(least, widened), least)


def has_floor(dtype: torch.dtype) -> bool:
    """Whether values of a dtype are compared within an allowance at all; others are exact."""
    return dtype in _FLOORS
