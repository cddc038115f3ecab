"""Diagnosis: the misconception that observes the same is named, and a wrong name is worse than none."""

from collections.abc import Mapping

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.authoring.comparators import Accuracy, Comparator
from grader.judge.alike import Seen, alike
from grader.judge.diagnose import Diagnosis, diagnose
from grader.judge.judge import Reference, judge
from grader.judge.verdict import Verdict
from grader.wire.encode import encode
from grader.wire.outcome import Outcome, Raised, Returned, Stopped

RIGHT = {"a": 1.0, "b": 2.0, "c": 3.0}
NONE = Diagnosis(None, {})


def outcome(value: object) -> Outcome:
    return value if isinstance(value, Raised | Stopped) else Returned(encode(value))


def outcomes(values: Mapping[str, object]) -> dict[str, Outcome]:
    return {check: outcome(value) for check, value in values.items()}


def seen(values: Mapping[str, object]) -> dict[str, Seen]:
    return {check: Seen(outcome(value)) for check, value in values.items()}


def same(one: object, other: object) -> bool:
    return alike(Seen(outcome(one)), Seen(outcome(other)))


def found(
    work: Mapping[str, object],
    variants: Mapping[str, Mapping[str, object]],
    comparators: Mapping[str, Mapping[str, Comparator]] | None = None,
    verdicts: Mapping[str, Verdict] | None = None,
) -> Diagnosis:
    references = {check: Reference(outcome(value)) for check, value in RIGHT.items()}
    ours = outcomes(work)
    judged = {check: judge(one, references[check]) for check, one in ours.items()}
    known = {name: seen(values) for name, values in variants.items()}
    return diagnose(ours, verdicts or judged, references, comparators or {}, known)


def test_a_misconception_that_observes_the_same_everywhere_is_named() -> None:
    variants = {"doubles": RIGHT | {"a": 2.0, "b": 4.0}, "halves": RIGHT | {"a": 0.5}}
    assert found(RIGHT | {"a": 2.0, "b": 4.0}, variants) == Diagnosis("doubles", {"a": "doubles", "b": "doubles"})


def test_two_that_look_the_same_are_not_named() -> None:
    same = RIGHT | {"a": 2.0}
    assert found(same, {"one": same, "other": same}) == NONE


def test_right_work_is_not_diagnosed() -> None:
    assert found(RIGHT, {"unseen by these checks": RIGHT, "other": RIGHT | {"a": 2.0}}) == NONE


def test_one_failed_check_is_recognised_beside_another_mistake() -> None:
    variants = {"doubles": RIGHT | {"a": 2.0}, "halves": RIGHT | {"b": 1.0}}
    assert found(RIGHT | {"a": 2.0, "c": 99.0}, variants) == Diagnosis("doubles", {"a": "doubles"})


def test_two_mistakes_at_once_are_named_by_check_and_neither_explains_the_exercise() -> None:
    variants = {"doubles": RIGHT | {"a": 2.0}, "halves": RIGHT | {"b": 1.0}}
    assert found(RIGHT | {"a": 2.0, "b": 1.0}, variants) == Diagnosis(None, {"a": "doubles", "b": "halves"})


def test_a_misconception_that_would_have_failed_a_passed_check_is_not_named() -> None:
    assert found(RIGHT | {"a": 2.0}, {"doubles": RIGHT | {"a": 2.0, "b": 4.0}}) == NONE


def test_a_misconception_that_fails_otherwise_is_not_named() -> None:
    assert found(RIGHT | {"a": 2.0, "b": 9.0}, {"doubles": RIGHT | {"a": 2.0, "b": 4.0}}) == NONE


def test_a_check_judged_by_secret_labels_speaks_neither_for_nor_against() -> None:
    ways: dict[str, dict[str, Comparator]] = {"b": {"": Accuracy("labels", 0.9)}}
    variants = {"doubles": RIGHT | {"a": 2.0, "b": 2.5}}
    assert found(RIGHT | {"a": 2.0}, variants, ways) == Diagnosis("doubles", {"a": "doubles"})


def test_work_that_is_not_written_is_not_diagnosed() -> None:
    stub = dict.fromkeys(RIGHT, Raised("NotImplementedError", ""))
    assert found(stub, {"calls the base class": stub, "doubles": RIGHT | {"a": 2.0}}) == NONE
    assert found(RIGHT | {"a": stub["a"]}, {"partly": RIGHT | {"a": stub["a"], "c": 1.0}}) == NONE


def test_an_error_tells_something_by_its_words_only() -> None:
    bare, worded = Raised("ValueError", ""), Raised("ValueError", "shape (2, 3) at 0x7f00aa")
    elsewhere = {"c": 99.0}
    assert found(RIGHT | {"a": bare} | elsewhere, {"m": RIGHT | {"a": bare}}) == NONE
    again = Raised("ValueError", "shape (2, 3) at 0x7fff11")
    assert found(RIGHT | {"a": again} | elsewhere, {"m": RIGHT | {"a": worded}}) == Diagnosis("m", {"a": "m"})


def test_running_out_of_time_tells_nothing_beside_another_mistake() -> None:
    slow = Stopped("timeout", "no answer within 1 s")
    assert found(RIGHT | {"a": slow, "c": 99.0}, {"endless": RIGHT | {"a": slow}}) == NONE


def test_a_check_without_an_outcome_is_passed_over() -> None:
    verdicts = {"a": Verdict("fail", "x"), "b": Verdict("blocked"), "c": Verdict("pass")}
    variants = {"doubles": RIGHT | {"a": 2.0}}
    assert found({"a": 2.0, "c": 3.0}, variants, verdicts=verdicts).exercise == "doubles"
    only = {"b": Verdict("blocked")}
    assert found({}, variants, verdicts=only) == NONE


def test_without_misconceptions_nothing_is_named() -> None:
    assert found(RIGHT | {"a": 2.0}, {}) == NONE


def test_a_graph_tells_a_misconception_from_other_work() -> None:
    detached, followed = torch.ones(2), torch.ones(2, requires_grad=True)
    references = {"a": Reference(outcome(followed)), "b": Reference(outcome(1.0))}
    work = outcomes({"a": followed, "b": 2.0})
    verdicts = {check: judge(one, references[check]) for check, one in work.items()}
    variants = {"detaches": seen({"a": detached, "b": 2.0})}
    assert diagnose(work, verdicts, references, {}, variants) == NONE


VALUES = st.sampled_from(
    [1.0, 2.0, 3.0, 4.0, Raised("ValueError", "x"), Raised("NotImplementedError", ""), Stopped("timeout", "")]
)
VARIANTS = st.dictionaries(
    st.sampled_from(["m1", "m2", "m3"]), st.fixed_dictionaries(dict.fromkeys(RIGHT, VALUES)), min_size=1
)


@given(VARIANTS)
def test_a_misconceptions_own_outcomes_are_diagnosed_as_itself_where_it_is_distinguishable(
    variants: dict[str, dict[str, object]],
) -> None:
    for name, values in variants.items():
        others = [other for label, other in variants.items() if label != name]
        unlike_all = all(any(not same(values[check], other[check]) for check in RIGHT) for other in others)
        wrong = [check for check in RIGHT if values[check] != RIGHT[check]]
        written = any(values[check] != Raised("NotImplementedError", "") for check in wrong)
        named = found(values, variants)
        if unlike_all and wrong and written:
            assert named == Diagnosis(name, dict.fromkeys(sorted(wrong), name))
        else:
            assert named == NONE


@given(VARIANTS, st.fixed_dictionaries(dict.fromkeys(RIGHT, VALUES)))
def test_only_failed_checks_are_named_and_only_by_a_misconception_that_observes_the_same(
    variants: dict[str, dict[str, object]], work: dict[str, object]
) -> None:
    for check, name in found(work, variants).checks.items():
        assert work[check] != RIGHT[check]
        assert same(work[check], variants[name][check])


def tree(**values: object) -> dict[str, object]:
    return {"check": {"x": 1.0, "y": 2.0, "z": 3.0} | values}


def by_leaf(work: dict[str, object], variants: dict[str, dict[str, object]]) -> Diagnosis:
    references = {"check": Reference(outcome(tree()["check"]))}
    ours = outcomes(work)
    judged = {check: judge(one, references[check]) for check, one in ours.items()}
    return diagnose(ours, judged, references, {}, {name: seen(values) for name, values in variants.items()})


def test_two_mistakes_in_one_check_are_named_by_leaf() -> None:
    variants = {"first": tree(x=9.0), "second": tree(y=9.0), "other": tree(y=7.0)}
    assert by_leaf(tree(x=9.0, y=9.0), variants) == Diagnosis(None, {}, {"check": {"x": "first", "y": "second"}})


def test_a_misconception_that_makes_more_wrong_than_the_work_explains_no_leaf() -> None:
    assert by_leaf(tree(x=9.0, y=8.0), {"both": tree(x=9.0, z=9.0)}) == NONE


def test_a_leaf_that_two_misconceptions_explain_is_named_by_neither() -> None:
    variants = {"one": tree(x=9.0), "other": tree(x=9.0), "third": tree(y=9.0)}
    assert by_leaf(tree(x=9.0, y=9.0), variants) == Diagnosis(None, {}, {"check": {"y": "third"}})


def test_work_that_raises_has_no_leaves() -> None:
    assert by_leaf({"check": Raised("ValueError", "x")}, {"one": tree(x=9.0)}) == NONE
