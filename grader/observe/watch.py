"""Wait for a session's next message while its limits are watched from outside."""

from __future__ import annotations

import os
import selectors
import time
from dataclasses import dataclass

from grader.assignment.model import Limits
from grader.observe.engine import Process
from grader.observe.gpu import GpuMemory
from grader.observe.protocol import MESSAGE_LIMITS
from grader.wire.errors import WireError
from grader.wire.frames import FrameReader, Message, message_bytes
from grader.wire.outcome import Stopped

_POLL_SECONDS = 0.04
_FOLDER_SECONDS = 0.25
_GPU_SECONDS = 0.1
_CONTEXT_BYTES = 1_500_000_000  # what CUDA and its libraries take for themselves, beside the tensors
_READ_BYTES = 1 << 16
_KEPT_OUTPUT_BYTES = 64 * 1024


@dataclass
class Output:
    """What a session has printed: the start of it, and how much there was.

    Attributes:
        kept: The first 64 KiB.
        total_bytes: All of it.
    """

    kept: bytes = b""
    total_bytes: int = 0

    def add(self, data: bytes) -> None:
        """Take what was printed; the text is cut, the count is not."""
        self.total_bytes += len(data)
        self.kept += data[: max(0, _KEPT_OUTPUT_BYTES - len(self.kept))]

    def text(self) -> str:
        """The kept text, with a line that says what was cut."""
        text = self.kept.decode("utf-8", errors="replace")
        left = self.total_bytes - len(self.kept)
        return f"{text}\n[{left} more bytes were cut]" if left else text


class Watch:
    """Reads one process's channel and output, and says when it goes over a limit.

    Args:
        process: The process.
        limits: What it may use.
        room_bytes: What its files may hold, its data included.
        gpu: Says what it holds of a GPU; None where that is not watched.
    """

    def __init__(self, process: Process, limits: Limits, room_bytes: int, gpu: GpuMemory | None = None) -> None:
        self.output = Output()
        self.peak_bytes = 0
        self.gpu_peak_bytes: int | None = None
        self._gpu = gpu
        self._next_gpu_look = 0.0
        self._process = process
        self._limits = limits
        self._room_bytes = room_bytes
        self._next_folder_look = 0.0
        self._frames = FrameReader(MESSAGE_LIMITS)
        self._messages: list[Message] = []
        self._selector = selectors.DefaultSelector()
        self._selector.register(process.channel, selectors.EVENT_READ, "channel")
        self._selector.register(process.output, selectors.EVENT_READ, "output")
        os.set_blocking(process.output, False)

    def next(self, deadline: float, limit_seconds: float) -> Message | Stopped:
        """Wait for the next message.

        Args:
            deadline: Until when, on the monotonic clock.
            limit_seconds: The limit that the deadline stands for, for the message.

        Returns:
            The message, or why there is none; nothing has been killed yet.
        """
        next_poll = 0.0
        while True:
            if self._messages:
                self._drain_output()
                self._look_at_gpu()
                return self._messages.pop(0)
            now = time.monotonic()
            if now >= deadline:
                return Stopped("timeout", f"no answer within {limit_seconds:g} s")
            if now >= next_poll:
                next_poll = now + _POLL_SECONDS
                looks = (self._over_memory, self._over_gpu, self._over_count, self._over_folder)
                if stopped := next(filter(None, (look() for look in looks)), None):
                    return stopped
            if stopped := self._read_once(min(deadline, next_poll) - now):
                return stopped

    def send(self, kind: str, body: bytes, seconds: float) -> Stopped | None:
        """Send a message to the process, which may not read it.

        Args:
            kind: What the message is.
            body: Its body.
            seconds: How long it may take.

        Returns:
            Why it was not sent, or None where it was.
        """
        self._process.channel.settimeout(seconds)
        try:
            self._process.channel.sendall(message_bytes({"kind": kind}, body, MESSAGE_LIMITS))
        except TimeoutError:
            return Stopped("timeout", f"the process did not read what it was asked within {seconds:g} s")
        except OSError:
            return Stopped("exit", "the notebook's process had ended")
        return None

    def close(self) -> None:
        """Read what is left of the output and let go of the selector."""
        self._drain_output()
        self._selector.close()

    def _read_once(self, seconds: float) -> Stopped | None:
        if stopped := self._feed(b""):  # what came before has been given out: now it counts that the stream is broken
            return stopped
        for key, _ in self._selector.select(max(0.0, seconds)):
            if key.data == "output":
                self._drain_output()
                if self.output.total_bytes > self._limits.output_bytes:
                    return Stopped("output", f"more than {_size(self._limits.output_bytes)} were printed")
                continue
            try:
                data = self._process.channel.recv(_READ_BYTES)
            except ConnectionError:
                data = b""
            if not data:
                return Stopped("exit", "the process ended")
            if stopped := self._feed(data):
                return stopped
        return None

    def _feed(self, data: bytes) -> Stopped | None:
        try:
            self._messages += self._frames.feed(data)
        except WireError as error:
            return Stopped("invalid", f"what the process sent cannot be read: {error}")
        return None

    def _drain_output(self) -> None:
        # Bounded, so that a process that prints faster than this reads cannot hold the supervisor here.
        for _ in range(64):
            try:
                data = os.read(self._process.output, _READ_BYTES)
            except (BlockingIOError, OSError):
                return
            if not data:
                if self._process.output in self._selector.get_map():
                    self._selector.unregister(self._process.output)
                return
            self.output.add(data)

    def _over_memory(self) -> Stopped | None:
        used = self._process.memory_bytes(self._limits.memory_bytes)
        self.peak_bytes = max(self.peak_bytes, used)
        if used > self._limits.memory_bytes:
            return Stopped("memory", f"more than {_size(self._limits.memory_bytes)} of memory were used")
        return None

    def _over_gpu(self) -> Stopped | None:
        now = time.monotonic()
        if now < self._next_gpu_look:
            return None
        self._next_gpu_look = now + _GPU_SECONDS
        if self._look_at_gpu() > self._limits.gpu_memory_bytes + _CONTEXT_BYTES:
            return Stopped("memory", f"more than {_size(self._limits.gpu_memory_bytes)} of the GPU's memory were used")
        return None

    def _look_at_gpu(self) -> int:
        held = None if self._gpu is None else self._gpu.held_bytes(self._process.tree())
        if held is None:
            return 0
        self.gpu_peak_bytes = max(self.gpu_peak_bytes or 0, held)
        return held

    def _over_count(self) -> Stopped | None:
        if self._process.count() > self._limits.processes:
            return Stopped("processes", f"more than {self._limits.processes} processes were running at a time")
        return None

    def _over_folder(self) -> Stopped | None:
        """Where the kernel keeps no quota, what is on disk is added up, at most as often as it takes long."""
        now = time.monotonic()
        if now < self._next_folder_look:
            return None
        used = self._process.folder_bytes()
        taken = time.monotonic() - now
        self._next_folder_look = now + max(_FOLDER_SECONDS, 10 * taken)
        if used > self._room_bytes:
            return Stopped("files", f"more than {_size(self._limits.scratch_bytes)} were written to files")
        return None


def _size(count: int) -> str:
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:g} {name}"
    return f"{count} bytes"
