"""Where confined processes come from: what every engine offers, and the process it hands out."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from grader.confine.sandbox import Confines, Mode
from grader.errors import BadInput, GraderFault
from grader.observe import processes


class EngineFault(GraderFault):
    """The grader's own machinery failed: no torch, no fork, no process. Never the student's doing."""


class NoConfinement(BadInput):
    """The confinement that was asked for does not work on this machine."""


class Process:
    """A process of an engine: its channel, its output, and the means to end it.

    Args:
        pid: Its process id.
        channel: The supervisor's end of its channel.
        output: Descriptor from which its standard output and error are read.
        pidfd: A descriptor that names the process even after its id is used again; -1 where there is none.
        status: Asks for its wait status once it has ended; None where that is unknown.
        folder: A folder made for it, removed when it is closed; None where it has none.
        alone: Whether it is the first of a process namespace, so that the kernel ends all it started with it.
    """

    def __init__(
        self,
        pid: int,
        channel: socket.socket,
        output: int,
        pidfd: int,
        status: Callable[[], int | None],
        folder: tempfile.TemporaryDirectory[str] | None = None,
        alone: bool = False,
    ) -> None:
        self.pid = pid
        self.channel = channel
        self.output = output
        self._pidfd = pidfd
        self._status = status
        self._folder = folder
        self._alone = alone
        self._shared_before = processes.shared_bytes()

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
        if self.alive() and self._alone:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        elif self.alive():
            processes.kill_tree(self.pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def kill_children(self) -> None:
        """Kill everything below it; the process itself goes on."""
        if self.alive():
            processes.kill_descendants(self.pid)

    def memory_bytes(self, limit_bytes: int) -> int:
        """Memory of the whole tree; exact where over the limit."""
        return processes.memory_bytes(self.pid, limit_bytes, self._shared_before)

    def tree(self) -> frozenset[int]:
        """The ids of the whole tree's processes."""
        return frozenset((self.pid, *processes.descendants(self.pid)))

    def count(self) -> int:
        """How many processes the whole tree has."""
        return len(self.tree())

    def folder_bytes(self) -> int:
        """What its folder holds on disk; 0 where it has none, since the kernel then keeps a quota."""
        if self._folder is None:
            return 0
        return processes.folder_bytes(Path(self._folder.name)) + processes.unlinked_bytes(self.pid)

    def status(self) -> int | None:
        """Its wait status once it has ended, None where that is unknown."""
        return self._status()

    def close(self, wait_seconds: float = 0.0) -> bool:
        """End it, let go of its descriptors and remove its folder.

        Args:
            wait_seconds: How long to wait until it has ended.

        Returns:
            Whether it was seen to have ended, where that was waited for.
        """
        self.kill()
        gone = self._wait(wait_seconds) if wait_seconds else True
        self.channel.close()
        for descriptor in (self.output, self._pidfd):
            if descriptor >= 0:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        if self._folder is not None:
            _remove(self._folder)
        return gone

    def _wait(self, seconds: float) -> bool:
        """Wait until it has ended, and not for ever: a driver may keep even a killed process for a while."""
        until = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() >= until:
                return False
            time.sleep(0.01)
        return True


def _remove(folder: tempfile.TemporaryDirectory[str]) -> None:
    try:
        folder.cleanup()
    except RecursionError:  # folders nested by the thousand
        subprocess.run(["rm", "-rf", "--", folder.name], check=False)


class Engine(Protocol):
    """Starts processes that are ready to work: warm forks where the system can, plain ones elsewhere."""

    @property
    def forks(self) -> bool:
        """Whether a session of this engine may give each check a fork of its own."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that confine what it starts; empty for none."""

    @property
    def mode(self) -> Mode:
        """How student code is confined: "namespaces", "landlock", or "none"."""

    def open(self, entry: str, confines: Confines | None = None) -> Process:
        """Start a process that runs ``module:function`` with its channel's descriptor.

        Args:
            entry: What it runs.
            confines: What it may use where it is to run student code; None for a process that is trusted.

        Raises:
            EngineFault: It could not be started.
        """

    def close(self) -> None:
        """End everything that it started."""
