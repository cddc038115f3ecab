"""Bodies: read into what is expected or refused, and what they would cost is known before they are read."""

from __future__ import annotations

import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.wire.body import read_body
from grader.wire.errors import WireError


class Many(msgspec.Struct):
    numbers: tuple[float, ...] = ()
    names: dict[str, Any] = {}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=40), inner, max_size=20),
    max_leaves=60,
)


def count(value: Any) -> int:
    """How many values a tree has, keys counted too."""
    if isinstance(value, dict):
        return 1 + sum(1 + count(item) for item in value.values())
    return 1 + sum(map(count, value)) if isinstance(value, list) else 1


@given(VALUES)
def test_every_value_counts_once_and_one_less_is_refused(value: Any) -> None:
    number = count(value)
    data = msgspec.msgpack.encode(value)
    read_body(data, Any, number)  # type: ignore[arg-type]
    with pytest.raises(WireError, match=f"^the body holds more than {number - 1} values$"):
        read_body(data, Any, number - 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "start", [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdc\xff\xff" * 9, b"\x9f" * 100_000]
)
def test_declared_lengths_are_refused_before_anything_is_made(start: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(WireError, match="holds more than 200000 values"):
        read_body(start, Many)
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


def test_an_array_of_a_byte_a_number_cannot_grow_fiftyfold() -> None:
    data = b"\x81\xa7numbers\xdd" + (20_000_000).to_bytes(4, "big") + bytes(20_000_000)
    with pytest.raises(WireError, match="holds more than 200000 values"):
        read_body(data, Many)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x81\xa7numbers\x91\xa1x",
        b"\x81\xa5names\x81\xa3\xed\xa0\x80\xc0",
        b"\x81\xa5names" + b"\x81\xa1a" * 5_000,
        b"\xc0\xc0",
    ],
    ids=["nothing", "no msgpack", "another type", "half a surrogate pair", "deep", "two values"],
)
def test_what_is_no_such_struct_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(WireError, match=r"^the body is no Many: "):
        read_body(data, Many)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_struct_or_a_wire_error(data: bytes) -> None:
    try:
        assert isinstance(read_body(data, Many), Many)
    except WireError as error:
        assert str(error)
