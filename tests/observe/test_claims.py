"""What a session says is an answer to what was asked, cut to size, or no answer; nothing else, whatever it sends."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.observe.claims import answer, event
from grader.observe.protocol import CellEnded, CellStarted, CheckAnswer, CheckRequest, CheckSource, Ready
from grader.wire.frames import Message
from grader.wire.outcome import Frame, Missing, Raised, Stopped

REQUEST = CheckRequest(nonce="n", checks=(CheckSource("", "a", "s"), CheckSource("", "b", "s", ("float32", "float64"))))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def said(**fields: Any) -> Message:
    usual = {"nonce": "n", "outcomes": [{"type": "missing", "name": "f"}] * 3, "seconds": [0.5, 0.25]}
    return Message({"kind": "answer"}, msgspec.msgpack.encode(usual | fields))


def test_an_answer_to_what_was_asked_is_read() -> None:
    assert answer(said(), REQUEST) == CheckAnswer("n", (Missing("f"),) * 3, (0.5, 0.25), ((), ()))


def test_whether_the_process_can_be_asked_again_is_read() -> None:
    found = answer(said(sound=False), REQUEST)
    assert isinstance(found, CheckAnswer) and not found.sound


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"nonce": "m"}, "what the process sent is not the answer to this check"),
        ({"nonce": ""}, "what the process sent is not the answer to this check"),
        ({"outcomes": []}, "what the process sent does not answer what was asked"),
        ({"seconds": [1.0] * 3}, "what the process sent does not answer what was asked"),
        ({"seconds": [0] * 300_000}, "what the process sent is not an answer"),
        ({"outcomes": [{"type": "passed"}] * 3}, "what the process sent is not an answer"),
        ({"outcomes": None}, "what the process sent is not an answer"),
    ],
)
def test_any_other_answer_is_none(fields: dict[str, Any], detail: str) -> None:
    assert answer(said(**fields), REQUEST) == Stopped("invalid", detail)


def test_what_is_too_long_is_cut_and_times_that_are_none_are_zero() -> None:
    frames = [{"cell": 1, "line": 1, "function": "f" * 999, "text": "t" * 999}] * 99
    raised = {"type": "raised", "error": "E" * 999, "message": "m" * 999, "frames": frames}
    found = answer(said(outcomes=[raised] * 3, seconds=[float("nan"), -1]), REQUEST)
    assert isinstance(found, CheckAnswer)
    assert found.outcomes[0] == Raised("E" * 100, "m" * 300, (Frame(1, 1, "f" * 100, "t" * 200),) * 8)
    assert found.seconds == (0.0, 0.0)


@given(
    st.binary(max_size=80) | JSON.map(msgspec.msgpack.encode),
    st.sampled_from(["cell started", "cell ended", "ready", 3]),
)
def test_any_body_gives_an_event_or_nothing(body: bytes, kind: Any) -> None:
    assert isinstance(event(Message({"kind": kind}, body)), CellStarted | CellEnded | Ready | Stopped)
    assert isinstance(answer(Message({}, body), REQUEST), Stopped)


@given(JSON, st.sampled_from(["nonce", "outcomes", "seconds"]))
def test_any_value_in_a_field_gives_an_answer_or_nothing(value: Any, field: str) -> None:
    assert isinstance(answer(said(**{field: value}), REQUEST), CheckAnswer | Stopped)
