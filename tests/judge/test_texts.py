"""Lists of names: what is missing, extra or out of order."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.judge.texts import compare_texts


@pytest.mark.parametrize(
    ("got", "expected", "said"),
    [
        (["a", "b"], ["a", "b"], ""),
        ([math.nan], [math.nan], ""),
        (["a"], ["a", "b"], "1 item where 2 are expected: missing 'b'"),
        (["a", "b", "b"], ["a", "b"], "3 items where 2 are expected: not expected 'b'"),
        (["a", "c"], ["a", "b"], "'c' where 'b' is expected"),
        (["b", "a"], ["a", "b"], "the same items in another order: item 0 is 'b' where 'a' is expected"),
        (["c", "d"], ["a", "b"], "missing 'a', 'b'; not expected 'c', 'd'"),
        (list("abcdef"), [], "6 items where 0 are expected: not expected 'a', 'b', 'c', 'd' and 2 more"),
        ([True], [1], "True where 1 is expected"),
    ],
)
def test_a_difference_of_lists_is_said_in_one_sentence(got: list[Any], expected: list[Any], said: str) -> None:
    assert compare_texts(got, expected, repr) == said


ITEMS = st.lists(st.sampled_from(["a", "b", 1, True, None]), max_size=5)


@given(ITEMS, ITEMS)
def test_nothing_is_said_only_of_equal_lists(got: list[Any], expected: list[Any]) -> None:
    same = [(type(x), x) for x in got] == [(type(x), x) for x in expected]
    assert (compare_texts(got, expected, repr) == "") == same
