"""How a process ended, in words, from its wait status (waitpid(2))."""

from __future__ import annotations

import signal

from grader.wire.outcome import Stopped


def how(status: int) -> Stopped:
    """Say how a process ended.

    Args:
        status: Its wait status.

    Returns:
        A "crash" by a signal, or an "exit" by itself.

    Example:
        >>> how(9).detail, how(256).detail
        ('the process was stopped by signal 9 (SIGKILL)', 'the process ended itself with status 1')
    """
    number = status & 0x7F
    if not number:
        return Stopped("exit", f"the process ended itself with status {status >> 8}")
    known = {s.value: s.name for s in signal.Signals}
    return Stopped("crash", f"the process was stopped by signal {number} ({known.get(number, '?')})")
