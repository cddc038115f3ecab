"""Comparators that look past equality: bounds, sets, and accuracy against labels only the judge holds."""

from __future__ import annotations

from collections import Counter

import torch

from grader.authoring.comparators import AtLeast, AtMost
from grader.judge.explain import apart
from grader.wire.tree import Opaque, TensorLeaf, Tree

_NAMED = 4
_LETTERS = 60


def bounded(got: Tree, bound: AtLeast | AtMost) -> str:
    """Say where numbers are beyond a bound; "" where none is. NaN is beyond every bound."""
    values = _numbers(got)
    if values is None:
        return "not a number where one is expected"
    if not values.numel():
        return "no number where one is expected"
    wrong = ~(values >= bound.value) if isinstance(bound, AtLeast) else ~(values <= bound.value)
    if not bool(wrong.any()):
        return ""
    worst = values[wrong].reshape(-1)[0].item()
    which = "at least" if isinstance(bound, AtLeast) else "at most"
    shown, limit = apart(worst, bound.value)
    return f"{shown} where {which} {limit} is expected"


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
    if right >= at_least:
        return ""
    shown, limit = apart(right, at_least)
    return f"accuracy {shown} where at least {limit} is expected"


def same_set(got: list[Tree], expected: list[Tree]) -> str:
    """Say which members are missing or too many; "" where both hold the same members as often."""
    ours, theirs = Counter(_key(item) for item in got), Counter(_key(item) for item in expected)
    missing, extra = theirs - ours, ours - theirs
    if not missing and not extra:
        return ""
    return f"not the same members: {_told(missing)} missing, {_told(extra)} not expected"


def _numbers(value: Tree) -> torch.Tensor | None:
    if isinstance(value, TensorLeaf) and not value.values.is_complex():
        return value.values.double()
    if isinstance(value, int | float):
        return torch.tensor(float(value), dtype=torch.float64)
    if isinstance(value, list | tuple) and value and all(isinstance(item, int | float) for item in value):
        return torch.tensor([float(item) for item in value if isinstance(item, int | float)], dtype=torch.float64)
    return None


def _told(members: Counter[tuple[str, ...]]) -> str:
    """How many members; which ones where they are few and short."""
    texts = [key[-1] for key in members.elements()]
    if not texts or len(texts) > _NAMED or any(len(text) > _LETTERS for text in texts):
        return str(len(texts))
    return f"{len(texts)} ({', '.join(texts)})"


def _key(item: Tree) -> tuple[str, ...]:
    """Texts that equal members share: what kind of thing they are, then their value."""
    if isinstance(item, Opaque):
        raise TypeError("what does not cross equals nothing")
    if isinstance(item, TensorLeaf):
        facts = (item.kind, str(item.values.dtype), str(tuple(item.values.shape)))
        return ("tensor", *facts, repr(item.values.tolist()))
    if isinstance(item, list | tuple):
        return ("list", repr([_key(part) for part in item]))
    if isinstance(item, dict):
        return ("dict", repr(sorted((key, _key(part)) for key, part in item.items())))
    return (type(item).__name__, repr(item))
