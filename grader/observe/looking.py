"""Look at a notebook's source in a process that may end over it: it parses what may be made to crash a parser."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence

import msgspec

from grader.looks.model import LookCell, LookExercise, LookRequest, Looks
from grader.looks.notebook import look
from grader.wire import frames

CPU_SECONDS = 5
# Deeper than people nest, and far from where Python's own stack ends.
_RECURSION_LEVELS = 3_000


def main(channel: int) -> None:
    """Look at one notebook and do nothing else; says which cell it is about to parse, which may be its last word.

    Args:
        channel: Descriptor of the socket to the grader.
    """
    message = frames.receive(channel)
    if message is None:
        return
    request = msgspec.msgpack.decode(message.body, type=LookRequest)
    found = bounded_look(request.cells, request.exercises, lambda cell: frames.send(channel, {"cell": cell}))
    frames.send(channel, {"cell": 0, "found": True}, msgspec.msgpack.encode(found))


def bounded_look(
    cells: Sequence[LookCell], exercises: Sequence[LookExercise], at: Callable[[int], None] = lambda _: None
) -> Looks:
    """Look at a notebook's source; more than 5 s of it end this process.

    Its memory is bounded by who opened the process. Warnings about the text are not printed: a full pipe that nobody
    reads would stop the process.

    Args:
        cells: The code cells, in order.
        exercises: The assignment's exercises.
        at: Told the number of each cell before it is parsed.
    """
    levels = sys.getrecursionlimit()
    sys.setrecursionlimit(_RECURSION_LEVELS)
    try:
        with warnings.catch_warnings(), _limited_seconds():
            warnings.simplefilter("ignore")
            return look(cells, exercises, at)
    finally:
        sys.setrecursionlimit(levels)


@contextlib.contextmanager
def _limited_seconds() -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_CPU)
    used = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    allowed = used + CPU_SECONDS if before[1] == resource.RLIM_INFINITY else min(used + CPU_SECONDS, before[1])
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CPU, before)
