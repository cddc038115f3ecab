"""The worker's side of a session: run the notebook's cells, then each check in a fork of its own.

Whatever runs here shares a process with the student's code: nothing it says is believed, only compared.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from grader.authoring.spec import REHEARSAL
from grader.observe import ended
from grader.observe.protocol import (
    MESSAGE_LIMITS,
    CellEnded,
    CellStarted,
    CheckAnswer,
    CheckRequest,
    NotebookRequest,
    Ready,
)
from grader.wire import frames
from grader.wire.outcome import Stopped


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
    _flush()
    # What the garbage collector does not touch stays shared with the forks.
    gc.collect()
    gc.freeze()
    _tell(channel, "ready", Ready(tuple(shell.not_run)))
    while (message := frames.receive(channel)) is not None:
        check = msgspec.msgpack.decode(message.body, type=CheckRequest)
        run = partial(_here, check, shell, check.device or request.device, restore)
        found = _files() if check.device else {}
        answer = _in_fork(check, run) if request.fork else run()
        left = bool(check.device) and _files() != found
        frames.send(channel, {"kind": "answer", "left": left}, answer, MESSAGE_LIMITS)


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
        _flush()
        ended = CellEnded(cell.number)
        if error is not None:
            raised = describe_error(error)
            ended = CellEnded(cell.number, raised.error, raised.message, raised.frames)
        _tell(channel, "cell ended", ended)


def _here(check: CheckRequest, shell: Any, device: str, restore: Callable[[], None]) -> bytes:
    from grader.observe.run import run_request

    _begin(device)
    restore()
    answer = run_request(check, shell.user_ns, device, restore)
    _flush()
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


def _in_fork(check: CheckRequest, run: Callable[[], bytes]) -> bytes:
    import torch

    _flush()
    _reap()
    reading, writing = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            # GNU OpenMP hangs in a fork of a process that has computed with more than one thread.
            torch.set_num_threads(1)
            frames.send(writing, {}, run(), MESSAGE_LIMITS)
        finally:
            os._exit(0)  # no clean-up code of the notebook runs in a check's process
    os.close(writing)
    try:
        message = frames.receive(reading, MESSAGE_LIMITS)
    except Exception:  # noqa: BLE001 - a broken frame from the check is no answer; how it ended says the rest
        message = None
    finally:
        os.close(reading)
    status = _wait(child) if message is None else 0
    if message is not None:
        return message.body  # its end is awaited with the next one's: tearing a large process down takes a while
    stopped = _how_it_ended(status)
    return _pack(
        CheckAnswer(
            check.nonce, (stopped,) * check.count, (time.monotonic() - started,) * (check.rounds * len(check.checks))
        )
    )


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


def _flush() -> None:
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    with contextlib.suppress(Exception):
        sys.stderr.flush()


def _pack(value: msgspec.Struct) -> bytes:
    return msgspec.msgpack.encode(value)


def _tell(channel: int, kind: str, value: msgspec.Struct) -> None:
    frames.send(channel, {"kind": kind}, _pack(value))
