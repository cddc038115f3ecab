"""The engine of a cluster: Dask distributed gives items to its workers, each of which keeps slots.

Dask carries keys and paths, never work: the boxes and the reports lie on a file system that all machines share. A
worker's processes run no student code; their slots' zygotes do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import distributed
import msgspec

from grader.batch.batch import Engine
from grader.batch.local import CannotGoOn, Lost, SlotProcess
from grader.batch.model import Done, Fault, Item, Ready, Refused, Said, SlotStart
from grader.errors import BadInput

_RETRIES = 3
_CONNECT_SECONDS = 20.0


class SlotFault(Exception):
    """The machinery of one worker failed; Dask tries the item on another."""


class Slots(distributed.WorkerPlugin):
    """The slots of one Dask worker: one for each of its threads that grades, kept from item to item.

    Args:
        start: What slots need to know of the batch.
    """

    name = "grader-slots"
    idempotent = False

    def __init__(self, start: SlotStart) -> None:
        self._start = start

    def setup(self, worker: object) -> None:
        """Begin on a worker: without a slot, since the first item starts one."""
        self._idle: SimpleQueue[SlotProcess] = SimpleQueue()

    def teardown(self, worker: object) -> None:
        """End the worker's slots."""
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()

    def grade(self, item: Item) -> Said:
        """Grade an item in a slot that is idle, or in a new one."""
        try:
            slot = self._idle.get_nowait()
            said: Said = Ready()
        except Empty:
            slot = SlotProcess(self._start)
            said = slot.ready()
        if isinstance(said, Ready):
            said = slot.grade(item)
        if isinstance(said, Done):
            self._idle.put(slot)
        else:
            slot.close()
        return said


def run_on_dask(scheduler: str, tls: Sequence[Path | None] = (), gpus: bool = False) -> Engine:
    """The engine of a Dask cluster.

    Args:
        scheduler: Its address, such as "tls://head:8786".
        tls: The files of the authority's certificate, the client's own, and its key; those that Dask's own
            configuration names where none are given.
        gpus: Whether each item takes one of the workers' "GPU" resources.

    Returns:
        A function as `grader.batch.local.run_locally`, but the cluster knows how many workers there are.
    """
    make_client: Any = distributed.Client
    files = zip(("tls_ca_file", "tls_client_cert", "tls_client_key"), tls, strict=False)
    named = {name: str(path) for name, path in files if path is not None}
    make_security: Any = distributed.Security
    security = make_security(require_encryption=True, **named) if named else None
    as_completed: Any = distributed.as_completed

    def run(start: SlotStart, items: Sequence[Item], _: int, told: Callable[[Done], None]) -> list[Lost]:
        try:
            client = make_client(scheduler, security=security, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise BadInput(f"--scheduler {scheduler}: there is no Dask scheduler that answers ({error})") from None
        with client:
            client.register_plugin(Slots(start))
            known = {item.key: item for item in items}
            futures = [
                client.submit(
                    grade_on_worker,
                    msgspec.json.encode(item),
                    key=item.key,
                    retries=_RETRIES,
                    resources={"GPU": 1} if gpus else None,
                )
                for item in items
            ]
            return _gather(as_completed(futures, loop=client.loop), known, told)

    return run


def _gather(futures: Any, known: dict[str, Item], told: Callable[[Done], None]) -> list[Lost]:
    lost: list[Lost] = []
    for future in futures:
        if future.status != "finished":
            error = future.exception()
            lost.append(Lost(known[future.key], f"{type(error).__name__}: {error}"[:300]))
            continue
        said: Said = msgspec.json.decode(future.result(), type=Said)
        if isinstance(said, Refused):
            raise CannotGoOn(said.message)
        if isinstance(said, Done):
            told(said)
        future.release()
    return lost


def grade_on_worker(item: bytes) -> bytes:
    """Grade an item where Dask runs it; only plain data comes and goes.

    Raises:
        SlotFault: The worker's machinery failed.
    """
    slots: Any = distributed.get_worker().plugins[Slots.name]
    said: Said = slots.grade(msgspec.json.decode(item, type=Item))
    if isinstance(said, Fault):
        raise SlotFault(said.message)
    return msgspec.json.encode(said)
