"""What a session may leave behind on the machine: processes, files, changed files, connections."""

import contextlib
import hashlib
import os
import socket
import threading
import time
from pathlib import Path

from grader.observe.processes import descendants
from grader.observe.warm import Zygote

STUDENTS = range(60_001, 64_002)
_SHARED = (Path("/dev/shm"), Path("/tmp"), Path("/var/tmp"), Path("/run/lock"))
_SECONDS = 2.0


def processes(zygote: Zygote) -> set[int]:
    """Living processes that the zygote has forked, wherever they hang in the tree of processes by now."""
    root = zygote._process.pid
    own = Path(f"/proc/{root}/cmdline").read_bytes()
    found = set(descendants(root))
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (path / "cmdline").read_bytes() == own:
                found.add(int(path.name))
    return {pid for pid in found - {root} if _state(pid) not in "ZX"}


def gone(zygote: Zygote, before: set[int]) -> set[int]:
    """Wait up to two seconds for everything that was not there before to end; what is left then."""
    deadline = time.monotonic() + _SECONDS
    while (left := processes(zygote) - before) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def files(place: Path) -> dict[str, str]:
    """Every entry below a folder: the digest of a file's bytes, where a link leads, the mode of the rest."""
    return {str(path.relative_to(place)): _content(path) for path in sorted(place.rglob("*"))}


def students_files() -> set[Path]:
    """What belongs to a student's account in the folders that everybody may write to."""
    found = set()
    for folder in filter(Path.is_dir, _SHARED):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                # Other runs' scratch folders are those students' own.
                if path.lstat().st_uid in STUDENTS and not path.name.startswith("grader-"):
                    found.add(path)
    return found


class Listener:
    """Sockets that whoever gets out could reach: each hands out a secret and remembers that somebody came.

    Args:
        secret: What it says.
        folder: Where its socket file is made.
    """

    def __init__(self, secret: str, folder: Path) -> None:
        self.visits: list[str] = []
        self._secret = secret.encode()
        self.path = folder / "engine.sock"
        self.abstract = f"grader-redteam-{os.getpid()}-{secret[:4]}"
        tcp = socket.create_server(("127.0.0.1", 0))
        self.port = tcp.getsockname()[1]
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", self.port))
        unix = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for found, address in zip(unix, (str(self.path), f"\0{self.abstract}"), strict=True):
            found.bind(address)
            found.listen()
        self.path.chmod(0o777)
        self._sockets = [tcp, *unix, udp]
        for found in (tcp, *unix):
            threading.Thread(target=self._welcome, args=(found,), daemon=True).start()
        threading.Thread(target=self._hear, args=(udp,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        for found in self._sockets:
            with contextlib.suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)  # whoever waits at it lets go
            found.close()

    def _welcome(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = listening.accept()
                self.visits.append(listening.family.name)
                with visitor:
                    visitor.sendall(self._secret)

    def _hear(self, udp: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while udp.recv(100):
                self.visits.append("UDP")


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "X"


def _content(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    if path.is_file():
        return f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return f"{path.lstat().st_mode:o}"
