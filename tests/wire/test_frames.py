"""Messages over a pipe: whole or refused, however the stream is cut."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.wire.errors import WireError
from grader.wire.frames import FrameReader, Message, message_bytes, receive, send
from grader.wire.limits import WireLimits

headers = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)  # fmt: skip
NOT_JSON: list[dict[str, Any]] = [{"a": float("nan")}, {"a": object()}, {"a": "\ud800"}]
messages = st.builds(Message, headers, st.binary(max_size=50))


def raw(header: bytes, body: bytes = b"", magic: bytes = b"GRM1") -> bytes:
    return magic + struct.pack("<IQ", len(header), len(body)) + header + body


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for fd in (reading, writing):
        try:
            os.close(fd)
        except OSError:
            continue


@settings(max_examples=100, deadline=None)
@given(st.lists(messages, max_size=4), st.data())
def test_a_stream_cut_anywhere_gives_the_same_messages(sent: list[Message], data: st.DataObject) -> None:
    stream = b"".join(message_bytes(message.header, message.body) for message in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader, got = FrameReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += reader.feed(stream[start:end])
    reader.finish()
    assert got == sent


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_stream_gives_messages_or_a_wire_error(pieces: list[bytes]) -> None:
    reader = FrameReader()
    try:
        for piece in pieces:
            assert all(type(message) is Message for message in reader.feed(piece))
        reader.finish()
    except WireError as error:
        assert str(error)


def test_a_stream_that_comes_byte_by_byte_gives_the_same_messages() -> None:
    sent = [Message({"kind": "a"}, b"GRM1"), Message({}), Message({"kind": "b"}, bytes(20))]
    stream = b"".join(message_bytes(message.header, message.body) for message in sent)
    reader = FrameReader()
    assert [message for byte in stream for message in reader.feed(bytes([byte]))] == sent


@settings(max_examples=100, deadline=None)
@given(messages, st.integers(0, 10**6), st.integers(0, 255))
def test_a_message_with_a_byte_changed_gives_messages_or_a_wire_error(
    message: Message, position: int, byte: int
) -> None:
    data = bytearray(message_bytes(message.header, message.body))
    data[position % len(data)] = byte
    try:
        FrameReader().feed(bytes(data))
    except WireError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"GRO1" + bytes(12), "starts with b'GRO1' instead of b'GRM1'"),
        (
            b"GRM1" + struct.pack("<IQ", 2**32 - 1, 0),
            "header of 4294967295 bytes is over the limit of 1048576",
        ),
        (b"GRM1" + struct.pack("<IQ", 2, 2**63), "is over the limit of 67108864"),
        (raw(b""), "not JSON"),
        (raw(b"[1]"), "must be a JSON object"),
        (raw(b'{"a":1,"a":2}'), "same key twice"),
        (raw(b'{"a":NaN}'), "has NaN, which is not JSON"),
        (raw(b'{"a":' * 17 + b"1" + b"}" * 17), "nests more than 16 levels"),
        (raw(b'{"a":' + b"9" * 50 + b"}"), "number of 50 letters"),
    ],
)
def test_a_message_that_breaks_a_rule_is_refused_in_words(data: bytes, message: str) -> None:
    with pytest.raises(WireError) as caught:
        FrameReader().feed(data)
    assert message in str(caught.value)


def test_an_oversized_message_is_refused_as_soon_as_its_lengths_are_known() -> None:
    reader = FrameReader(WireLimits(body_bytes=10))
    assert reader.feed(raw(b"{}", bytes(11))[:15]) == []
    with pytest.raises(WireError, match="body of 11 bytes is over the limit of 10"):
        reader.feed(raw(b"{}", bytes(11))[15:16])


def test_after_an_error_nothing_more_is_read() -> None:
    reader = FrameReader()
    with pytest.raises(WireError):
        reader.feed(bytes(16))
    with pytest.raises(WireError, match="instead of"):
        reader.feed(message_bytes({}))


def test_what_came_whole_before_an_error_is_still_given_out() -> None:
    reader = FrameReader()
    assert reader.feed(message_bytes({"number": 1}) + bytes(16)) == [Message({"number": 1})]
    with pytest.raises(WireError, match="instead of"):
        reader.feed(b"")


def test_a_stream_that_ends_inside_a_message_says_so() -> None:
    reader = FrameReader()
    reader.feed(message_bytes({}, b"abc")[:-1])
    with pytest.raises(WireError, match="ends inside a message that lacks 1 bytes or more"):
        reader.finish()


@pytest.mark.parametrize("header", NOT_JSON, ids=["nan", "object", "half"])
def test_a_header_that_is_not_json_is_not_sent(header: dict[str, Any], pipe: tuple[int, int]) -> None:
    with pytest.raises(WireError, match="cannot be written as JSON"):
        send(pipe[1], header)
    os.set_blocking(pipe[0], False)
    with pytest.raises(BlockingIOError):
        os.read(pipe[0], 1)


def test_an_oversized_body_is_not_sent(pipe: tuple[int, int]) -> None:
    with pytest.raises(WireError, match="body of 4 bytes is over the limit of 3"):
        send(pipe[1], {}, b"abcd", WireLimits(body_bytes=3))


def test_receive_reads_one_message_and_not_a_byte_more(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    send(writing, {"kind": "a"}, b"1")
    send(writing, {"kind": "b"})
    assert receive(reading) == Message({"kind": "a"}, b"1")
    assert receive(reading) == Message({"kind": "b"})
    os.write(writing, b"next")
    assert os.read(reading, 9) == b"next"


def test_receive_gives_none_at_the_end_and_an_error_half_way(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.write(writing, message_bytes({})[:5])
    os.close(writing)
    with pytest.raises(WireError, match="ends inside a message"):
        receive(reading)
    assert receive(reading) is None


@pytest.mark.parametrize("blocking", [True, False])
def test_a_message_larger_than_the_pipe_arrives_whole(blocking: bool) -> None:
    here, there = socket.socketpair()
    with here, there:
        here.setblocking(blocking)
        there.setblocking(blocking)
        body = os.urandom(3_000_000)
        sender = threading.Thread(target=send, args=(here.fileno(), {"kind": "large"}, body))
        sender.start()
        assert receive(there.fileno()) == Message({"kind": "large"}, body)
        sender.join()


def test_send_to_a_closed_pipe_is_an_os_error(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    with pytest.raises(BrokenPipeError):
        send(pipe[1], {})


def test_framing_and_outcomes_import_no_torch() -> None:
    code = "import sys, grader.wire.frames, grader.wire.outcome, grader.wire.errors; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
