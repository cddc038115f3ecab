"""The worker's side of a session: run the notebook's cells, then its checks in forks.

Whatever runs here shares a process with the student's code: nothing it says is believed, only compared.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from grader.authoring.spec import REHEARSAL
from grader.looks.model import LookCell
from grader.observe.forked import CheckProcess, flush
from grader.observe.looking import bounded_look
from grader.observe.protocol import (
    MESSAGE_LIMITS,
    CellEnded,
    CellStarted,
    CheckRequest,
    NotebookRequest,
    Ready,
)
from grader.wire import frames


def main(channel: int) -> None:
    """Serve one session until the supervisor closes the channel.

    Args:
        channel: Descriptor of the socket to the supervisor; standard output and error are already the
            output pipe.
    """
    message = frames.receive(channel, MESSAGE_LIMITS)
    if message is None:
        return
    request = msgspec.msgpack.decode(message.body, type=NotebookRequest)
    if request.looks is not None:
        cells = [LookCell(cell.number, cell.source) for cell in request.cells]
        _tell(channel, "looked", bounded_look(cells, request.looks))
    _write(request.files)
    _prepare(request)
    # Imported here, after the fork, so that the zygote stays free of student-facing state.
    from grader.observe.pristine import remember
    from grader.observe.shell import NotebookShell

    restore = remember()
    shell = NotebookShell()
    if not request.workers:
        from grader.observe.workers import load_without_workers

        load_without_workers()
    _run_cells(shell, request, channel)
    flush()
    # What the garbage collector does not touch stays shared with the forks.
    gc.collect()
    gc.freeze()
    _tell(channel, "ready", Ready(tuple(shell.not_run)))
    _take_checks(channel, request, partial(_here, shell, request.device, restore))


def _take_checks(channel: int, request: NotebookRequest, run: Callable[[CheckRequest], bytes]) -> None:
    kept: CheckProcess | None = None
    while (message := frames.receive(channel)) is not None:
        check = msgspec.msgpack.decode(message.body, type=CheckRequest)
        found = _files() if check.device else {}
        if kept is not None and not check.goes_on:
            kept.close()
            kept = None
        if request.fork:
            kept = kept or CheckProcess(run)
        answer = kept.ask(check) if kept else run(check)
        left = bool(check.device) and _files() != found
        frames.send(channel, {"kind": "answer", "left": left}, answer, MESSAGE_LIMITS)
        if kept is not None and (kept.ended or not check.stays):
            kept.close()
            kept = None


def _write(files: dict[str, bytes]) -> None:
    """Put the files that the notebook finds beside itself into the current folder."""
    for name, data in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _files() -> dict[str, tuple[int, int, int]]:
    """What lies in the current and in the temporary folder: each file's number, size and time of change."""
    found: dict[str, tuple[int, int, int]] = {}
    for top in (os.curdir, tempfile.gettempdir()):
        for folder, _, names in os.walk(top):
            for name in names:
                with contextlib.suppress(OSError):
                    status = os.lstat(path := f"{folder}/{name}")
                    found[path] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def _prepare(request: NotebookRequest) -> None:
    import torch

    from grader.observe import cuda
    from grader.observe.run import seed_everything

    os.environ["GRADER_OBSERVED"] = "1"  # grader.check() cells stay quiet: the real checks come later
    torch.set_num_threads(1)
    if request.device == REHEARSAL:
        import grader.observe.rehearsal.stage  # noqa: F401 - read here once, and not in each check's fork
    if request.device == "cuda":
        try:
            cuda.start(request.gpu_memory_bytes)
        except Exception as error:
            print(error, file=sys.stderr, flush=True)  # the supervisor tells it
            raise
    else:
        cuda.hide()
    seed_everything(request.seed)


def _run_cells(shell: Any, request: NotebookRequest, channel: int) -> None:
    from grader.notebook.cells import definitions_only
    from grader.observe.traceback import describe_error

    for cell in request.cells:
        if cell.mode == "skip":
            continue
        _tell(channel, "cell started", CellStarted(cell.number))
        source = cell.source if cell.mode == "run" else definitions_only(cell.source)
        error = shell.run(cell.number, source)
        flush()
        ended = CellEnded(cell.number)
        if error is not None:
            raised = describe_error(error)
            ended = CellEnded(cell.number, raised.error, raised.message, raised.frames)
        _tell(channel, "cell ended", ended)


def _here(shell: Any, device: str, restore: Callable[[], None], check: CheckRequest) -> bytes:
    from grader.observe.run import run_request

    device = check.device or device
    _begin(device)
    restore()
    answer = run_request(check, shell.user_ns, device, restore)
    flush()
    return _pack(msgspec.structs.replace(answer, sound=_sound(device)))


def _begin(device: str) -> None:
    """Have checks that share a process with earlier ones, and with the notebook, begin like the first."""
    if device == "cuda":
        from grader.observe import cuda

        cuda.tidy()
        cuda.exact()


def _sound(device: str) -> bool:
    if device != "cuda":
        return True
    from grader.observe import cuda

    return cuda.sound()


def _pack(value: msgspec.Struct) -> bytes:
    return msgspec.msgpack.encode(value)


def _tell(channel: int, kind: str, value: msgspec.Struct) -> None:
    frames.send(channel, {"kind": kind}, _pack(value))
