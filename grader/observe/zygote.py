"""The zygote: a process that has imported torch once and forks warm copies of itself on request.

It runs no student code, touches no CUDA device and computes nothing, so that its copies start clean. It confines
itself before it imports anything heavy, and each copy for student code further (see `grader.confine`). Run as
``python -s -P -B -m grader.observe.zygote FD START``: FD is its control socket, START a `Start` as JSON.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import tempfile
from pathlib import Path

import msgspec

from grader.confine.plan import NotConfined, choose
from grader.confine.sandbox import Sandbox
from grader.observe.forking import Answer, Fork, Forked, Ready, Refused, Start, Status, StatusOf

_REQUEST_BYTES = 4096
_REMEMBERED = 256
# What every session needs anyway: the interpreter's shell, which imports half of itself when it starts, and the check's
# half of the grader.
_EVERY_SESSION = (
    "IPython.core.application",
    "IPython.core.completerlib",
    "IPython.core.logger",
    "IPython.core.magics",
    "IPython.core.oinspect",
    "grader.authoring.asserts",
    "grader.authoring.folders",
    "grader.authoring.memory",
    "grader.authoring.modules",
    "grader.authoring.ranks",
    "grader.authoring.tracing",
    "grader.authoring.weights",
    "grader.notebook.cells",
    "grader.observe.pristine",
    "grader.observe.run",
    "grader.observe.session",
    "grader.observe.shell",
    "torch.autograd",
)


def main(arguments: list[str]) -> None:
    """Confine this process, import what copies will need, say so, then fork on request until the socket closes.

    What it is asked and answers: see `grader.observe.forking`.

    Args:
        arguments: The descriptor of the control socket, and how to start.
    """
    from grader.observe.processes import adopt_orphans, kill_descendants

    control = socket.socket(fileno=int(arguments[0]))
    start = msgspec.json.decode(arguments[1], type=Start)
    try:
        plan = choose(start.confinement)
    except NotConfined as error:
        _answer(control, Refused(str(error)))
        return
    sandbox = Sandbox(plan.mode, start.cuda, (Path(start.cache),) if start.cache else ())
    sandbox.enter()
    adopt_orphans()
    warnings = _import_ahead(["torch", *start.modules])
    import torch

    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()
    _answer(control, Ready(str(torch.__version__), plan.mode, plan.layers, plan.missing, tuple(warnings)))
    try:
        _serve(control, sandbox)
    finally:
        kill_descendants(os.getpid())
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
        os._exit(0)  # nothing to save: taking torch down object by object would keep the command waiting


def _serve(control: socket.socket, sandbox: Sandbox) -> None:
    forks = _Forks()
    while True:
        # A short timeout reaps copies that have ended while nobody asks for one.
        readable, _, _ = select.select([control], [], [], 0.5)
        forks.reap()
        forks.end_orphans()
        if not readable:
            continue
        data, descriptors, _, _ = socket.recv_fds(control, _REQUEST_BYTES, 2)
        if not data:
            return
        request: Fork | StatusOf = msgspec.json.decode(data, type=Fork | StatusOf)
        if isinstance(request, StatusOf):
            forks.reap()
            _answer(control, Status(forks.status(request.pid)))
            continue
        pid = sandbox.fork() if request.confines else os.fork()
        if pid == 0:
            control.close()
            _become(request, sandbox, *descriptors)
        forks.add(pid)
        for descriptor in descriptors:
            os.close(descriptor)
        handle = os.pidfd_open(pid)
        _answer(control, Forked(pid), [handle])
        os.close(handle)


def _import_ahead(modules: list[str]) -> list[str]:
    failed = []
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a library that will not import is the notebook's to miss
            failed.append(f"{name} cannot be imported here: {error}")
    for name in _EVERY_SESSION:
        importlib.import_module(name)
    from grader.observe.pristine import remember

    remember()  # for sessions, which then only look it up
    return failed


def _become(request: Fork, sandbox: Sandbox, channel: int, output: int) -> None:
    """Turn this fork into the process that a request names; never returns."""
    from grader.observe.processes import adopt_orphans, end_with_parent

    status = 1
    try:
        os.setsid()
        end_with_parent()
        adopt_orphans()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for descriptor, number in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(descriptor, number)
        os.closerange(3, channel)
        os.closerange(channel + 1, 4096)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        if request.confines:
            # Whatever fails here ends the process: nothing runs less confined than was said.
            places = sandbox.confine(request.confines, request.folder)
            os.environ |= {"HOME": places.home, "TMPDIR": places.temporary}
            os.environ.pop("MPLCONFIGDIR", None)  # that folder is not theirs to write, which matplotlib would tell
            tempfile.tempdir = None  # whatever was found before is another place now
        module, _, function = request.entry.partition(":")
        getattr(importlib.import_module(module), function)(channel)
        status = 0
    except (BrokenPipeError, ConnectionError):
        status = 0  # the supervisor has gone: nothing is left to do
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


class _Forks:
    """The processes that were forked on request: which still run, and how those ended that were not asked about."""

    def __init__(self) -> None:
        self._running: set[int] = set()
        self._ended: dict[int, int] = {}

    def add(self, pid: int) -> None:
        """Count a new fork; an earlier one of that number is forgotten."""
        self._running.add(pid)
        self._ended.pop(pid, None)

    def reap(self) -> None:
        """Take note of those that have ended; orphans that came here are reaped with them."""
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = found
                if pid in self._running:
                    self._running.remove(pid)
                    self._ended[pid] = status
        while len(self._ended) > _REMEMBERED:
            del self._ended[next(iter(self._ended))]

    def status(self, pid: int) -> int | None:
        """How a fork ended, once; None for one that still runs."""
        return self._ended.pop(pid, None)

    def end_orphans(self) -> None:
        """End what has come to this process because the session that started it is gone."""
        from grader.observe.processes import children, kill_tree

        for pid in set(children(os.getpid())) - self._running:
            kill_tree(pid)


def _answer(control: socket.socket, message: Answer, descriptors: list[int] | None = None) -> None:
    socket.send_fds(control, [msgspec.json.encode(message)], descriptors or [])


if __name__ == "__main__":
    main(sys.argv[1:])
