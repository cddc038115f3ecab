"""The line to the judge: the same answer is judged once, and nothing but the same answer is."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from grader.authoring.spec import CheckSpec
from grader.grading.judging import Judging
from grader.grading.recording import ReferenceOutcomes
from grader.grading.requests import Judge
from grader.observe.engine import Engine
from grader.wire.encode import encode
from grader.wire.outcome import Returned

CHECK = CheckSpec(
    name="doubled", exercise="double", points=1.0, visibility="hidden", description="It is doubled.", compare={}
)


def asks(value: object, expected: object = 4.0, seed: str = "seed", name: str = "doubled") -> Judge:
    check = msgspec.structs.replace(CHECK, name=name)
    return Judge(check, seed, Returned(encode({"got": value})), ReferenceOutcomes(Returned(encode({"got": expected}))))


@pytest.fixture
def judging(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Judging]:
    made = Judging(engine)
    made.sent = 0  # type: ignore[attr-defined]
    through = made._answer

    def counted(*request: Any) -> Any:
        made.sent += 1  # type: ignore[attr-defined]
        return through(*request)

    monkeypatch.setattr(made, "_answer", counted)
    yield made
    made.close()


def test_the_same_right_answer_is_judged_once(judging: Any) -> None:
    assert [judging.judge(asks(4.0)).verdict for _ in range(3)] == ["pass"] * 3
    assert judging.sent == 1


def test_whatever_differs_is_judged_for_itself(judging: Any) -> None:
    judging.judge(asks(4.0))
    others = [asks(5.0), asks(4.0, 5.0), asks(4.0, seed="another"), asks(4.0, name="another"), asks(4)]
    assert [judging.judge(other).verdict for other in others] == ["fail", "fail", "pass", "pass", "fail"]
    assert judging.sent == 1 + len(others)


def test_a_wrong_answer_is_judged_each_time(judging: Any) -> None:
    assert [judging.judge(asks(5.0)).verdict for _ in range(2)] == ["fail", "fail"]
    assert judging.sent == 2


def test_other_check_files_have_other_verdicts(judging: Any) -> None:
    judging.judge(asks(4.0))
    judging.describe("")
    assert judging.judge(asks(4.0)).verdict == "pass"
    assert judging.sent == 3


def test_no_more_is_remembered_than_there_is_room_for(judging: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.grading.judging._REMEMBERED", 2)
    for value in (1.0, 2.0, 3.0, 3.0, 2.0, 1.0):
        judging.judge(asks(value, value))
    assert judging.sent == 4  # the first one had to be judged again
