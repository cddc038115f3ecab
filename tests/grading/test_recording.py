"""Recorded observations: whole as they were written, or refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.authoring.comparators import Close, Exact
from grader.authoring.spec import CheckSpec, VariantSpec
from grader.grading.recording import BadRecording, Recording, ReferenceOutcomes, dump, load
from grader.wire.outcome import Frame, Missing, Raised, Returned, Stopped

RECORDING = Recording(
    assignment="hw2",
    seed="s",
    torch="2.13",
    checks=(
        CheckSpec(
            name="c",
            exercise="e",
            points=1.5,
            visibility="public",
            description="d",
            compare={"": Exact(), "a": Close(rtol=0.1, atol=0)},
        ),
    ),
    hidden_checks=2,
    references={
        "c": ReferenceOutcomes(Returned(b"GRO1"), Stopped("timeout", "t")),
        "d": ReferenceOutcomes(Missing("f")),
    },
    misconceptions=(VariantSpec(name="m", exercise="e", text="t"),),
    variants={"m": {"c": Raised("E", "m", (Frame(1, 2, "f", "x"),))}},
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "observations.bin"


def test_a_recording_comes_back_whole(path: Path) -> None:
    path.write_bytes(dump(RECORDING))
    assert load(path) == RECORDING


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xdd\xff\xff\xff\xff",
        dump(RECORDING)[:-1],
        dump(RECORDING) + b"\0",
        msgspec.msgpack.encode({"assignment": "hw2", "checks": [0] * 2_000_000}),
        b"\x81\xa5seed\x00" + b"\x91" * 100_000,
    ],
    ids=["nothing", "a length of four billion", "cut", "a byte too many", "two million values", "deep"],
)
def test_a_damaged_file_is_refused_in_a_sentence(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(
        BadRecording, match=r"damaged, or made by another version of grader; download the assignment again"
    ):
        load(path)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(position=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_a_changed_byte_gives_a_recording_or_a_sentence(path: Path, position: int, byte: int) -> None:
    data = bytearray(dump(RECORDING))
    data[position % len(data)] = byte
    path.write_bytes(data)
    try:
        assert isinstance(load(path), Recording)
    except BadRecording as error:
        assert "download the assignment again" in str(error)
