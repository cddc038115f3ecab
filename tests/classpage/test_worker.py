"""The trusted worker tells which wrong observations are the same to the checks."""

from collections.abc import Mapping

import pytest
import torch
from support.shared import Shared

from grader.authoring.comparators import Close
from grader.classpage.grouping import Grouping
from grader.classpage.requests import Group, Wrong
from grader.classpage.worker import group
from grader.grading.judging import BadCheckFile
from grader.observe.engine import Engine
from grader.wire.encode import encode
from grader.wire.outcome import Missing, Outcome, Raised, Returned

ONE = torch.tensor([1.0, 2.0, 3.0])
CHECKS = '''
from grader.authoring import check

@check(exercise="a", points=1)
def runs(work, rng):
    """It runs."""
    return work.f(1)
'''


def returned(value: object) -> Returned:
    return Returned(encode(value))


def wrong(outcome: Outcome, seed: str = "s", device: str = "cpu", **more: Outcome) -> Wrong:
    return Wrong(seed, device, {"runs": outcome, **more})


def groups(*works: Wrong, ways: Mapping = {}) -> tuple[tuple[int, ...], ...]:
    return group(Group(works), ways)


def test_values_within_the_allowance_are_one_group_and_the_largest_group_comes_first() -> None:
    works = [wrong(returned(value)) for value in (ONE + 1, ONE, ONE * (1 + 1e-7), ONE * 2)]
    assert groups(*works) == ((1, 2), (0,), (3,))


def test_the_authors_comparators_decide() -> None:
    works = [wrong(returned(ONE)), wrong(returned(ONE + 0.01))]
    assert groups(*works) == ((0,), (1,))
    assert groups(*works, ways={"runs": {"": Close(rtol=0.1, atol=0.1)}}) == ((0, 1),)


def test_what_was_returned_for_other_inputs_is_never_the_same() -> None:
    assert groups(wrong(returned(ONE), seed="a"), wrong(returned(ONE), seed="b")) == ((0,), (1,))


def test_an_error_is_the_same_whatever_the_inputs_are() -> None:
    works = [wrong(Raised("KeyError", f"at 0x7f{n}abc"), seed=str(n)) for n in range(3)]
    assert groups(*works, wrong(Raised("KeyError", "else"))) == ((0, 1, 2), (3,))


def test_other_checks_or_another_device_are_another_kind_of_wrong() -> None:
    same = Missing("f")
    assert groups(wrong(same), wrong(same, device="cuda"), wrong(same, more=same), wrong(same)) == ((0, 3), (1,), (2,))


def test_the_engine_is_started_when_something_is_to_be_compared(engine: Engine) -> None:
    started: list[Engine] = []

    def start() -> Engine:
        started.append(Shared(engine))  # type: ignore[arg-type]
        return started[-1]

    with Grouping(CHECKS, start) as together:
        assert started == []
        assert together([wrong(returned(ONE)), wrong(returned(ONE + 1)), wrong(returned(ONE))]) == ((0, 2), (1,))
        assert together([wrong(Missing("f"))]) == ((0,),)
    assert len(started) == 1


def test_a_broken_check_file_is_said_in_its_own_words(engine: Engine) -> None:
    with (
        Grouping("raise ValueError('not today')", lambda: Shared(engine)) as together,  # type: ignore[arg-type,return-value]
        pytest.raises(BadCheckFile, match="ValueError: not today"),
    ):
        together([wrong(Missing("f"))])
