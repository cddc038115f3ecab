"""Limits that the kernel keeps for each process (getrlimit(2)); what a whole tree uses is watched from outside."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass


@dataclass(frozen=True)
class Resources:
    """What one process may use.

    Attributes:
        added_memory_bytes: Address space beyond what it has now; 0 for no such limit (CUDA reserves terabytes).
        cpu_seconds: Processor time.
        file_bytes: Size of one file.
        processes: Processes and threads of its account, beyond those there are now.
        open_files: Descriptors.
        locked_bytes: Memory that may be kept from being swapped out; the driver of a GPU locks a little.
    """

    added_memory_bytes: int
    cpu_seconds: int
    file_bytes: int
    processes: int
    open_files: int = 1024
    locked_bytes: int = 0


def limit(resources: Resources, account_is_its_own: bool) -> None:
    """Set the limits, for good and for all that this process starts.

    Args:
        resources: What is allowed.
        account_is_its_own: Whether nothing else runs under this process's user, so that nothing needs counting.
    """
    present = 0 if account_is_its_own else _threads_of(os.getuid())
    limits = {
        resource.RLIMIT_CPU: resources.cpu_seconds,
        resource.RLIMIT_FSIZE: resources.file_bytes,
        resource.RLIMIT_NPROC: present + resources.processes,
        resource.RLIMIT_NOFILE: resources.open_files,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: resources.locked_bytes,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if resources.added_memory_bytes:
        limits[resource.RLIMIT_AS] = _address_space_bytes() + resources.added_memory_bytes
    for kind, wanted in limits.items():
        hard = resource.getrlimit(kind)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (value, value))


def _address_space_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123
        return int(statm.read().split()[0]) * resource.getpagesize()


def _threads_of(user: int) -> int:
    """The threads that run under an account: what RLIMIT_NPROC counts."""
    count = 0
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == user:  # noqa: PTH116
                    count += len(os.listdir(f"/proc/{name}/task"))  # noqa: PTH208
            except OSError:
                continue  # it has ended meanwhile
    return count
