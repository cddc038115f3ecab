"""The engine for systems without a fork server: a plain Python process for each session, unconfined."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from importlib import import_module

from grader.confine.sandbox import Confines, Mode
from grader.observe.engine import EngineFault, Process


class PlainEngine:
    """Starts each process anew and lets it import torch itself; an `Engine` for macOS and Windows.

    There is nothing secret to protect where it is used: a student's own machine, with public checks.
    """

    forks = False
    mode: Mode = "none"
    layers: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[bytes]] = []

    def open(self, entry: str, confines: Confines | None = None) -> Process:
        """Start a Python process that runs ``module:function``; see `Engine.open`."""
        folder = None if confines is None else tempfile.TemporaryDirectory(prefix="grader-work-")
        with socket.create_server(("127.0.0.1", 0)) as server:
            address = f"{server.getsockname()[1]}"
            process = subprocess.Popen(
                [sys.executable, "-I", "-m", "grader.observe.plain", address, entry],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"},
                cwd=folder.name if folder else None,
            )
            self._started.append(process)
            server.settimeout(60)
            try:
                channel, _ = server.accept()
            except TimeoutError as error:
                process.kill()
                raise EngineFault("a Python process did not start within 60 s") from error
        output = process.stdout
        if output is None:
            raise EngineFault("a Python process was started without a pipe for its output")
        return Process(process.pid, channel, os.dup(output.fileno()), -1, lambda: _wait_status(process), folder)

    def close(self) -> None:
        """End everything that it started."""
        for process in self._started:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


def _wait_status(process: subprocess.Popen[bytes]) -> int | None:
    code = process.poll()
    if code is None:
        return None
    return -code if code < 0 else code << 8


def main(arguments: list[str]) -> None:
    """Connect to the supervisor and become the process that it asked for."""
    port, entry = arguments
    connection = socket.create_connection(("127.0.0.1", int(port)))
    module, _, function = entry.partition(":")
    getattr(import_module(module), function)(connection.fileno())


if __name__ == "__main__":
    main(sys.argv[1:])
