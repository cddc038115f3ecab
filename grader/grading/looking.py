"""The grader's line to a process that looks at a notebook's source and does nothing else.

A session looks at the source before it runs it. Hostile text may crash or hold up whatever parses it: then it is
looked at here, cell by cell.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from grader.assignment.model import Exercise, Limits
from grader.looks.model import Look, LookCell, LookExercise, LookRequest, Looks
from grader.looks.notebook import unparsed
from grader.notebook.model import Cell
from grader.observe.allowed import confines
from grader.observe.engine import Engine, Process
from grader.wire import frames
from grader.wire.errors import WireError

_ENTRY = "grader.observe.looking:main"
# The process ends itself after 5 s of its own work; this counts while others work beside it.
_SECONDS = 20.0
_ATTEMPTS = 3
_LIMITS = Limits(memory_bytes=1_000_000_000, scratch_bytes=1_000_000, processes=8)
_ENDED = "the process that parsed it ended or took too long, as no cell written by hand makes it do."


def look_at(engine: Engine, cells: Sequence[Cell], exercises: Sequence[Exercise]) -> Looks:
    """Look at a notebook's source, in a process of its own.

    Args:
        engine: Where that process comes from.
        cells: The notebook's code cells.
        exercises: The assignment's exercises.

    Returns:
        What is worth a look. A cell at which the process ended is said to be unparsed, and the others are looked at
        without it; where that happens again and again, the notebook is.

    Raises:
        EngineFault: No process could be started.
    """
    asked = asked_of(exercises)
    left = tuple(LookCell(cell.number, cell.source) for cell in cells)
    ended: list[Look] = []
    for _ in range(_ATTEMPTS):
        found = _ask(engine, LookRequest(left, asked))
        if isinstance(found, Looks):
            return Looks(found.exercises, (*ended, *found.elsewhere))
        if found == 0:
            break
        ended.append(unparsed(found, _ENDED))
        left = tuple(cell for cell in left if cell.number != found)
    return Looks({}, (*ended, unparsed(0, _ENDED)))


def asked_of(exercises: Sequence[Exercise]) -> tuple[LookExercise, ...]:
    """What to look for in an assignment's exercises."""
    return tuple(LookExercise(exercise.id, exercise.names, exercise.avoid) for exercise in exercises)


def in_plain_sight(looks: Looks) -> Looks:
    """Only what a student is shown: the direct uses of what an exercise is to be written without."""
    direct = {id: tuple(each for each in found if each.avoided) for id, found in looks.exercises.items()}
    return Looks({id: found for id, found in direct.items() if found})


def _ask(engine: Engine, request: LookRequest) -> Looks | int:
    """What the process found, or the number of the cell at which it ended; 0 where it was at none."""
    process = engine.open(_ENTRY, confines(_LIMITS, "cpu", {}))
    try:
        return _answer(process, request)
    finally:
        process.close()


def _answer(process: Process, request: LookRequest) -> Looks | int:
    deadline = time.monotonic() + _SECONDS
    reader, cell = frames.FrameReader(), 0
    try:
        frames.send(process.channel.fileno(), {}, msgspec.msgpack.encode(request))
        while (left := deadline - time.monotonic()) > 0:
            process.channel.settimeout(left)
            data = process.channel.recv(1 << 16)
            if not data:
                return cell
            for message in reader.feed(data):
                cell = int(message.header.get("cell", 0))
                if message.header.get("found"):
                    return msgspec.msgpack.decode(message.body, type=Looks)
    except (OSError, WireError, msgspec.MsgspecError):
        return cell
    return cell
