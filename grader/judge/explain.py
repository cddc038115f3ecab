"""What a difference in values is, in the words of a teacher who has seen it before."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import torch

_ORDER_ELEMENTS = 200_000


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
    pattern = next((said for said in _patterns(got, expected, allowed) if said), "")
    return f"{pattern}: {facts}" if pattern else facts


def close(got: torch.Tensor, expected: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
    """Which elements agree: within the allowance, or not a number on both sides, or the same infinity."""
    near = (got - expected).abs() <= allowed
    return near | (got == expected) | (torch.isnan(got) & torch.isnan(expected))


def _patterns(got: torch.Tensor, expected: torch.Tensor, allowed: torch.Tensor) -> Iterator[str]:
    yield _not_finite(got, expected)
    if got.is_complex() or not bool(torch.isfinite(got).all() and torch.isfinite(expected).all()):
        return
    same: Callable[[torch.Tensor], bool] = lambda guess: bool(close(got, guess, 4 * allowed).all())  # noqa: E731
    if not bool(got.any()) and bool(expected.any()):
        yield "all zeros"
        return
    if same(-expected):
        yield "the sign is flipped"
    yield _factor(got, expected, allowed)
    yield _offset(got, expected, allowed)
    yield _transposed(expected, same)
    yield _rolled(expected, same)
    yield _another_order(got, expected, allowed)
    yield _clipped(got, expected, same)
    yield _from_some_row_on(got, expected, allowed)


def _facts(got: torch.Tensor, expected: torch.Tensor, allowed: torch.Tensor) -> str:
    wrong = ~close(got, expected, allowed)
    count, total = int(wrong.sum()), wrong.numel()
    excess = torch.nan_to_num((got - expected).abs(), nan=float("inf"))
    excess = torch.where(wrong, excess, torch.full_like(excess, -1.0))
    flat = int(excess.reshape(-1).argmax())
    place = [int(i) for i in torch.unravel_index(torch.tensor(flat), wrong.shape)] if wrong.ndim else []
    there = (got.reshape(-1)[flat].item(), expected.reshape(-1)[flat].item(), float(allowed.reshape(-1)[flat]))
    where = f" at {place}" if place else ""
    off = excess.reshape(-1)[flat].item()
    largest = "" if off == float("inf") else f"largest difference {number(off)}{where}: "
    values = f"got {number(there[0])}, expected {number(there[1])}"
    values = f"{largest}{values}" if largest else f"{values}{where}"
    allowance = f", allowed {number(there[2])}" if there[2] else ""
    if total == 1:
        return f"{values}{allowance}"
    return f"{count} of {total} values differ ({_percent(count, total)}), {values}{allowance}"


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
        stray = found & ~wanted
        if bool(stray.any()):
            count = int(stray.sum())
            first = stray.reshape(-1).int().argmax()
            place = [int(i) for i in torch.unravel_index(first, stray.shape)] if stray.ndim else []
            where = f" at {place}" if place else ""
            more = f" and {count - 1} more" if count > 1 else ""
            return f"{name}{where}{more} where finite numbers are expected"
        if bool((wanted & ~found).any()):
            return f"finite numbers where {name} is expected"
    return ""


def _factor(got: torch.Tensor, expected: torch.Tensor, allowed: torch.Tensor) -> str:
    power = float((expected * expected).sum())
    if got.numel() < 2 or power == 0:
        return ""
    factor = float((got * expected).sum()) / power
    if abs(factor) < 1e-12 or not bool(close(got, factor * expected, 4 * allowed * max(1.0, abs(factor))).all()):
        return ""
    sizes = {size: f"dimension {i}" for i, size in reversed(list(enumerate(expected.shape))) if size > 1}
    sizes[expected.numel()] = "the whole"
    for size, what in sizes.items():
        if size > 1 and abs(factor * size - 1) < 1e-4:
            return f"off by a constant factor 1/{size} ({what} has {size} elements)"
        if size > 1 and abs(factor / size - 1) < 1e-4:
            return f"off by a constant factor {size} ({what} has {size} elements)"
    return f"off by a constant factor {number(factor)}"


def _offset(got: torch.Tensor, expected: torch.Tensor, allowed: torch.Tensor) -> str:
    difference = got - expected
    if got.numel() < 2 or not bool(close(difference, difference.mean().expand_as(difference), 4 * allowed).all()):
        return ""
    return f"off by a constant {number(float(difference.mean()))}"


def _transposed(expected: torch.Tensor, same: Callable[[torch.Tensor], bool]) -> str:
    for a, b in itertools.combinations(range(expected.ndim), 2):
        if expected.shape[a] == expected.shape[b] > 1 and same(expected.transpose(a, b)):
            return "transposed" if expected.ndim == 2 else f"transposed: dimensions {a} and {b} are swapped"
    return ""


def _rolled(expected: torch.Tensor, same: Callable[[torch.Tensor], bool]) -> str:
    for dim in range(expected.ndim):
        if expected.shape[dim] > 2:
            for step in (1, -1):
                if same(expected.roll(step, dim)):
                    return f"shifted by one place along dimension {dim}"
            if same(expected.flip(dim)):
                return f"reversed along dimension {dim}"
    return ""


def _another_order(got: torch.Tensor, expected: torch.Tensor, allowed: torch.Tensor) -> str:
    if not 1 < got.numel() <= _ORDER_ELEMENTS:
        return ""
    slack = 4 * allowed.max()
    for dim in range(got.ndim):
        if got.ndim > 1 and got.shape[dim] > 1:
            ours, theirs = _in_order(got, dim), _in_order(expected, dim)
            if bool(close(ours, theirs, slack.expand_as(ours)).all()):
                return f"same values in another order along dimension {dim}"
    ours, theirs = got.reshape(-1).sort().values, expected.reshape(-1).sort().values
    return "same values in another order" if bool(close(ours, theirs, slack.expand_as(ours)).all()) else ""


def _in_order(values: torch.Tensor, dim: int) -> torch.Tensor:
    rows = values.movedim(dim, 0).reshape(values.shape[dim], -1)
    # Sorting by one random-looking projection puts equal sets of rows in the same order.
    weights = torch.cos(torch.arange(rows.shape[1], dtype=rows.dtype) * 1.7 + 0.3)
    return rows[(rows @ weights).argsort()]


def _clipped(got: torch.Tensor, expected: torch.Tensor, same: Callable[[torch.Tensor], bool]) -> str:
    low, high = float(got.min()), float(got.max())
    if got.numel() < 4 or low == high:
        return ""
    if low > float(expected.min()) and high >= float(expected.max()) and same(expected.clamp(min=low)):
        return f"cut off below {number(low)}"
    if high < float(expected.max()) and low <= float(expected.min()) and same(expected.clamp(max=high)):
        return f"cut off above {number(high)}"
    if same(expected.clamp(low, high)):
        return f"cut off below {number(low)} and above {number(high)}"
    return ""


def _from_some_row_on(got: torch.Tensor, expected: torch.Tensor, allowed: torch.Tensor) -> str:
    if got.ndim == 0 or got.shape[0] < 3:
        return ""
    right = close(got, expected, allowed).reshape(got.shape[0], -1).all(1).tolist()
    first_wrong = right.index(False)
    what = "values" if got.ndim == 1 else "rows"
    if first_wrong > 0 and not any(right[first_wrong:]):
        left = len(right) - first_wrong
        rest = f"the last {left} are not" if left > 1 else "the last one is not"
        return f"the first {first_wrong} {what} are right, {rest}"
    if not right[0] and all(right[1:]):
        return f"only the first of the {len(right)} {what} is wrong"
    return ""
