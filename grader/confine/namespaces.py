"""Views of the system that a process has for itself: users, processes, mounts, network, IPC, host name."""

from __future__ import annotations

import fcntl
import os
import socket
import struct

from grader.confine.syscalls import call

# Flags of clone(2).
NEW_MOUNTS = 0x0002_0000
NEW_UTS = 0x0400_0000
NEW_IPC = 0x0800_0000
NEW_USER = 0x1000_0000
NEW_PIDS = 0x2000_0000
NEW_NETWORK = 0x4000_0000

_SIOCSIFFLAGS = 0x8914  # netdevice(7)
_IFF_UP_RUNNING = 0x1 | 0x40


def unshare(namespaces: int) -> None:
    """Leave some namespaces for new ones (unshare(2)); a new process namespace holds the children made after it.

    Args:
        namespaces: The flags of this file, added up.

    Raises:
        OSError: The kernel, or a container's policy, refuses.
    """
    call("unshare", namespaces)


def enter(descriptor: int, namespace: int) -> None:
    """Enter a namespace that a descriptor names (setns(2))."""
    call("setns", descriptor, namespace)


def become_own_user() -> None:
    """Enter a new user namespace with this user alone in it, under the same numbers (user_namespaces(7)).

    Inside it the process may set up the other namespaces; outside it gains nothing.
    """
    user, group = os.getuid(), os.getgid()
    unshare(NEW_USER)
    # setgroups has to be denied before an unprivileged process may write its own gid_map.
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - one write(2), as the kernel asks
            file.write(text)


def bring_loopback_up() -> None:
    """Bring up the loopback device of this process's own network, for programs on one host that talk to each other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", _IFF_UP_RUNNING, b""))
