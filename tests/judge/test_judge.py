"""The judge: every way a check can end has its verdict and its words."""

import pytest
import torch

from grader.authoring.comparators import AtLeast
from grader.judge.judge import BrokenReference, Reference, judge, observations
from grader.wire.encode import encode
from grader.wire.outcome import Frame, Missing, Outcome, Raised, Returned, Stopped


def returned(tree: object) -> Returned:
    return Returned(encode(tree))


REFERENCE = Reference(returned({"sum": torch.tensor([1.0, 2.0]), "names": ["a"]}))


def test_an_observation_without_any_difference_passes() -> None:
    verdict = judge(returned({"names": ("a",), "sum": torch.tensor([1.0, 2.0])}), REFERENCE)
    assert (verdict.verdict, verdict.message, verdict.differences) == ("pass", "", ())


def test_the_first_difference_is_the_message_and_all_are_kept() -> None:
    verdict = judge(returned({"sum": torch.tensor([1.0]), "names": ["b"]}), REFERENCE)
    assert verdict.verdict == "fail"
    assert verdict.message == (
        "sum: shape (1,) where (2,) is expected: dimension 0 has one less (and 1 more difference)"
    )
    assert [d.path for d in verdict.differences] == ["sum", "names"]
    assert (
        judge(returned({}), Reference(returned(dict.fromkeys("abc")))).message == "a: missing (and 2 more differences)"
    )
    assert judge(returned(1), Reference(returned(2))).message == "1 where 2 is expected"


def test_a_name_that_is_not_defined_is_missing() -> None:
    verdict = judge(Missing("make_mlp"), REFERENCE)
    assert (verdict.verdict, verdict.message) == ("missing", "your notebook does not define `make_mlp`")


def test_an_error_says_its_text_its_place_and_what_it_means() -> None:
    frames = (Frame(2, 1, "outer", "inner()"), Frame(3, 7, "inner", "x @ x"))
    text = "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"
    verdict = judge(Raised("RuntimeError", text, frames), REFERENCE)
    assert verdict.verdict == "error"
    assert verdict.message == (
        f"RuntimeError: {text} (cell 3, line 7); the inner sizes of a matrix product do not match"
    )
    assert judge(Raised("KeyError", "'x'"), REFERENCE).message == "KeyError: 'x'"
    assert judge(Raised("ValueError", ""), REFERENCE).message == "ValueError"


def test_work_that_is_not_written_yet_is_said_without_an_error_text() -> None:
    verdict = judge(Raised("NotImplementedError", "", (Frame(1, 2, "f", "raise NotImplementedError"),)), REFERENCE)
    assert verdict.message == "this is not written yet: it still raises NotImplementedError"


@pytest.mark.parametrize("reason", ["timeout", "memory", "output", "crash", "exit", "invalid"])
def test_a_process_that_ended_early_has_the_verdict_of_its_reason(reason: str) -> None:
    verdict = judge(Stopped(reason, "no answer within 10 s"), REFERENCE)
    assert (verdict.verdict, verdict.message) == (reason, "no answer within 10 s")


def test_a_reason_that_nobody_knows_is_invalid() -> None:
    assert judge(Stopped("pass", "trust me"), REFERENCE).verdict == "invalid"


@pytest.mark.parametrize("data", [b"", b"anything", encode({"sum": 1})[:-1], encode(1) + b"x"])
def test_bytes_that_are_no_observation_are_invalid(data: bytes) -> None:
    verdict = judge(Returned(data), REFERENCE)
    assert verdict.verdict == "invalid"
    assert verdict.message.startswith("what the check's process sent is no observation: ")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Raised("KeyError", "'x'"), "the reference does not pass its own check: KeyError: 'x'"),
        (Missing("f"), "the reference does not pass its own check: it does not define 'f'"),
        (Stopped("timeout", "no answer within 1 s"), "the reference does not pass its own check: no answer within 1 s"),
        (Returned(b"junk"), "what the reference observes cannot be read: "),
    ],
)
def test_a_reference_that_fails_is_the_assignments_fault(outcome: Outcome, said: str) -> None:
    for work in (returned(1), Raised("KeyError", "'x'"), Stopped("timeout", "")):
        with pytest.raises(BrokenReference, match="^" + said.replace("(", r"\(")):
            judge(work, Reference(outcome))


def test_a_reference_that_fails_in_float64_only_is_used_in_float32() -> None:
    reference = Reference(returned(1.0), Raised("RuntimeError", "no double"))
    assert observations(reference) == (1.0, None)
    assert judge(returned(1.0), reference).verdict == "pass"
    assert observations(Reference(returned(1.0), returned(2.0))) == (1.0, 2.0)


def test_comparators_reach_the_leaves() -> None:
    assert judge(returned({"a": 2.0}), Reference(returned({"a": 1.0})), {"a": AtLeast(1.5)}).verdict == "pass"
