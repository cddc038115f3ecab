"""The supervisor's hold on a zygote: start it, ask it for forks, end it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

from grader.observe.engine import EngineFault, Process

_START_SECONDS = 180.0
_ANSWER_SECONDS = 30.0


class Zygote:
    """A running zygote (see `grader.observe.zygote`); an `Engine` for Linux.

    Starting returns at once; the first fork waits until the imports are done, so that the caller can read
    notebooks meanwhile.

    Args:
        modules: Modules to import besides torch, such as "torchvision".
        cuda: Whether its forks may see CUDA devices; the zygote itself never touches one.
    """

    forks = True
    layers: tuple[str, ...] = ()

    def __init__(self, modules: Iterable[str] = (), cuda: bool = False) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="grader-home-")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close(); a pipe could fill and block
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._lock = threading.Lock()
        self._ready: dict[str, object] = {}
        self._process = subprocess.Popen(
            # Nothing of the user's own Python is taken along (-s -P), and the environment is made anew below.
            [sys.executable, "-s", "-P", "-B", "-m", "grader.observe.zygote", str(theirs.fileno()), *modules],
            pass_fds=[theirs.fileno()],
            env=_environment(Path(self._home.name), cuda),
            cwd=self._home.name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )
        theirs.close()

    def wait(self) -> dict[str, object]:
        """Wait for the imports.

        Returns:
            What the zygote says of itself: "torch" is torch's version, "warnings" what could not be imported.

        Raises:
            EngineFault: It did not come up; the message holds the end of what Python said.
        """
        with self._lock:
            if not self._ready:
                self._ready = self._receive(_START_SECONDS)[0]
            return self._ready

    def open(self, entry: str) -> Process:
        """Fork a process that runs ``module:function``; see `Engine.open`."""
        self.wait()
        ours, channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        reading, writing = os.pipe()
        try:
            with self._lock:
                request = json.dumps({"entry": entry}).encode()
                socket.send_fds(self._control, [request], [channel.fileno(), writing])
                answer, descriptors = self._receive(_ANSWER_SECONDS)
        except OSError as error:
            raise EngineFault(f"the process that imports torch has gone: {error}") from error
        finally:
            channel.close()
            os.close(writing)
        return Process(int(str(answer["pid"])), ours, reading, descriptors[0], self._status)

    def close(self) -> None:
        """End the zygote and everything that it forked."""
        self._control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()
        self._home.cleanup()

    def _status(self, pid: int) -> int | None:
        with self._lock:
            self._control.sendall(json.dumps({"status": pid}).encode())
            status = self._receive(_ANSWER_SECONDS)[0]["status"]
        return None if status is None else int(str(status))

    def _receive(self, seconds: float) -> tuple[dict[str, object], list[int]]:
        self._control.settimeout(seconds)
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 65_536, 1)
        except TimeoutError as error:
            raise EngineFault(f"the process that imports torch gave no answer in {seconds:.0f} s") from error
        if not data:
            raise EngineFault(f"torch could not be imported: {self._last_words()}")
        return json.loads(data), list(descriptors)

    def _last_words(self) -> str:
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace").strip()
        return text.splitlines()[-1] if text else f"Python ended with status {self._process.wait()}"


def _environment(home: Path, cuda: bool) -> dict[str, str]:
    """The few variables that a zygote and its forks get: nothing of the grader's own environment."""
    environment = {
        "PATH": os.defpath,
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        "USER": "student",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": str(_cache_folder()),
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }
    if cuda:
        environment["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
        kept = ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "NVIDIA_VISIBLE_DEVICES")
        environment |= {name: os.environ[name] for name in kept if name in os.environ}
    else:
        environment["CUDA_VISIBLE_DEVICES"] = ""
    return environment


def _cache_folder() -> Path:
    """Where matplotlib keeps its list of fonts between runs; making it anew takes seconds."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "grader" / "matplotlib"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir())
    return folder
