"""How a leaf is called: the words that messages are made of."""

from typing import Any

import pytest
import torch

from grader.judge.leaves import a, count, kind_of, shape_message, shown
from grader.wire.tree import Opaque, TensorLeaf


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "True or False"),
        (1, "a whole number (int)"),
        (1.0, "a Python float"),
        (1j, "a complex number"),
        ("x", "a text (str)"),
        (None, "None"),
        ({}, "a dict"),
        ([], "a list"),
        ((), "a list"),
        (TensorLeaf(torch.ones(1), "tensor", "cpu", False), "a torch.Tensor"),
        (TensorLeaf(torch.ones(1), "ndarray", "cpu", False), "a NumPy array"),
        (Opaque("OrderedSet", "it has no plain values"), "an OrderedSet"),
    ],
)
def test_every_kind_of_leaf_has_a_name(value: Any, said: str) -> None:
    assert kind_of(value) == said


def test_nouns_have_their_article_and_number() -> None:
    assert (a("iterator"), a("generator")) == ("an iterator", "a generator")
    assert (count(0, "item"), count(1, "item"), count(2, "item")) == ("0 items", "1 item", "2 items")


def test_a_long_value_is_cut() -> None:
    assert shown("x" * 200) == "'" + "x" * 76 + "..."
    assert (shown(0.1 + 0.2), shown("a\nb"), shown(None)) == ("0.3", r"'a\nb'", "None")


def test_a_shape_of_ones_only_still_says_what_was_lost() -> None:
    assert shape_message((), (1,)) == "shape () where (1,) is expected: the batch dimension of size 1 was dropped"
    assert shape_message((3, 1), (3, 1, 1)).endswith("dimension 2 of size 1 was dropped")


@pytest.mark.parametrize(
    ("got", "expected", "hint"),
    [
        ((3,), (1, 3), ": the batch dimension of size 1 was dropped"),
        ((2, 3), (2, 1, 3), ": dimension 1 of size 1 was dropped"),
        ((2, 3, 1), (2, 3), ": there is an extra dimension of size 1"),
        ((3, 2), (2, 3), ": the dimensions are in another order"),
        ((5,), (4,), ": dimension 0 has one more"),
        ((2, 3), (2, 4), ": dimension 1 has one less"),
        ((6,), (2, 3), ": as many elements, arranged otherwise"),
        ((7, 7), (2, 3), ""),
    ],
)
def test_a_shape_that_differs_says_what_usually_makes_it_so(
    got: tuple[int, ...], expected: tuple[int, ...], hint: str
) -> None:
    assert shape_message(got, expected) == f"shape {got} where {expected} is expected{hint}"
