"""A file system of the process's own: a small root with what Python needs, read-only, and scratch space in memory."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path

from grader.confine.syscalls import call

# Flags of mount(2).
_NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x4_0000
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_ATTR_RDONLY, _ATTR_NOSUID = 0x1, 0x2  # mount_setattr(2)
_DETACH = 2  # umount2(2), MNT_DETACH

SANDBOX = "/sandbox"  # where a fork's own folders are, in a root of its own
_DEVICES = ("null", "zero", "full", "random", "urandom")
_TOP_LEVEL = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")


def make_private() -> None:
    """Keep what is mounted from now on to this process's mount namespace (mount_namespaces(7))."""
    _mount("none", "/", None, _REC | _PRIVATE)


def tmpfs(target: str, size_bytes: int, mode: int = 0o755, owner: tuple[int, int] | None = None) -> None:
    """Mount an empty file system in memory (tmpfs(5)).

    Args:
        target: The folder to mount it on.
        size_bytes: What it may hold; one inode for each 4 KiB of it.
        mode: Permissions of its root.
        owner: User and group of its root.

    Raises:
        OSError: The kernel refuses.
    """
    options = f"size={size_bytes},nr_inodes={max(1024, size_bytes // 4096)},mode={mode:o}"
    if owner is not None:
        options += f",uid={owner[0]},gid={owner[1]}"
    _mount("tmpfs", target, "tmpfs", _NOSUID | _NODEV, options)


def proc(target: str) -> None:
    """Mount /proc for this process's own view of processes (proc(5))."""
    _mount("proc", target, "proc", _NOSUID | _NODEV | _NOEXEC)


def build_root(
    root: Path, visible: Iterable[Path], writable: Iterable[Path] = (), devices: Iterable[Path] = ()
) -> None:
    """Fill an empty folder with a root of its own: system libraries, the interpreter, a few devices, no one's files.

    Args:
        root: The folder, on a tmpfs.
        visible: What is to be readable besides, at the same places: the interpreter and its packages.
        writable: Folders to have at the same places, as writable as they are.
        devices: Further device nodes.

    Raises:
        OSError: The kernel refuses a mount.
    """
    for name in ("proc", "dev/shm", "etc", "sys/devices/system", SANDBOX.strip("/")):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in _TOP_LEVEL:
        source = Path("/") / name
        if source.is_symlink():
            (root / name).symlink_to(source.readlink())
        elif source.is_dir():
            _bind_readable(source, root)
    for path in sorted(visible):
        # A place inside one that is bound already, such as /usr/lib/python3, is there.
        if not (root / path.relative_to("/")).exists():
            _bind_readable(path, root)
    for path in writable:
        place = root / path.relative_to("/")
        place.mkdir(parents=True, exist_ok=True)
        bind(str(path), str(place))
    if not (root / "tmp").exists():  # the interpreter may lie below it
        (root / "tmp").symlink_to(f"{SANDBOX}/tmp")
    if Path("/sys/devices/system/cpu").is_dir():
        _bind_readable(Path("/sys/devices/system"), root)
    for path in (*(Path("/dev") / name for name in _DEVICES), *devices):
        place = root / path.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        bind(str(path), str(place))
    for name, target in (("fd", "self/fd"), ("stdin", "self/fd/0"), ("stdout", "self/fd/1"), ("stderr", "self/fd/2")):
        (root / "dev" / name).symlink_to(f"/proc/{target}")
    _write_etc(root / "etc")


def enter_root(root: Path) -> None:
    """Make a folder the root of this process's mount namespace and let go of the old one (pivot_root(2))."""
    os.chdir(root)
    call("pivot_root", b".", b".")
    call("umount2", b".", _DETACH)
    os.chdir("/")


def bind(source: str, target: str) -> None:
    """Show a folder or file at a second place (mount(2), MS_BIND)."""
    _mount(source, target, None, _BIND)


def read_only(target: str, recursive: bool = True) -> None:
    """Make a mount read-only, and all below it, whatever other flags are locked (mount_setattr(2))."""
    attributes = struct.pack("QQQQ", _ATTR_RDONLY | _ATTR_NOSUID, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    call("mount_setattr", _AT_FDCWD, target.encode(), flags, attributes, len(attributes))


def _bind_readable(source: Path, root: Path) -> None:
    place = root / source.relative_to("/")
    if source.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    _mount(str(source), str(place), None, _BIND | _REC)
    read_only(str(place))


def _write_etc(etc: Path) -> None:
    for name in ("ld.so.cache", "localtime"):
        source = Path("/etc") / name
        if source.is_file():
            (etc / name).write_bytes(source.read_bytes())
    (etc / "passwd").write_text("root:x:0:0:root:/:/bin/false\n")
    (etc / "group").write_text("root:x:0:\n")
    (etc / "hosts").write_text("127.0.0.1 localhost grader\n::1 localhost\n")
    (etc / "nsswitch.conf").write_text("hosts: files\n")


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    try:
        words = (text.encode() if text else None for text in (source, target, kind, options))
        source_, target_, kind_, options_ = words
        call("mount", source_, target_, kind_, flags, options_)
    except OSError as error:
        raise OSError(error.errno, f"mount of {source} on {target}: {os.strerror(error.errno or 0)}") from None
