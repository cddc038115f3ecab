"""Comparators that look past equality: bounds, sets, and accuracy against labels only the judge holds."""

from __future__ import annotations

import torch

from grader.authoring.comparators import AtLeast, AtMost
from grader.judge.explain import number
from grader.wire.tree import TensorLeaf, Tree


def bounded(got: Tree, bound: AtLeast | AtMost) -> str:
    """Say where numbers are beyond a bound; "" where none is. NaN is beyond every bound."""
    values = _numbers(got)
    if values is None:
        return "not a number where one is expected"
    wrong = ~(values >= bound.value) if isinstance(bound, AtLeast) else ~(values <= bound.value)
    if not bool(wrong.any()):
        return ""
    worst = values[wrong].reshape(-1)[0].item()
    which = "at least" if isinstance(bound, AtLeast) else "at most"
    return f"{number(worst)} where {which} {number(bound.value)} is expected"


def accuracy(got: Tree, labels: Tree, at_least: float) -> str:
    """Say when predictions agree with the labels too rarely.

    Args:
        got: Predicted labels, an int64 tensor of the labels' shape; or scores with one dimension more, whose
            largest along the last is the prediction.
        labels: The true labels, int64.
        at_least: The share that is enough.

    Returns:
        What is wrong, "" for nothing.
    """
    if not isinstance(labels, TensorLeaf):
        raise TypeError("the labels must be a tensor")
    if not isinstance(got, TensorLeaf):
        return "a tensor of predictions is expected"
    predicted = got.values
    if predicted.is_floating_point() and predicted.ndim == labels.values.ndim + 1:
        predicted = predicted.argmax(-1)
    if predicted.shape != labels.values.shape:
        wanted = tuple(labels.values.shape)
        return f"predictions of shape {tuple(got.values.shape)} for labels of shape {wanted}"
    right = float((predicted == labels.values).double().mean())
    return "" if right >= at_least else f"accuracy {right:.3f} where at least {at_least:g} is expected"


def same_set(got: list[Tree], expected: list[Tree]) -> str:
    """Say which members are missing or too many; "" where both hold the same members as often."""
    ours, theirs = [_key(item) for item in got], [_key(item) for item in expected]
    missing = sum(theirs.count(key) > ours.count(key) for key in set(theirs))
    extra = sum(ours.count(key) > theirs.count(key) for key in set(ours))
    if not missing and not extra:
        return ""
    return f"not the same members: {missing} missing, {extra} not expected"


def _numbers(value: Tree) -> torch.Tensor | None:
    if isinstance(value, TensorLeaf) and not value.values.is_complex():
        return value.values.double()
    if isinstance(value, int | float):
        return torch.tensor(float(value), dtype=torch.float64)
    if isinstance(value, list | tuple) and value and all(isinstance(item, int | float) for item in value):
        return torch.tensor([float(item) for item in value if isinstance(item, int | float)], dtype=torch.float64)
    return None


def _key(item: Tree) -> object:
    if isinstance(item, TensorLeaf):
        return ("tensor", str(item.values.dtype), tuple(item.values.shape), repr(item.values.tolist()))
    if isinstance(item, list | tuple):
        return ("list", *(_key(part) for part in item))
    if isinstance(item, dict):
        return ("dict", *sorted((key, repr(_key(part))) for key, part in item.items()))
    return (type(item).__name__, repr(item))
