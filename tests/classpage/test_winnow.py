"""Winnowing keeps its promise: long common passages are always found, short ones never."""

from hypothesis import given
from hypothesis import strategies as st

from grader.classpage.winnow import GRAM, WINDOW, fingerprints

TOKENS = st.lists(st.sampled_from("abcdefghij"), max_size=60)
LONG = st.lists(st.sampled_from("abcdefghij"), min_size=GRAM + WINDOW - 1, max_size=60)


@given(LONG, TOKENS, TOKENS, TOKENS, TOKENS)
def test_a_long_common_passage_is_always_found(passage, before, after, other_before, other_after) -> None:
    one = fingerprints([*before, *passage, *after])
    other = fingerprints([*other_before, *passage, *other_after])
    assert one & other


@given(LONG, LONG)
def test_nothing_is_found_where_nothing_is_common(one, other) -> None:
    assert not fingerprints(one) & fingerprints([letter.upper() for letter in other])


@given(TOKENS, st.integers(1, 6), st.integers(1, 6))
def test_at_most_the_grams_are_chosen_and_one_in_every_window(tokens, gram, window) -> None:
    every = [fingerprints(tokens[at : at + gram], gram, 1) for at in range(len(tokens) - gram + 1)]
    chosen = fingerprints(tokens, gram, window)
    assert chosen <= frozenset().union(*every)
    for at in range(len(every) - window + 1):
        assert chosen & frozenset().union(*every[at : at + window])


def test_a_text_shorter_than_a_gram_has_none() -> None:
    assert fingerprints(["a"] * (GRAM - 1)) == frozenset()
    assert len(fingerprints(["a"] * GRAM)) == 1
