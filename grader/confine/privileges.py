"""Give up the rights of an account: user, groups, capabilities, and every way to get them back."""

from __future__ import annotations

import os
import struct

from grader.confine.syscalls import call, prctl

_PR_SET_DUMPABLE, _PR_SET_KEEPCAPS, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 4, 8, 24, 38
_CAP_DAC_READ_SEARCH = 1 << 2
_CAPABILITY_VERSION_3 = 0x2008_0522  # capset(2)
_LAST_CAPABILITY = "/proc/sys/kernel/cap_last_cap"


def drop(user: int | None, reach_all: bool = False) -> None:
    """Become an account without rights, for good.

    Args:
        user: The user and group to become; None to stay who this process is, without its capabilities.
        reach_all: Whether to keep the one capability to read past the permissions of folders, for a Python that lies
            in a folder closed to other accounts; Landlock then says alone what may be read.

    Raises:
        OSError: The kernel refuses.
    """
    if os.geteuid() == 0 or user is not None:
        # The bounding set goes first: it can be changed only while CAP_SETPCAP is still held (capabilities(7)).
        _drop_bounding_set()
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        prctl(_PR_SET_KEEPCAPS, int(reach_all))
        os.setresuid(user, user, user)
    kept = _CAP_DAC_READ_SEARCH if reach_all else 0
    # Effective, permitted and inheritable, first for capabilities 0 to 31, then for the others.
    call("capset", struct.pack("Ii", _CAPABILITY_VERSION_3, 0), struct.pack("6I", kept, kept, 0, 0, 0, 0))
    # no_new_privs is kept by fork and exec: no set-user-id program gives anything back (prctl(2)).
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # Changing the user makes /proc/self root's; it is this process's own again.
    prctl(_PR_SET_DUMPABLE, 1)


def can_read_as(user: int, paths: tuple[str, ...]) -> bool:
    """Whether another account may reach some folders: each one on the way must be open to all.

    Args:
        user: The account.
        paths: The folders.

    Returns:
        False where one of them lies in a folder such as a home of mode 0700.
    """
    for path in paths:
        place = ""
        for part in ("/", *path.strip("/").split("/")):
            place = os.path.join(place, part)  # noqa: PTH118 - used before anything else is imported
            found = os.stat(place)  # noqa: PTH116
            mode = found.st_mode >> 6 if found.st_uid == user else found.st_mode
            if not mode & 0o001:
                return False
    return True


def _drop_bounding_set() -> None:
    try:
        with open(_LAST_CAPABILITY, encoding="ascii") as file:  # noqa: PTH123
            last = int(file.read())
    except OSError:
        last = 40
    for capability in range(last + 1):
        try:
            prctl(_PR_CAPBSET_DROP, capability)
        except PermissionError:
            return  # it holds nothing that could be dropped: a container took it already
