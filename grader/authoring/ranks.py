"""Run a function in several processes at once, as distributed training does, and bring back what each returns.

The processes are forks: they know everything that the notebook and the check have defined. On a CPU they talk by gloo,
which needs sockets; a check that runs ranks says so with ``@check(sockets=True)``.
"""

from __future__ import annotations

import io
import os
import re
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import torch
import torch.distributed as dist

from grader.authoring.folders import temporary_folder
from grader.authoring.work import MissingName

LOST = "did not come back: the ranks waited for each other in vain"

_GRACE_SECONDS = 0.3
_READ_BYTES = 1 << 16
_DEPTH = 20
_TEXT_LETTERS = 300
_CELL = re.compile(r"<cell (\d+)>")
_NUMBERS = (bool, int, float, str)


class RankError(Exception):
    """What a rank's function raised: which rank, which error, and where in the notebook."""


@dataclass(frozen=True)
class _Rank:
    """A started process.

    Attributes:
        pid: Its id.
        answer: Where its answer is read from.
        leave: Closing this lets it end once it has answered.
    """

    pid: int
    answer: int
    leave: int


def in_ranks(world: int, body: Callable[[int], Any], *, seconds: float = 4.0, group: bool = True) -> dict[str, Any]:
    """Run a function once in each of several forked processes, which wait for each other as they like.

    A rank that does not come back, since another one never makes the call that it waits for, is an observation and
    not a delay: as soon as the others are done it is left alone, and its wait ends.

    Args:
        world: How many processes.
        body: ``body(rank)``; returns a tree of dicts, lists, tuples, tensors, numbers and text. Anything else comes
            back as a text that names its type.
        seconds: How long all of them may take together.
        group: Whether each rank finds the default gloo group of all of them initialised.

    Returns:
        ``{"rank 0": ..., "rank 1": ...}``: what each returned; for every rank the same text, `LOST`, where one of
        them did not come back.

    Raises:
        RankError: A rank's function raised an error of its own; the lowest such rank's.
        MissingName: It needs a name that the notebook does not define.
        NotImplementedError: It is not written yet.

    Example:
        >>> in_ranks(2, lambda rank: {"ten times": 10 * rank}, group=False)
        {'rank 0': {'ten times': 0}, 'rank 1': {'ten times': 10}}
    """
    with temporary_folder() as folder:
        meeting = folder / "meeting" if group else None
        ranks: list[_Rank] = []
        try:
            for rank in range(world):
                ranks.append(_start(rank, world, body, meeting, seconds, ranks))
            answers = [_read(data) for data in _collect(ranks, seconds)]
        finally:
            _end(ranks)
    return _results(answers)


def _start(
    rank: int, world: int, body: Callable[[int], Any], meeting: Path | None, seconds: float, others: Sequence[_Rank]
) -> _Rank:
    reading, writing = os.pipe()
    waiting, leave = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        try:
            # A rank that held the ends of another's pipes would keep that one from seeing them closed.
            for descriptor in (reading, leave, *(end for other in others for end in (other.answer, other.leave))):
                os.close(descriptor)
            torch.set_num_threads(1)
            with os.fdopen(writing, "wb") as answer:
                _answer(answer, rank, world, body, meeting, seconds)
            os.read(waiting, 1)  # its sockets stay open until the others had time to read what it sent
        finally:
            os._exit(0)  # none of the check's or the notebook's clean-up code runs here
    os.close(writing)
    os.close(waiting)
    return _Rank(pid, reading, leave)


def _answer(
    answer: BinaryIO, rank: int, world: int, body: Callable[[int], Any], meeting: Path | None, seconds: float
) -> None:
    """Run the function and write what became of it."""
    try:
        _meet_on_the_cpu()
        if meeting is not None:
            limit = timedelta(seconds=seconds)
            dist.init_process_group("gloo", f"file://{meeting}", rank=rank, world_size=world, timeout=limit)
        found = {"value": _plain(body(rank))}
    except MissingName as missing:
        found = {"missing": missing.name}
    except NotImplementedError as error:
        # Work that is not written yet is told apart from wrong work, as it is in one process.
        found = {"error": f"rank {rank}: {_told(error)}"} if str(error) else {"unwritten": True}
    except BaseException as error:  # noqa: BLE001 - whatever the student's code raises is told to the check
        found = {"lost": True} if _is_lost(error) else {"error": f"rank {rank}: {_told(error)}"}
    torch.save(found, answer)
    sys.stdout.flush()
    sys.stderr.flush()


def _collect(ranks: Sequence[_Rank], seconds: float) -> list[bytes]:
    """Read all answers; those that have not come in time are cut short."""
    data = [b""] * len(ranks)
    deadline = time.monotonic() + seconds
    let_go = False
    with selectors.DefaultSelector() as selector:
        for place, rank in enumerate(ranks):
            selector.register(rank.answer, selectors.EVENT_READ, place)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            someone_is_done = len(selector.get_map()) < len(ranks)
            ready = selector.select(min(left, _GRACE_SECONDS) if someone_is_done and not let_go else left)
            for key, _ in ready:
                piece = os.read(key.fd, _READ_BYTES)
                data[key.data] += piece
                if not piece:
                    selector.unregister(key.fd)
            if not ready and someone_is_done and not let_go:
                # The others seem to wait for a rank that is done: when it leaves, they see that it has.
                let_go = True
                for rank in ranks:
                    os.close(rank.leave)
    if not let_go:
        for rank in ranks:
            os.close(rank.leave)
    return data


def _end(ranks: Sequence[_Rank]) -> None:
    """End the processes, whatever they do, and reap them."""
    for rank in ranks:
        with suppress(ProcessLookupError):
            os.kill(rank.pid, signal.SIGKILL)
    for rank in ranks:
        with suppress(ChildProcessError):
            os.waitpid(rank.pid, 0)
        os.close(rank.answer)


def _read(data: bytes) -> Mapping[str, Any]:
    """What a rank has answered; nothing is executed for it."""
    try:
        found = torch.load(io.BytesIO(data), weights_only=True)
    except Exception:  # noqa: BLE001 - a torn or missing answer is that of a rank that was ended
        return {"lost": True}
    return found if isinstance(found, dict) else {"lost": True}


def _results(answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    for answer in answers:
        if "missing" in answer:
            raise MissingName(answer["missing"])
    if any("unwritten" in answer for answer in answers):
        raise NotImplementedError
    for answer in answers:
        if "error" in answer:
            raise RankError(answer["error"])
    lost = any("value" not in answer for answer in answers)
    return {f"rank {rank}": LOST if lost else answer["value"] for rank, answer in enumerate(answers)}


def _meet_on_the_cpu() -> None:
    """Let ranks meet where this process has named a simulated device: torch asks for its driver, and there is none."""
    try:
        torch._C._get_accelerator()
    except RuntimeError:
        torch._C._get_accelerator = lambda *_: torch.device("cpu")


def _plain(value: Any, depth: int = 0) -> Any:
    """A value as what `torch.load` reads without running code; anything else as a text that names its type."""
    if value is None or type(value) in _NUMBERS:
        return value
    if isinstance(value, torch.Tensor):
        copy = value.detach().clone()
        return copy.requires_grad_() if value.requires_grad else copy
    if depth < _DEPTH and isinstance(value, dict):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if depth < _DEPTH and isinstance(value, list | tuple):
        parts = [_plain(item, depth + 1) for item in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    return f"a value of type {type(value).__name__}"


def _is_lost(error: BaseException) -> bool:
    """Whether an error says that the connection to another rank broke or was waited for in vain."""
    if isinstance(error, dist.DistError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("gloo" in text or "connection" in text or "timed out" in text)


def _told(error: BaseException) -> str:
    """The error's type and text, and the last line of the notebook that it passed."""
    text = f"{type(error).__name__}: {str(error)[:_TEXT_LETTERS]}"
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if cell := _CELL.fullmatch(frame.f_code.co_filename):
            return f"{text} (cell {cell[1]}, line {line})"
    return text
