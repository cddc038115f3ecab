"""The zygote: a process that has imported torch once and forks warm copies of itself on request.

It runs no student code, touches no CUDA device and computes nothing, so that its copies start clean. Run as
``python -s -P -B -m grader.observe.zygote FD [MODULE ...]``: FD is its control socket, MODULES are imported ahead.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys

_REQUEST_BYTES = 4096


def main(arguments: list[str]) -> None:
    """Import what copies will need, say so, then fork on request until the control socket closes.

    A request is either ``{"entry": "module:function"}`` with two descriptors, the copy's channel and its output
    pipe, answered with ``{"pid": ...}`` and a pidfd; or ``{"status": pid}``, answered with the wait status of a
    copy that has ended, null for one that has not.

    Args:
        arguments: The descriptor of the control socket and the modules to import.
    """
    from grader.observe.processes import adopt_orphans, kill_descendants

    control = socket.socket(fileno=int(arguments[0]))
    adopt_orphans()
    warnings = _import_ahead(["torch", *arguments[1:]])
    import torch

    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()
    _answer(control, {"ready": True, "torch": torch.__version__, "warnings": warnings})
    try:
        _serve(control)
    finally:
        kill_descendants(os.getpid())
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
        os._exit(0)  # nothing to save: taking torch down object by object would keep the command waiting


def _serve(control: socket.socket) -> None:
    ended: dict[int, int] = {}
    while True:
        # A short timeout reaps copies that have ended while nobody asks for one.
        readable, _, _ = select.select([control], [], [], 0.5)
        ended |= _reap()
        if not readable:
            continue
        data, descriptors, _, _ = socket.recv_fds(control, _REQUEST_BYTES, 2)
        if not data:
            return
        request = json.loads(data)
        if "status" in request:
            ended |= _reap()
            _answer(control, {"status": ended.pop(request["status"], None)})
            continue
        pid = os.fork()
        if pid == 0:
            control.close()
            _become(request["entry"], *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        handle = os.pidfd_open(pid)
        _answer(control, {"pid": pid}, [handle])
        os.close(handle)


def _import_ahead(modules: list[str]) -> list[str]:
    failed = []
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a library that will not import is the notebook's to miss
            failed.append(f"{name} cannot be imported here: {error}")
    # Warm what every session needs anyway: the interpreter's shell and the check's half of the grader.
    for name in ("grader.observe.shell", "grader.observe.run", "grader.notebook.cells", "torch.autograd"):
        importlib.import_module(name)
    return failed


def _become(entry: str, channel: int, output: int) -> None:
    """Turn this fork into the process that a request names; never returns."""
    from grader.observe.processes import end_with_parent

    status = 1
    try:
        os.setsid()
        end_with_parent()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for descriptor, number in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(descriptor, number)
        os.closerange(3, channel)
        os.closerange(channel + 1, 4096)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        module, _, function = entry.partition(":")
        getattr(importlib.import_module(module), function)(channel)
        status = 0
    except (BrokenPipeError, ConnectionError):
        status = 0  # the supervisor has gone: nothing is left to do
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _reap() -> dict[int, int]:
    ended = {}
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended[found[0]] = found[1]
    return ended


def _answer(control: socket.socket, message: dict[str, object], descriptors: list[int] | None = None) -> None:
    socket.send_fds(control, [json.dumps(message).encode() + b"\n"], descriptors or [])


if __name__ == "__main__":
    main(sys.argv[1:])
