"""Where confined processes come from: what every engine offers, and the process it hands out."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from collections.abc import Callable
from typing import Protocol

from grader.observe import processes


class EngineFault(Exception):
    """The grader's own machinery failed: no torch, no fork, no process. Never the student's doing."""


class Process:
    """A process of an engine: its channel, its output, and the means to end it.

    Args:
        pid: Its process id.
        channel: The supervisor's end of its channel.
        output: Descriptor from which its standard output and error are read.
        pidfd: A descriptor that names the process even after its id is used again; -1 where there is none.
        status: Asks for its wait status once it has ended; None where that is unknown.
    """

    def __init__(
        self,
        pid: int,
        channel: socket.socket,
        output: int,
        pidfd: int,
        status: Callable[[int], int | None],
    ) -> None:
        self.pid = pid
        self.channel = channel
        self.output = output
        self._pidfd = pidfd
        self._status = status

    def alive(self) -> bool:
        """Whether the process has not ended."""
        if self._pidfd >= 0:
            return not select.select([self._pidfd], [], [], 0)[0]
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            return True
        return False

    def kill(self) -> None:
        """Kill it and everything below it, the whole session's process group included."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                processes.kill_descendants(self.pid)
                os.killpg(self.pid, signal.SIGKILL)

    def kill_children(self) -> None:
        """Kill everything below it; the process itself goes on."""
        if self.alive():
            processes.kill_descendants(self.pid)

    def memory_bytes(self, limit_bytes: int) -> int:
        """Memory of the whole tree; exact where over the limit."""
        return processes.memory_bytes(self.pid, limit_bytes)

    def status(self) -> int | None:
        """Its wait status once it has ended, None where that is unknown."""
        return self._status(self.pid)

    def close(self) -> None:
        """End it and let go of its descriptors."""
        self.kill()
        self.channel.close()
        for descriptor in (self.output, self._pidfd):
            if descriptor >= 0:
                with contextlib.suppress(OSError):
                    os.close(descriptor)


class Engine(Protocol):
    """Starts processes that are ready to work: warm forks where the system can, plain ones elsewhere."""

    @property
    def forks(self) -> bool:
        """Whether a session of this engine may give each check a fork of its own."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that confine what it starts; empty for none."""

    def open(self, entry: str) -> Process:
        """Start a process that runs ``module:function`` with its channel's descriptor.

        Raises:
            EngineFault: It could not be started.
        """

    def close(self) -> None:
        """End everything that it started."""
