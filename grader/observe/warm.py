"""The supervisor's hold on a zygote: start it, ask it for forks, end it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from grader.confine.plan import Wanted
from grader.confine.sandbox import Confines, Mode
from grader.observe.engine import EngineFault, NoConfinement, Process
from grader.observe.forking import Answer, Fork, Forked, Ready, Refused, Start, Status, StatusOf

T = TypeVar("T", bound=msgspec.Struct)

_START_SECONDS = 180.0
_ANSWER_SECONDS = 30.0


class Zygote:
    """A running zygote (see `grader.observe.zygote`); an `Engine` for Linux.

    Starting returns at once; the first fork waits until the imports are done, so that the caller can read
    notebooks meanwhile.

    Args:
        modules: Modules to import besides torch, such as "torchvision".
        cuda: Whether its forks may see CUDA devices; the zygote itself never touches one.
        confinement: How forks for student code are confined.
    """

    forks = True

    def __init__(self, modules: Iterable[str] = (), cuda: bool = False, confinement: Wanted = "auto") -> None:
        self._home = tempfile.TemporaryDirectory(prefix="grader-home-")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close(); a pipe could fill and block
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self._lock = threading.Lock()
        self._ready: Ready | None = None
        cache = _cache_folder()
        start = Start(modules=tuple(modules), confinement=confinement, cuda=cuda, cache=str(cache))
        command = [sys.executable, "-s", "-P", "-B", "-m", "grader.observe.zygote", str(theirs.fileno())]
        self._process = subprocess.Popen(
            # Nothing of the user's own Python is taken along (-s -P), and the environment is made anew below.
            [*command, msgspec.json.encode(start).decode()],
            pass_fds=[theirs.fileno()],
            env=_environment(Path(self._home.name), cache, cuda),
            cwd=self._home.name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )
        theirs.close()

    @property
    def mode(self) -> Mode:
        """How forks for student code are confined; waits for the imports."""
        return self.wait().mode

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that confine them; waits for the imports."""
        return self.wait().layers

    def wait(self) -> Ready:
        """Wait for the imports.

        Returns:
            What the zygote says of itself.

        Raises:
            NoConfinement: The confinement that was asked for does not work here.
            EngineFault: It did not come up; the message holds the end of what Python said.
        """
        with self._lock:
            if self._ready is None:
                self._ready = self._receive(_START_SECONDS, Ready)[0]
            return self._ready

    def open(self, entry: str, confines: Confines | None = None) -> Process:
        """Fork a process that runs ``module:function``; see `Engine.open`."""
        mode = self.wait().mode
        own_root = mode == "namespaces"
        folder = None
        if confines is not None and not own_root:
            folder = tempfile.TemporaryDirectory(prefix="grader-work-", ignore_cleanup_errors=True)
        request = Fork(entry, confines, folder.name if folder else "")
        ours, channel = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        reading, writing = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._control, [msgspec.json.encode(request)], [channel.fileno(), writing])
                forked, descriptors = self._receive(_ANSWER_SECONDS, Forked)
        except OSError as error:
            raise EngineFault(f"the process that imports torch has gone: {error}") from error
        finally:
            channel.close()
            os.close(writing)
        pidfd = descriptors[0]
        alone = own_root and confines is not None
        return Process(_pid_of(pidfd), ours, reading, pidfd, lambda: self._status(forked.pid), folder, alone)

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
            self._control.sendall(msgspec.json.encode(StatusOf(pid)))
            return self._receive(_ANSWER_SECONDS, Status)[0].status

    def _receive(self, seconds: float, kind: type[T]) -> tuple[T, list[int]]:
        self._control.settimeout(seconds)
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 65_536, 1)
        except TimeoutError as error:
            raise EngineFault(f"the process that imports torch gave no answer in {seconds:.0f} s") from error
        if not data:
            raise EngineFault(f"torch could not be imported: {self._last_words()}")
        answer = msgspec.json.decode(data, type=Answer)
        if isinstance(answer, Refused):
            raise NoConfinement(f"{answer.why}; see which layers work here with: python -m grader doctor")
        if not isinstance(answer, kind):
            raise EngineFault(f"the process that imports torch answered with {type(answer).__name__}")
        return answer, list(descriptors)

    def _last_words(self) -> str:
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace").strip()
        return text.splitlines()[-1] if text else f"Python ended with status {self._process.wait()}"


def _environment(home: Path, cache: Path, cuda: bool) -> dict[str, str]:
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
        "MPLCONFIGDIR": str(cache),
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }
    if cuda:
        environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # as the driver's own tools count them
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


def _pid_of(pidfd: int) -> int:
    """The process's id as this process sees it (proc(5), /proc/self/fdinfo); -1 once it has gone."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    return -1
