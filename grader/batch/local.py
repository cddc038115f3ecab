"""The engine of one machine: slots in processes of their own, replaced when they die."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import msgspec

from grader.batch.model import Done, Fault, Item, Ready, Refused, Said, SlotStart
from grader.errors import BadInput, DiskFull, needs_room
from grader.observe.gpu import gpus, open_nvml

_TRIES = 3


@dataclass(frozen=True)
class Lost:
    """An item that no slot could grade, and what the last one said."""

    item: Item
    why: str


class CannotGoOn(BadInput):
    """No slot can go on: the message says why and what to do; what was graded is kept."""


class SlotProcess:
    """The other side of a slot: a process that is given items.

    Args:
        start: What it needs to know of the batch.
        gpu: The one GPU that it may use, as CUDA_VISIBLE_DEVICES names it; "" to leave that as it is.
    """

    def __init__(self, start: SlotStart, gpu: str = "") -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "grader.batch.slot", msgspec.json.encode(start).decode()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | ({"CUDA_VISIBLE_DEVICES": gpu} if gpu else {}),
        )

    def ready(self) -> Said:
        """Wait until it takes items."""
        return self._said()

    def grade(self, item: Item) -> Said:
        """Give it an item, and wait for what became of it."""
        pipe = self._process.stdin
        try:
            if pipe is not None:
                pipe.write(msgspec.json.encode(item) + b"\n")
                pipe.flush()
        except OSError:
            return self._ended()
        return self._said()

    def close(self) -> None:
        """Let it end, or end it."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _said(self) -> Said:
        pipe = self._process.stdout
        line = pipe.readline() if pipe is not None else b""
        if not line.endswith(b"\n"):
            return self._ended()
        said: Said = msgspec.json.decode(line, type=Said)
        return said

    def _ended(self) -> Fault:
        status = self._process.wait()
        self._errors.seek(0)
        last = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        return Fault(f"a slot ended with status {status}{': ' if last else ''}{''.join(last)[:300]}")


def run_locally(start: SlotStart, items: Sequence[Item], workers: int, told: Callable[[Done], None]) -> list[Lost]:
    """Grade items in slots of this machine.

    Where it is graded on CUDA too, the slots are spread over the GPUs in turn, each with one of them.

    Args:
        start: What slots need to know.
        items: What to grade.
        workers: How many slots; fewer where `start` says how many may share a GPU.
        told: Called after each item, from several threads but never from two at once.

    Returns:
        The items that could not be graded, whichever slot tried.

    Raises:
        CannotGoOn: A slot said that none can go on.
    """
    waiting: queue.SimpleQueue[tuple[Item, int]] = queue.SimpleQueue()
    for item in items:
        waiting.put((item, 1))
    work = _Work(start, waiting, told)
    shared = places(workers, gpus(open_nvml()), start.per_gpu) if "cuda" in start.devices else ("",) * workers
    lanes = shared[: len(items)]
    with ThreadPoolExecutor(max(1, len(lanes))) as pool:
        for lane in [pool.submit(work.lane, gpu) for gpu in lanes]:
            lane.result()
    if work.refusal:
        raise CannotGoOn(work.refusal)
    return work.lost


def places(workers: int, gpus: Sequence[str], per_gpu: int) -> tuple[str, ...]:
    """Spread slots over GPUs in turn.

    Args:
        workers: How many slots are wanted.
        gpus: The GPUs.
        per_gpu: How many slots may share one; 1 for a GPU each.

    Returns:
        The GPU of each slot: as many slots as there is room for; "" for each where there is no GPU.

    Example:
        >>> places(4, ["0", "1"], 4), places(4, ["0", "1"], 1), places(2, [], 1)
        (('0', '1', '0', '1'), ('0', '1'), ('', ''))
    """
    if not gpus:
        return ("",) * workers
    return tuple(gpus[slot % len(gpus)] for slot in range(min(workers, per_gpu * len(gpus))))


class _Work:
    """What the slots' threads share."""

    def __init__(
        self, start: SlotStart, waiting: queue.SimpleQueue[tuple[Item, int]], told: Callable[[Done], None]
    ) -> None:
        self.lost: list[Lost] = []
        self.refusal = ""
        self._start = start
        self._waiting = waiting
        self._told = told
        self._lock = threading.Lock()

    def lane(self, gpu: str) -> None:
        """Feed one slot until nothing waits, with a new process whenever it dies; on one GPU all the while."""
        slot: SlotProcess | None = None
        try:
            while not self.refusal:
                try:
                    item, tries = self._waiting.get_nowait()
                except queue.Empty:
                    return
                said: Said = Ready()
                if slot is None:
                    with needs_room(tempfile.gettempdir()):
                        slot = SlotProcess(self._start, gpu)
                    said = slot.ready()
                if isinstance(said, Ready):
                    said = slot.grade(item)
                if not self._take(item, tries, said):
                    slot.close()
                    slot = None
        except DiskFull as error:
            self.refusal = str(error)
        finally:
            if slot is not None:
                slot.close()

    def _take(self, item: Item, tries: int, said: Said) -> bool:
        """Take note of what a slot said; False where the slot is of no more use."""
        with self._lock:
            match said:
                case Done():
                    self._told(said)
                    return True
                case Refused():
                    self.refusal = said.message
                case Fault() if tries < _TRIES:
                    self._waiting.put((item, tries + 1))
                case Fault():
                    self.lost.append(Lost(item, said.message))
            return False
