"""Which files a process and all it starts may still touch (landlock(7)), whoever they run as.

Constants and structures are those of include/uapi/linux/landlock.h.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable

from grader.confine.syscalls import call, prctl

_PR_SET_NO_NEW_PRIVS = 38
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_ALL_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_TCP = 0b11  # bind and connect, since ABI 4
_SCOPES = 0b11  # abstract unix sockets and signals, since ABI 6


def abi() -> int:
    """The version of Landlock that this kernel offers; 0 for none."""
    try:
        return call("landlock_create_ruleset", None, 0, _CREATE_RULESET_VERSION)
    except OSError:
        return 0


def scopes_signals(version: int) -> bool:
    """Whether that version keeps a process from signalling what is outside its own domain."""
    return version >= 6


def restrict(
    *,
    read: Iterable[str],
    write: Iterable[str],
    devices: Iterable[str] = (),
    programs: bool = False,
    tcp: bool = False,
) -> None:
    """Allow this process and its children these places and no others, for good.

    Args:
        read: Files and folders that may be read, with all below them; what is not there is passed over.
        write: Folders in which files may be made, changed and removed, too.
        devices: Device nodes that may be read, written and controlled.
        programs: Whether what is readable may be executed.
        tcp: Whether TCP ports may be used (where the kernel can tell, ABI 4).

    Raises:
        OSError: This kernel has no Landlock, or it refuses.
    """
    version = abi()
    if not version:
        raise OSError(38, "landlock: this kernel has none, or it is switched off (boot with lsm=landlock,...)")
    handled = _ALL_BY_ABI[min(version, max(_ALL_BY_ABI))]
    network = _TCP if version >= 4 and not tcp else 0
    attributes = struct.pack("QQQ", handled, network, _SCOPES if scopes_signals(version) else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = call("landlock_create_ruleset", attributes, size, 0)
    try:
        reading = _READ_FILE | _READ_DIR | (_EXECUTE if programs else 0)
        for path in read:
            _allow(ruleset, path, reading & handled)
        for path in write:
            _allow(ruleset, path, handled & ~(_MAKE_CHAR | _MAKE_BLOCK | _EXECUTE | _IOCTL_DEV))
        for path in devices:
            _allow(ruleset, path, (_READ_FILE | _WRITE_FILE | _IOCTL_DEV) & handled)
        prctl(_PR_SET_NO_NEW_PRIVS, 1)
        call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _ON_FILES
        call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)
