"""Messages over a pipe or socket between the supervisor and its processes; imports no torch."""

from __future__ import annotations

import os
import selectors
from dataclasses import dataclass
from typing import Any

from grader.wire.envelope import PREFIX_BYTES, pack, parse_json, read_lengths
from grader.wire.errors import WireError
from grader.wire.limits import WireLimits

_MAGIC = b"GRM1"
_READ_BYTES = 1 << 20
_DEFAULT_LIMITS = WireLimits()


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        header: A JSON object that says what it is.
        body: Raw bytes, whatever the header says they are.
    """

    header: dict[str, Any]
    body: bytes = b""


class FrameReader:
    """Puts messages together from pieces as they arrive; for a loop that waits on many descriptors.

    It never holds more than one message within its limits and what one `feed` brought. After an error the
    stream has no meaning any more: what came whole before it is still given out, every later `feed` raises it.

    Args:
        limits: What one message may be.

    Example:
        >>> reader = FrameReader()
        >>> data = message_bytes({"kind": "ready"}, b"abc")
        >>> reader.feed(data[:7]), reader.feed(data[7:])
        ([], [Message(header={'kind': 'ready'}, body=b'abc')])
    """

    def __init__(self, limits: WireLimits = _DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._lengths: tuple[int, int] | None = None
        self._error: WireError | None = None

    def feed(self, data: bytes) -> list[Message]:
        """Take what has arrived.

        Args:
            data: Any piece of the stream, cut anywhere; an empty one asks whether the stream is still sound.

        Returns:
            The messages that it completes, in order.

        Raises:
            WireError: What arrived is no message, or is over a limit, and no message came whole before it.
        """
        if self._error is not None:
            raise self._error
        self._buffer += data
        messages: list[Message] = []
        try:
            while self._wanted() <= 0:
                messages.append(self._take())
        except WireError as error:
            self._error = error
            self._buffer.clear()
            if not messages:
                raise
        return messages

    def finish(self) -> None:
        """Say that nothing more will come.

        Raises:
            WireError: The stream ends inside a message.
        """
        if self._buffer:
            raise WireError(f"the stream ends inside a message that lacks {self._wanted()} bytes or more")

    def _wanted(self) -> int:
        """Bytes that the message at hand still lacks, or its prefix does; 0 or less when it is complete."""
        if self._lengths is None:
            if len(self._buffer) < PREFIX_BYTES:
                return PREFIX_BYTES - len(self._buffer)
            self._lengths = read_lengths(_MAGIC, bytes(self._buffer[:PREFIX_BYTES]), self._limits)
        return PREFIX_BYTES + sum(self._lengths) - len(self._buffer)

    def _take(self) -> Message:
        header_bytes, body_bytes = self._lengths or (0, 0)
        split, end = PREFIX_BYTES + header_bytes, PREFIX_BYTES + header_bytes + body_bytes
        with memoryview(self._buffer) as view:
            header, body = bytes(view[PREFIX_BYTES:split]), bytes(view[split:end])
        del self._buffer[:end]
        self._lengths = None
        parsed = parse_json(header, self._limits.depth_levels)
        if type(parsed) is not dict:
            raise WireError("the header of a message must be a JSON object")
        return Message(parsed, body)


def message_bytes(header: dict[str, Any], body: bytes = b"", limits: WireLimits = _DEFAULT_LIMITS) -> bytes:
    """Write one message as bytes, for a loop that does its own writing.

    Args:
        header: A dict that JSON can write.
        body: Raw bytes.
        limits: What one message may be.

    Returns:
        The bytes.

    Raises:
        WireError: The header is not JSON, or a part is over its limit.
    """
    return pack(_MAGIC, header, body, limits)


def send(fd: int, header: dict[str, Any], body: bytes = b"", limits: WireLimits = _DEFAULT_LIMITS) -> None:
    """Write one message and return when all of it is written.

    Args:
        fd: Descriptor of a pipe or socket, blocking or not.
        header: A dict that JSON can write.
        body: Raw bytes.
        limits: What one message may be.

    Raises:
        WireError: The header is not JSON, or a part is over its limit; nothing has been written.
        OSError: The other side has closed.
    """
    left = memoryview(message_bytes(header, body, limits))
    while left:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:
            _wait(fd, selectors.EVENT_WRITE)


def receive(fd: int, limits: WireLimits = _DEFAULT_LIMITS) -> Message | None:
    """Wait for one message; reads no byte beyond it.

    Args:
        fd: Descriptor of a pipe or socket, blocking or not.
        limits: What one message may be.

    Returns:
        The message, or None where the stream ended before one began.

    Raises:
        WireError: What arrived is no message, is over a limit, or ends half way.
        OSError: The descriptor cannot be read.
    """
    reader = FrameReader(limits)
    while True:
        try:
            data = os.read(fd, min(reader._wanted(), _READ_BYTES))
        except BlockingIOError:
            _wait(fd, selectors.EVENT_READ)
            continue
        if not data:
            reader.finish()
            return None
        if messages := reader.feed(data):
            return messages[0]


def _wait(fd: int, event: int) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(fd, event)
        selector.select()
