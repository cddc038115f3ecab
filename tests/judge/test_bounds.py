"""Bounds, accuracy against secret labels, and sets."""

import math
from typing import Any

import pytest
import torch

from grader.authoring.comparators import Accuracy, AtLeast, AtMost, SameSet
from grader.judge.bounds import accuracy, bounded, same_set
from grader.judge.compare import compare
from grader.wire.tree import TensorLeaf, Tree


def leaf(values: Any) -> TensorLeaf:
    return TensorLeaf(torch.as_tensor(values), "tensor", "cpu", False)


@pytest.mark.parametrize("got", [0.5, 1, leaf(0.5), leaf([0.5, 9.0]), [0.5, 1], (0.7,), math.inf])
def test_numbers_that_keep_a_lower_bound_pass(got: Tree) -> None:
    assert bounded(got, AtLeast(0.5)) == ""


@pytest.mark.parametrize("got", [0.5, 0, leaf(0.5), leaf([0.5, -9.0]), [0.5, -1], -math.inf])
def test_numbers_that_keep_an_upper_bound_pass(got: Tree) -> None:
    assert bounded(got, AtMost(0.5)) == ""


def test_the_first_number_beyond_a_bound_is_said() -> None:
    assert bounded(leaf([0.9, 0.25, 0.1]), AtLeast(0.5)) == "0.25 where at least 0.5 is expected"
    assert bounded([0.1, 2], AtMost(0.5)) == "2 where at most 0.5 is expected"


def test_a_number_just_beyond_a_bound_is_written_with_enough_digits() -> None:
    assert bounded(0.499999, AtLeast(0.5)) == "0.499999 where at least 0.5 is expected"


@pytest.mark.parametrize("bound", [AtLeast(-math.inf), AtMost(math.inf), AtLeast(0.0)])
def test_nan_is_beyond_every_bound(bound: AtLeast | AtMost) -> None:
    assert bounded(math.nan, bound).startswith("nan where at ")
    assert bounded(leaf([1.0, math.nan]), bound).startswith("nan where at ")


@pytest.mark.parametrize("got", [None, "1", [], ["1"], leaf([1j]), {"a": 1.0}])
def test_what_is_no_number_keeps_no_bound(got: Tree) -> None:
    assert bounded(got, AtLeast(0.0)) == "not a number where one is expected"


def test_an_empty_tensor_keeps_no_bound() -> None:
    assert bounded(leaf(torch.zeros(0)), AtLeast(0.0)) == "no number where one is expected"


def test_a_bound_looks_past_what_the_reference_got() -> None:
    assert not compare({"accuracy": 0.93}, {"accuracy": 0.99}, comparators={"accuracy": AtLeast(0.9)})
    (difference,) = compare({"accuracy": 0.8}, {"accuracy": 0.99}, comparators={"accuracy": AtLeast(0.9)})
    assert (difference.path, difference.message) == ("accuracy", "0.8 where at least 0.9 is expected")


LABELS = leaf([0, 1, 2, 1])


def test_labels_and_scores_are_both_predictions() -> None:
    assert accuracy(leaf([0, 1, 2, 0]), LABELS, 0.75) == ""
    scores = torch.eye(3)[torch.tensor([0, 1, 2, 0])]
    assert accuracy(leaf(scores), LABELS, 0.75) == ""
    assert accuracy(leaf(scores), LABELS, 0.8) == "accuracy 0.75 where at least 0.8 is expected"
    assert accuracy(leaf(torch.full((4, 3), math.nan)), LABELS, 0.5) != ""


def test_predictions_of_another_shape_are_refused() -> None:
    wanted = "for labels of shape (4,)"
    assert accuracy(leaf([0, 1, 2]), LABELS, 0.1) == f"predictions of shape (3,) {wanted}"
    assert accuracy(leaf([[0], [1], [2], [1]]), LABELS, 0.1) == f"predictions of shape (4, 1) {wanted}"
    assert accuracy(leaf(0), LABELS, 0.1) == f"predictions of shape () {wanted}"
    assert accuracy([0, 1, 2, 1], LABELS, 0.1) == "a tensor of predictions is expected"


def test_accuracy_is_judged_against_the_labels_not_the_reference() -> None:
    ways = {"": Accuracy("labels", 0.9)}
    assert not compare(LABELS, leaf([9, 9, 9, 9]), comparators=ways, labels={"labels": LABELS})
    assert compare(leaf([9, 9, 9, 9]), leaf([9, 9, 9, 9]), comparators=ways, labels={"labels": LABELS})
    (difference,) = compare(LABELS, LABELS, comparators=ways)
    assert difference.message == "cannot be compared with what is expected (KeyError)"


def test_scores_without_classes_are_a_difference_not_a_crash() -> None:
    ways = {"": Accuracy("labels", 0.9)}
    assert compare(leaf(torch.zeros(4, 0)), LABELS, comparators=ways, labels={"labels": LABELS})


def test_a_set_is_free_in_order_and_counts_its_members() -> None:
    assert same_set(["a", "b", "a"], ["b", "a", "a"]) == ""
    assert same_set(["a", "b"], ["b", "a", "a"]) == "not the same members: 1 ('a') missing, 0 not expected"
    assert same_set(["a", "c", "c"], ["a"]) == "not the same members: 0 missing, 2 ('c', 'c') not expected"
    assert same_set([str(i) for i in range(9)], []) == "not the same members: 0 missing, 9 not expected"


def test_members_of_a_set_may_be_anything_that_crosses() -> None:
    members: list[Tree] = [leaf([1.0]), {"a": [1], "b": None}, (1, "x"), math.nan, 1, 1.0, True]
    assert same_set(list(reversed(members)), members) == ""
    assert same_set([leaf([2.0])], [leaf([1.0])]) != ""
    assert same_set([1], [1.0]) != ""
    assert same_set([1], [True]) != ""
    assert not compare([["b"], ["a"]], [["a"], ["b"]], comparators={"": SameSet()})
