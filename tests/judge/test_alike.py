"""Two outcomes of one check are the same where nothing that the check observes tells them apart."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.authoring.comparators import AtLeast, Close, Comparator
from grader.judge.alike import Seen, alike
from grader.judge.compare import compare
from grader.judge.judge import Reference, judge
from grader.wire.decode import decode
from grader.wire.encode import encode
from grader.wire.outcome import Frame, Missing, Outcome, Raised, Returned, Stopped


def returned(tree: object) -> Returned:
    return Returned(encode(tree))


def same_outcome(one: Outcome, other: Outcome, comparators: dict[str, Comparator] | None = None) -> bool:
    return alike(Seen(one), Seen(other), comparators)


def test_errors_are_the_same_whatever_addresses_and_ids_they_name() -> None:
    one = Raised("TypeError", "<Model object at 0x7f3a20> of process 1234567 is not iterable")
    other = Raised("TypeError", "<Model object at 0xffee10> of process 7654321 is not iterable", (Frame(1, 1, "", ""),))
    assert same_outcome(one, other)
    assert not same_outcome(one, Raised("ValueError", one.message))
    assert not same_outcome(Raised("KeyError", "'a'"), Raised("KeyError", "'b'"))
    assert not same_outcome(Raised("IndexError", "index 5"), Raised("IndexError", "index 6"))


def test_stopped_works_are_the_same_for_the_same_reason() -> None:
    assert same_outcome(Stopped("timeout", "10 s"), Stopped("timeout", "11 s"))
    assert not same_outcome(Stopped("timeout", ""), Stopped("memory", ""))
    assert same_outcome(Missing("f"), Missing("f"))
    assert not same_outcome(Missing("f"), Missing("g"))
    assert not same_outcome(Missing("f"), returned(None))


def test_observations_are_the_same_within_rounding() -> None:
    assert same_outcome(returned([0.1 + 1e-9]), returned([0.1]))
    assert not same_outcome(returned([0.2]), returned([0.1]))
    assert not same_outcome(returned(1), Returned(b"junk"))
    assert not same_outcome(Returned(b"junk"), Returned(b"junk"))


def test_a_bound_does_not_make_two_wrong_answers_the_same() -> None:
    assert not same_outcome(returned({"a": 0.1}), returned({"a": 0.2}), {"a": AtLeast(0.9)})
    assert same_outcome(returned({"a": 0.1}), returned({"a": 0.2}), {"a": Close(0.0, 0.5)})


def test_a_detached_result_is_not_the_same_as_one_with_a_graph() -> None:
    with_graph, without = returned(torch.ones(2, requires_grad=True)), returned(torch.ones(2))
    assert judge(with_graph, Reference(without)).verdict == "pass"
    assert not same_outcome(with_graph, without)
    assert not same_outcome(without, with_graph)


def test_paths_of_temporary_files_do_not_tell_errors_apart() -> None:
    one = Raised("FileNotFoundError", "[Errno 2] No such file or directory: '/tmp/grader-ab12/best.pt'")
    other = Raised("FileNotFoundError", "[Errno 2] No such file or directory: '/sandbox/tmp/x9/best.pt'")
    assert same_outcome(one, other)
    assert not same_outcome(one, Raised("FileNotFoundError", "[Errno 2] No such file or directory: 'best.pt'"))


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.0, 1.0, 1.0 + 1e-9, 2.0, float("nan"), float("inf")]),
    st.sampled_from(["a", "b"]),
    st.sampled_from([torch.zeros(2), torch.zeros(2) + 1e-7, torch.ones(2), torch.zeros(1), torch.zeros(2).long()]),
)
TREES = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner))


@given(TREES, TREES)
def test_observations_are_the_same_where_comparing_both_ways_finds_nothing(one: object, other: object) -> None:
    a, b = returned(one), returned(other)
    first, second = decode(a.observation), decode(b.observation)
    assert same_outcome(a, b) == (not compare(first, second) and not compare(second, first))
