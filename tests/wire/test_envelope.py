"""The outer form that observations and messages share, and JSON from nobody in particular."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.wire.envelope import pack, parse_json, read_lengths, unpack
from grader.wire.errors import WireError
from grader.wire.limits import WireLimits

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def levels_of(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(levels_of, value), default=0) if isinstance(value, list) else 0


def test_the_layout_is_magic_two_little_endian_lengths_header_and_body() -> None:
    data = pack(b"ABCD", {"a": "é"}, b"xyz", WireLimits())
    assert data == b"ABCD" + b"\x0a\0\0\0" + b"\x03\0\0\0\0\0\0\0" + '{"a":"é"}'.encode() + b"xyz"
    assert read_lengths(b"ABCD", data[:16], WireLimits()) == (10, 3)
    assert unpack(b"ABCD", data, WireLimits()) == ('{"a":"é"}'.encode(), b"xyz")


@settings(max_examples=150, deadline=None)
@given(json_values)
def test_any_json_is_read_as_it_was_written_and_its_depth_is_counted_exactly(value: Any) -> None:
    data = json.dumps(value).encode()
    levels = levels_of(value)
    assert parse_json(data, levels) == value
    if levels:
        with pytest.raises(WireError, match=f"nests more than {levels - 1} levels deep"):
            parse_json(data, levels - 1)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='[]{}",:\\19ae \n', max_size=40))
def test_any_text_is_json_or_a_wire_error(text: str) -> None:
    try:
        parse_json(text.encode(), 16)
    except WireError as error:
        assert str(error)


def test_brackets_are_counted_before_the_parser_sees_them() -> None:
    """A library may raise the recursion limit; the parser alone would then follow brackets off the stack's end."""
    code = (
        "import sys; sys.setrecursionlimit(10**9)\n"
        "from grader.wire.envelope import parse_json\n"
        "from grader.wire.errors import WireError\n"
        "try: parse_json(b'[' * 2**20, 16)\n"
        "except WireError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "the header nests more than 16 levels deep\n")


def test_numbers_are_read_up_to_forty_letters() -> None:
    assert parse_json(b"1" * 40, 1) == int("1" * 40)
    for data in (b"1" * 41, b"0." + b"1" * 39, b"1e400"):
        with pytest.raises(WireError, match=r"number (of 41 letters|that is too long)"):
            parse_json(data, 1)
