"""Lists of names: what is missing, extra or out of order."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.judge.texts import compare_texts, text_message


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


def test_a_text_of_several_lines_names_the_line_that_differs() -> None:
    assert text_message("a\nb\nc", "a\nB\nc", repr) == "line 2 is 'b' where 'B' is expected"
    assert text_message("a\nb", "a\nb\nc", repr) == "2 lines where 3 are expected"


def test_a_long_line_is_shown_from_shortly_before_the_place_that_differs() -> None:
    said = text_message("x" * 100 + "left", "x" * 100 + "right", repr)
    assert said == f"...'{'x' * 20}left' where ...'{'x' * 20}right' is expected"


def test_short_texts_are_shown_whole() -> None:
    assert text_message("no error", "ValueError", repr) == "'no error' where 'ValueError' is expected"
