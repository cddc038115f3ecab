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


def measured(single: torch.Tensor, double: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The allowance that the reference's own rounding suggests.

    The reference ran in float32 and, on the same inputs, in float64; what separates the two is the rounding that
    this very computation suffers, at this size and depth. A right answer computed in another order rounds
    differently but by as much, so it may be off by a small factor (8) times that.

    One element's rounding can be zero by accident, so an element is allowed what the worst element of the leaf
    suffered: in absolute terms, or relative to its size where that is less. The first is right where cancellation
    leaves a small value with the rounding of large terms (matrix products, convolutions), the second where each
    value rounds on its own (an exponential, whose small values must not inherit the allowance of large ones).
    A reference that is noisier than a thousandth of its largest value does not widen the allowance further.

    Args:
        single: The reference's values in float32 (or complex64), any shape.
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
    noise = (single.to(double.dtype) - double).abs()
    worst = noise[usable].max()
    positive = usable & (size > 0)
    relative = (noise[positive] / size[positive]).max() if bool(positive.any()) else torch.zeros(())
    own = torch.minimum(worst.expand_as(size), relative * torch.nan_to_num(size, posinf=0.0))
    return torch.maximum(least, torch.minimum(_FACTOR * own, _CAP * size[usable].max()))


def has_floor(dtype: torch.dtype) -> bool:
    """Whether values of a dtype are compared within an allowance at all; others are exact."""
    return dtype in _FLOORS
