"""The process that looks at a notebook's source: it parses what may have been made to crash a parser, and runs none."""

from __future__ import annotations

import sys
import warnings

import msgspec

from grader.looks.model import LookRequest
from grader.looks.notebook import look
from grader.wire import frames

CPU_SECONDS = 5
# Deeper than people nest, and far from where Python's own stack ends.
_RECURSION_LEVELS = 3_000


def main(channel: int) -> None:
    """Look at one notebook; says which cell it is about to parse, so that it is known which one ended it.

    Args:
        channel: Descriptor of the socket to the grader.
    """
    message = frames.receive(channel)
    if message is None:
        return
    request = msgspec.msgpack.decode(message.body, type=LookRequest)
    _limit()
    warnings.simplefilter("ignore")  # nobody reads what is printed here, and a full pipe would stop the process
    found = look(request.cells, request.exercises, lambda cell: frames.send(channel, {"cell": cell}))
    frames.send(channel, {"cell": 0, "found": True}, msgspec.msgpack.encode(found))


def _limit() -> None:
    """Bound the time that parsing may use; its memory is bounded by who opened the process."""
    sys.setrecursionlimit(_RECURSION_LEVELS)
    if sys.platform != "win32":
        import resource

        used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
        resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_SECONDS, used + CPU_SECONDS))
