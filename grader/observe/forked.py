"""A fork of the notebook's process in which checks run: what they leave behind ends with it."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Callable

import msgspec

from grader.observe import ended
from grader.observe.protocol import MESSAGE_LIMITS, CheckAnswer, CheckRequest
from grader.wire import frames
from grader.wire.outcome import Stopped

_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)  # a fork that has ended is told by its silence


class CheckProcess:
    """A fork of this process that runs checks, one request after the other.

    Args:
        run: Runs a request, in the fork, and returns the answer as bytes.

    Attributes:
        ended: Whether it was found to have ended.
    """

    def __init__(self, run: Callable[[CheckRequest], bytes]) -> None:
        import torch

        self.ended = False
        flush()
        _reap()
        self._channel, theirs = socket.socketpair()
        self._child = os.fork()
        if self._child == 0:
            try:
                self._channel.close()
                # GNU OpenMP hangs in a fork of a process that has computed with more than one thread.
                torch.set_num_threads(1)
                _serve(theirs.fileno(), run)
            finally:
                os._exit(0)  # no clean-up code of the notebook runs in a check's process
        theirs.close()

    def ask(self, check: CheckRequest) -> bytes:
        """Have it run a request.

        Returns:
            The answer as it comes; where the process ends before it, an answer that says how for every check.
        """
        started = time.monotonic()
        try:
            request = frames.message_bytes({}, msgspec.msgpack.encode(check), MESSAGE_LIMITS)
            self._channel.sendall(request, _NO_SIGNAL)
            message = frames.receive(self._channel.fileno(), MESSAGE_LIMITS)
        except Exception:  # noqa: BLE001 - a broken frame from the check is no answer; how it ended says the rest
            message = None
        if message is not None:
            return message.body
        self.ended = True
        stopped, took = _how_it_ended(_wait(self._child)), time.monotonic() - started
        seconds = (took,) * (check.rounds * len(check.checks))
        return msgspec.msgpack.encode(CheckAnswer(check.nonce, (stopped,) * check.count, seconds))

    def close(self) -> None:
        """Let it end; that is awaited with the next one's, since tearing a large process down takes a while."""
        self._channel.close()


def flush() -> None:
    """Write out what is printed and still held back."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()


def _serve(channel: int, run: Callable[[CheckRequest], bytes]) -> None:
    while (message := frames.receive(channel, MESSAGE_LIMITS)) is not None:
        check = msgspec.msgpack.decode(message.body, type=CheckRequest)
        frames.send(channel, {}, run(check), MESSAGE_LIMITS)


def _reap() -> None:
    """Reap the processes that have ended, those of earlier checks and orphans that came to this process."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _wait(child: int) -> int:
    """Wait for the check's process and reap every orphan that came to this process meanwhile."""
    while True:
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:  # the notebook has told the kernel to reap for it
            return 0
        if pid == child:
            return status


def _how_it_ended(status: int) -> Stopped:
    found = ended.how(status)
    return found if found.reason == "crash" else Stopped("exit", f"{found.detail} before the check was done")
