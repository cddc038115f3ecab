"""A process and everything it has started, seen from outside: who they are, what they use, how to end them."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from grader.confine.syscalls import prctl

_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_PDEATHSIG = 1
_PF_EXITING = 0x4  # include/linux/sched.h
_PROC = Path("/proc")
_DEEPEST, _LONGEST = 100, 2_000


def adopt_orphans() -> None:
    """Become the parent of every orphan below this process, so that none gets out of its tree (prctl(2))."""
    if sys.platform == "linux":
        prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent ends (prctl(2))."""
    if sys.platform == "linux":
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def descendants(root: int) -> list[int]:
    """The processes that a process has started, and those they have, in no order.

    Args:
        root: The process; not part of the answer.

    Returns:
        Their ids; empty where the system has no /proc (a kernel older than 3.5 has no list of children there).
    """
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children(waiting.pop())
        found += below
        waiting += below
    return found


def kill_descendants(root: int) -> int:
    """Kill everything below a process, again until nothing new appears; the process itself lives on.

    Args:
        root: The process.

    Returns:
        How many were killed.
    """
    killed: set[int] = set()
    for _ in range(100):
        # Stopping them first keeps a fork bomb from outrunning the list of its members.
        living = [pid for pid in descendants(root) if not _has_ended(pid)]
        if not living:
            break
        for pid in living:
            _signal(pid, signal.SIGSTOP)
        for pid in {*living, *descendants(root)}:
            _signal(pid, signal.SIGKILL)
            killed.add(pid)
    return len(killed)


def kill_tree(root: int) -> None:
    """Kill a process and everything below it."""
    _signal(root, signal.SIGSTOP)
    kill_descendants(root)
    _signal(root, signal.SIGKILL)


def memory_bytes(root: int, limit_bytes: int, shared_before: int = 0) -> int:
    """Memory that a process tree holds.

    Resident sizes are added first; they count pages shared after a fork again in every process, so only where
    that sum is over the limit are the exact proportional sizes read (smaps_rollup, slower). Shared memory that a
    process has mapped and another one, perhaps gone, has filled is in neither; where the system as a whole holds
    more of it than before, what the tree has mapped is added in full.

    Args:
        root: The tree's first process.
        limit_bytes: What is allowed.
        shared_before: The system's `shared_bytes` before the tree was there.

    Returns:
        Bytes; exact where over the limit.
    """
    tree = [root, *descendants(root)]
    resident = sum(_resident_bytes(pid) for pid in tree)
    held = resident if resident <= limit_bytes else sum(_proportional_bytes(pid) for pid in tree)
    if shared_bytes() - shared_before > limit_bytes // 2:
        held += sum(_mapped_and_shared(tree).values())
    return held


def shared_bytes() -> int:
    """What the system as a whole holds in shared memory and file systems in memory (proc(5), /proc/meminfo)."""
    with contextlib.suppress(OSError):
        for line in (_PROC / "meminfo").read_text().splitlines():
            if line.startswith("Shmem:"):
                return int(line.split()[1]) * 1024
    return 0


def unlinked_bytes(root: int) -> int:
    """What a process tree holds in files that have no name any more, each counted once."""
    found: dict[tuple[int, int], int] = {}
    for pid in [root, *descendants(root)]:
        with contextlib.suppress(OSError):
            for descriptor in (_PROC / str(pid) / "fd").iterdir():
                with contextlib.suppress(OSError):
                    status = descriptor.stat()
                    if status.st_nlink == 0 and stat.S_ISREG(status.st_mode):
                        found[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(found.values())


def folder_bytes(folder: Path) -> int:
    """What a folder and all below it take on disk.

    Args:
        folder: The folder; links in it are not followed.

    Returns:
        Bytes, each entry counted as one block at least; entries that vanish meanwhile are passed over. Folders nested
        more deeply than anybody nests them count as endless: below the longest path nothing can be seen.
    """
    total = 0
    waiting = [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += max(4096, entry.stat(follow_symlinks=False).st_blocks * 512)
                    if entry.is_dir(follow_symlinks=False):
                        if entry.path.count("/") > _DEEPEST or len(entry.path) > _LONGEST:
                            return sys.maxsize
                        waiting.append(entry.path)
    return total


def _mapped_and_shared(tree: Iterable[int]) -> dict[str, int]:
    """The size of each piece of nameless shared memory that some processes have mapped (proc(5), /proc/PID/maps)."""
    found: dict[str, int] = {}
    for pid in tree:
        with contextlib.suppress(OSError):
            for line in (_PROC / str(pid) / "maps").read_text(errors="replace").splitlines():
                place, rights, _, device, inode, *name = line.split(maxsplit=5)
                if rights.endswith("s") and name and name[0].startswith(("/dev/zero", "/memfd:", "/SYSV")):
                    start, end = (int(part, 16) for part in place.split("-"))
                    key = f"{device} {inode}"
                    found[key] = max(found.get(key, 0), end - start)
    return found


def children(pid: int) -> list[int]:
    """The processes that a process's threads have started (proc(5), /proc/PID/task/TID/children)."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in (_PROC / str(pid) / "task").iterdir():
            with contextlib.suppress(OSError):
                found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def _has_ended(pid: int) -> bool:
    """Whether a process runs no code any more, though it may still let go of its memory or wait to be reaped.

    A process whose first thread has ended lives on in its other ones (proc(5), /proc/PID/stat: fields 3, 9 and 20).
    """
    try:
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        state, flags, threads = fields[0], int(fields[6]), int(fields[17])
    except (OSError, IndexError):
        return True
    return threads <= 1 and (state in "ZX" or bool(flags & _PF_EXITING))


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _resident_bytes(pid: int) -> int:
    try:
        pages = int((_PROC / str(pid) / "statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _proportional_bytes(pid: int) -> int:
    """The process's share of memory, its resident size where the system does not tell: never less than it holds."""
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text()
    except PermissionError:
        return _resident_bytes(pid)
    except OSError:
        return 0  # it has ended
    shares = [int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")]
    return shares[0] * 1024 if shares else _resident_bytes(pid)
