"""What confined code may read: system libraries, the interpreter, its packages, and the grader's own package."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_FEW_FILES = (
    "/etc/ld.so.cache", "/etc/localtime", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/filesystems",
    "/sys/devices/system",
)  # fmt: skip
_PACKAGES = ("site-packages", "dist-packages")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def interpreter() -> tuple[Path, ...]:
    """The folders of this interpreter: the environment, the Python under it, its packages, and the grader's own.

    A folder that holds one of them, such as a course with its ``.venv``, is not among them.
    """
    folders = {Path(sys.prefix), Path(sys.base_prefix), Path(__file__).resolve().parents[1]}
    # An environment on top of another one (``uv run --with``) has packages elsewhere.
    folders |= {Path(entry) for entry in sys.path if Path(entry).name in _PACKAGES}
    folders |= {Path(os.path.realpath(folder)) for folder in folders}
    return tuple(sorted(folder for folder in folders if folder.is_dir() and folders.isdisjoint(folder.parents)))


def readable() -> tuple[str, ...]:
    """All that confined code may read where it has no root of its own."""
    return (*_SYSTEM, *_FEW_FILES, *map(str, interpreter()))


def exposed(secrets: Iterable[Path]) -> Path | None:
    """The first of some folders that confined code could read, None where it can read none of them.

    Args:
        secrets: Folders that it must not read, such as the course and its reports.
    """
    places = [Path(place).resolve() for place in (*_SYSTEM, *map(str, interpreter()))]
    for secret in secrets:
        if any(secret.resolve().is_relative_to(place) for place in places):
            return secret
    return None
