"""How far an observation is from the reference's: the same ruler as the comparison's."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.authoring import at_least, close, exact
from grader.authoring.comparators import Comparator
from grader.judge.distance import Distance, distance
from grader.judge.judge import Reference, judge
from grader.wire.encode import encode
from grader.wire.outcome import Raised, Returned


def returned(value: object) -> Returned:
    return Returned(encode(value))


def measure(got: object, expected: object, **comparators: Comparator) -> Distance:
    return distance(returned(got), Reference(returned(expected)), comparators)


def test_an_equal_observation_is_at_no_distance() -> None:
    value = {"x": torch.tensor([1.0, math.nan, math.inf]), "n": 2.5, "name": "a"}
    assert measure(value, value) == Distance({"x": 0.0, "n": 0.0})


def test_a_leaf_is_measured_in_what_it_is_allowed() -> None:
    found = measure({"x": torch.tensor([1.0, 2.5])}, {"x": torch.tensor([1.0, 2.0])}, x=close(rtol=0.0, atol=0.25))
    assert found.leaves == {"x": 2.0}
    assert not found.otherwise


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ({"n": 1}, {"n": 2}),
        ({"x": torch.zeros(2)}, {"x": torch.zeros(3)}),
        ({}, {"x": 1.0}),
        ({"s": "a"}, {"s": "b"}),
        ({"x": torch.tensor([1])}, {"x": torch.tensor([2])}),
    ],
)
def test_what_no_allowance_covers_is_infinitely_far(got: object, expected: object) -> None:
    found = measure(got, expected)
    assert (found.leaves, found.otherwise, found.largest) == ({}, True, math.inf)


def test_an_error_is_infinitely_far() -> None:
    assert distance(Raised("ValueError", "no"), Reference(returned(1.0))).largest == math.inf


def test_infinity_and_nan_are_covered_by_no_allowance() -> None:
    assert measure({"x": torch.tensor([math.nan])}, {"x": torch.tensor([1.0])}).leaves == {"x": math.inf}
    assert measure({"x": 1.0}, {"x": math.inf}).leaves == {"x": math.inf}


def test_bounds_are_no_allowances() -> None:
    assert measure({"acc": 0.9}, {"acc": 1.0}, acc=at_least(0.8)) == Distance({}, False)
    assert measure({"acc": 0.7}, {"acc": 1.0}, acc=at_least(0.8)) == Distance({}, True)


def test_an_exact_leaf_is_at_no_distance_or_infinitely_far() -> None:
    assert measure({"x": 1.0}, {"x": 1.0}, x=exact).largest == 0.0
    assert measure({"x": 1.0 + 1e-12}, {"x": 1.0}, x=exact).largest == math.inf


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=5), st.floats(-1e-4, 1e-4))
def test_up_to_one_passes_and_more_does_not(values: list[float], off: float) -> None:
    expected, got = torch.tensor(values), torch.tensor(values) + off
    reference = Reference(returned({"x": expected}), returned({"x": expected.double()}))
    found = distance(returned({"x": got}), reference)
    assert (found.largest <= 1.0) == (judge(returned({"x": got}), reference).verdict == "pass")
