"""A process and everything it has started, seen from outside: who they are, what they use, how to end them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_PDEATHSIG = 1
_PROC = Path("/proc")


def adopt_orphans() -> None:
    """Become the parent of every orphan below this process, so that none gets out of its tree (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent ends (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


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
        below = _children(waiting.pop())
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
        living = [pid for pid in descendants(root) if not _is_zombie(pid)]
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


def memory_bytes(root: int, limit_bytes: int) -> int:
    """Memory that a process tree holds.

    Resident sizes are added first; they count pages shared after a fork again in every process, so only where
    that sum is over the limit are the exact proportional sizes read (smaps_rollup, slower).

    Args:
        root: The tree's first process.
        limit_bytes: What is allowed.

    Returns:
        Bytes; exact where over the limit.
    """
    tree = [root, *descendants(root)]
    resident = sum(_resident_bytes(pid) for pid in tree)
    return resident if resident <= limit_bytes else sum(_proportional_bytes(pid) for pid in tree)


def folder_bytes(folder: Path) -> int:
    """What a folder and all below it take on disk.

    Args:
        folder: The folder; links in it are not followed.

    Returns:
        Bytes, each entry counted as one block at least; entries that vanish meanwhile are passed over.
    """
    total = 0
    waiting = [str(folder)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += max(4096, entry.stat(follow_symlinks=False).st_blocks * 512)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return total


def _children(pid: int) -> list[int]:
    """The processes that a process's threads have started (proc(5), /proc/PID/task/TID/children)."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in (_PROC / str(pid) / "task").iterdir():
            with contextlib.suppress(OSError):
                found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def _is_zombie(pid: int) -> bool:
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[0] in "ZX"
    except (OSError, IndexError):
        return True


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
