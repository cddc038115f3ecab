"""What a difference in values is, in the words of a teacher who has seen it before."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch

_PATTERN_ELEMENTS = 2_000_000
_ORDER_ELEMENTS = 200_000


@dataclass(frozen=True)
class _Case:
    """Values that differ, and whether a guess at the mistake behind them is right."""

    got: torch.Tensor
    expected: torch.Tensor
    allowed: torch.Tensor

    @cached_property
    def off(self) -> float:
        """The largest difference; values are finite where this is asked for."""
        return float((self.got - self.expected).abs().max())

    def explained_by(self, guess: torch.Tensor, slack: float = 1.0) -> bool:
        """Whether the mistake turns the expected values into what was got.

        What the guess leaves unexplained must be small beside what was off, or a wide allowance explains anything.
        """
        allowed = 4 * slack * self.allowed + 1e-12 * guess.abs()
        left = float((self.got - guess).abs().max())
        return left <= self.off / 10 and bool(close(self.got, guess, allowed).all())


def explain(got: torch.Tensor, expected: torch.Tensor, allowed: torch.Tensor) -> str:
    """Say how values differ: the pattern behind it where there is one, then the facts.

    Args:
        got: The student's values, float64 (or complex128), any shape.
        expected: The expected values, same shape and dtype.
        allowed: The allowance of each element.

    Returns:
        One or two sentences that start with a lower-case letter; values are known to differ.
    """
    facts = _facts(got, expected, allowed)
    pattern = next((said for said in _patterns(_Case(got, expected, allowed)) if said), "")
    return f"{pattern}: {facts}" if pattern else facts


def explain_exactly(got: torch.Tensor, expected: torch.Tensor) -> str:
    """Say how values differ that float64 does not hold or numbers do not describe: 64-bit integers, booleans.

    Args:
        got: The student's values, any dtype and shape; they are known to differ.
        expected: The expected values, same shape and dtype.

    Returns:
        A sentence that starts with a lower-case letter.
    """
    wrong = got != expected
    flat, total = _first(wrong), wrong.numel()
    ours, theirs = got.reshape(-1)[flat].item(), expected.reshape(-1)[flat].item()
    values = f"got {ours}, expected {theirs}{_place(flat, wrong.shape)}"
    if total == 1:
        return values
    count = int(wrong.sum())
    facts = f"{count} of {total} values differ ({_percent(count, total)}), the first: {values}"
    swapped = got.dtype == torch.bool and count == total
    return f"True and False are swapped: {facts}" if swapped else facts


def apart(got: complex | float, expected: complex | float) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to see that they differ, four at least.

    Example:
        >>> apart(1.00003, 1.0)
        ('1.00003', '1')
    """
    for digits in range(4, 18):
        ours, theirs = f"{got:.{digits}g}", f"{expected:.{digits}g}"
        if ours != theirs:
            break
    return ours, theirs


def close(got: torch.Tensor, expected: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """Which elements agree: within the allowance, or not a number on both sides, or the same infinity."""
    # Relative to infinity any finite number would be near.
    near = ((got - expected).abs() <= allowed) & torch.isfinite(expected.abs())
    return near | (got == expected) | (torch.isnan(got) & torch.isnan(expected))


def _patterns(case: _Case) -> Iterator[str]:
    got, expected = case.got, case.expected
    yield _not_finite(got, expected)
    if got.is_complex() or got.numel() > _PATTERN_ELEMENTS:
        return
    if not bool(torch.isfinite(got).all() and torch.isfinite(expected).all()):
        return
    if got.numel() > 1 and not bool(got.any()):
        yield "all zeros"
        return
    if case.explained_by(-expected):
        yield "the sign is flipped"
    yield _factor(case)
    yield _offset(case)
    yield _transposed(case)
    yield _rolled(case)
    yield _another_order(case)
    yield _clipped(case)
    yield _from_some_row_on(case)


def _facts(got: torch.Tensor, expected: torch.Tensor, allowed: torch.Tensor) -> str:
    wrong = ~close(got, expected, allowed)
    count, total = int(wrong.sum()), wrong.numel()
    excess = (got - expected).abs().nan_to_num(nan=float("inf"), posinf=float("inf"))
    excess = torch.where(wrong, excess, -1.0)
    flat = int(excess.reshape(-1).argmax())
    where = _place(flat, wrong.shape)
    ours, theirs = apart(got.reshape(-1)[flat].item(), expected.reshape(-1)[flat].item())
    off, slack = float(excess.reshape(-1)[flat]), float(allowed.reshape(-1)[flat])
    values = f"got {ours}, expected {theirs}"
    values = f"{values}{where}" if off == float("inf") else f"largest difference {number(off)}{where}: {values}"
    allowance = f", allowed {number(slack)}" if slack and off != float("inf") else ""
    if total == 1:
        return f"{values}{allowance}"
    return f"{count} of {total} values differ ({_percent(count, total)}), {values}{allowance}"


def _first(marked: torch.Tensor) -> int:
    return int(marked.reshape(-1).int().argmax())


def _place(flat: int, shape: torch.Size) -> str:
    """Where an element is: " at [2, 0]"; "" for a single number."""
    return f" at {[int(i) for i in torch.unravel_index(torch.tensor(flat), shape)]}" if shape else ""


def number(value: complex | float | int | bool) -> str:
    """A number as a person would write it: four digits, no trailing zeros."""
    if isinstance(value, bool | int):
        return str(value)
    return f"{value:.4g}"


def _percent(count: int, total: int) -> str:
    share = 100 * count / total
    return "under 1 %" if share < 1 else "over 99 %" if 99 < share < 100 else f"{share:.0f} %"


def _not_finite(got: torch.Tensor, expected: torch.Tensor) -> str:
    for name, found, wanted in (
        ("NaN", torch.isnan(got), torch.isnan(expected)),
        ("infinity", torch.isinf(got.abs()), torch.isinf(expected.abs())),
    ):
        for marked, said in (
            (found & ~wanted, f"{name}{{}} where none is expected"),
            (wanted & ~found, f"no {name}{{}} where one is expected"),
        ):
            if count := int(marked.sum()):
                more = f" and {count - 1} more" if count > 1 else ""
                return said.format(f"{_place(_first(marked), marked.shape)}{more}")
    return ""


def _factor(case: _Case) -> str:
    got, expected = case.got, case.expected
    power = float((expected * expected).sum())
    if got.numel() < 2 or power == 0:
        return ""
    factor = float((got * expected).sum()) / power
    if abs(factor) < 1e-12 or not case.explained_by(factor * expected, max(1.0, abs(factor))):
        return ""
    sizes = {size: f"dimension {i}" for i, size in reversed(list(enumerate(expected.shape))) if size > 1}
    sizes[expected.numel()] = "the tensor"
    for size, what in sizes.items():
        if size > 1 and abs(factor * size - 1) < 1e-4:
            return f"off by a constant factor 1/{size} ({what} has {size} elements)"
        if size > 1 and abs(factor / size - 1) < 1e-4:
            return f"off by a constant factor {size} ({what} has {size} elements)"
    return f"off by a constant factor {number(factor)}"


def _offset(case: _Case) -> str:
    offset = (case.got - case.expected).mean()
    if case.got.numel() < 2 or not case.explained_by(case.expected + offset):
        return ""
    return f"off by a constant {number(float(offset))}"


def _transposed(case: _Case) -> str:
    expected = case.expected
    for a, b in itertools.combinations(range(expected.ndim), 2):
        if expected.shape[a] == expected.shape[b] > 1 and case.explained_by(expected.transpose(a, b)):
            return "transposed" if expected.ndim == 2 else f"transposed: dimensions {a} and {b} are swapped"
    return ""


def _rolled(case: _Case) -> str:
    expected = case.expected
    for dim in range(expected.ndim):
        if expected.shape[dim] > 2:
            for step in (1, -1):
                if case.explained_by(expected.roll(step, dim)):
                    return f"shifted by one place along dimension {dim}"
            if case.explained_by(expected.flip(dim)):
                return f"reversed along dimension {dim}"
    return ""


def _another_order(case: _Case) -> str:
    got, expected = case.got, case.expected
    if not 1 < got.numel() <= _ORDER_ELEMENTS or 2 * _different(expected) < got.numel():
        return ""  # of few different values, such as labels, as many of each is no sign of anything
    for dim in range(got.ndim):
        if got.ndim > 1 and got.shape[dim] > 1:
            ours, theirs = _order(got, dim), _order(expected, dim)
            if _reordered(case, ours, theirs, dim):
                return f"same values in another order along dimension {dim}"
    flat = _Case(got.reshape(-1), expected.reshape(-1), case.allowed.reshape(-1))
    again = _reordered(flat, flat.got.argsort(), flat.expected.argsort(), 0)
    return "same values in another order" if again else ""


def _different(values: torch.Tensor) -> int:
    return 1 + int((values.reshape(-1).sort().values.diff() != 0).sum())


def _reordered(case: _Case, ours: torch.Tensor, theirs: torch.Tensor, dim: int) -> bool:
    """Whether what was got, in one order, is what is expected, in another."""
    placed = torch.empty_like(ours)
    placed[ours] = theirs
    moved = _Case(case.got, case.expected, case.allowed.index_select(dim, placed))
    return moved.explained_by(case.expected.index_select(dim, placed))


def _order(values: torch.Tensor, dim: int) -> torch.Tensor:
    rows = values.movedim(dim, 0).reshape(values.shape[dim], -1)
    # Sorting by one random-looking projection puts equal sets of rows in the same order.
    weights = torch.cos(torch.arange(rows.shape[1], dtype=rows.dtype) * 1.7 + 0.3)
    return (rows @ weights).argsort()


def _clipped(case: _Case) -> str:
    got, expected = case.got, case.expected
    low, high = float(got.min()), float(got.max())
    if got.numel() < 4 or low == high:
        return ""
    below, above = low > float(expected.min()), high < float(expected.max())
    if not (below or above) or not case.explained_by(expected.clamp(low if below else None, high if above else None)):
        return ""
    ends = ([f"below {number(low)}"] if below else []) + ([f"above {number(high)}"] if above else [])
    return f"cut off {' and '.join(ends)}"


def _from_some_row_on(case: _Case) -> str:
    got = case.got
    if got.ndim == 0 or got.shape[0] < 3:
        return ""
    right = close(got, case.expected, case.allowed).reshape(got.shape[0], -1).all(1).tolist()
    first_wrong = right.index(False)
    what = "values" if got.ndim == 1 else "rows"
    if first_wrong > 0 and not any(right[first_wrong:]):
        left = len(right) - first_wrong
        rest = f"the last {left} are not" if left > 1 else "the last one is not"
        return f"the first {first_wrong} {what} are right, {rest}"
    if not right[0] and all(right[1:]):
        return f"only the first of the {len(right)} {what} is wrong"
    return ""
