"""Find out which layers of confinement work here: the whole set is tried in a throw-away child, never assumed."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from typing import Literal, NoReturn

from grader.confine import landlock
from grader.confine.resources import Resources
from grader.confine.sandbox import Confines, Mode, Sandbox, reads_past_permissions

Wanted = Literal["auto", "strict", "landlock", "none"]
PAST_PERMISSIONS = " but to read past folders' permissions"
_LIKE_A_SESSION = Confines(Resources(0, 60, 1 << 20, 16), scratch_bytes=1 << 20)


@dataclass(frozen=True)
class Plan:
    """How sessions are confined here.

    Attributes:
        mode: What the sandbox does.
        layers: What that is, each in a few words, for grade.json and reports; empty where nothing confines.
        missing: A sentence for each stronger mode that does not work here, with the reason.
    """

    mode: Mode
    layers: tuple[str, ...]
    missing: tuple[str, ...] = ()


class NotConfined(Exception):
    """The confinement that was asked for does not work here."""


def choose(wanted: Wanted) -> Plan:
    """Choose the strongest confinement that works here.

    Args:
        wanted: "auto" for the strongest that works, "strict" for all layers or none, "landlock" for the layers that
            need no namespace, "none" for no confinement.

    Returns:
        The plan.

    Raises:
        NotConfined: "strict" or "landlock" was asked for and does not work.
    """
    if wanted == "none":
        return Plan("none", (), ("no confinement was asked for",))
    missing: list[str] = []
    modes: tuple[Mode, ...] = ("landlock",) if wanted == "landlock" else ("namespaces", "landlock")
    for mode in modes:
        why = why_not(mode)
        if not why:
            return Plan(mode, _layers(mode), tuple(missing))
        missing.append(f"{mode}: {why}")
        if wanted != "auto":
            raise NotConfined(f"confinement was asked for and does not work here: {missing[-1]}")
    return Plan("none", (), tuple(missing))


def why_not(mode: Mode) -> str:
    """Try a mode in a child that is thrown away.

    Args:
        mode: The mode.

    Returns:
        "" where a process could be confined that way; else the step that failed and the kernel's reason.
    """
    if sys.platform != "linux":
        return f"it needs Linux, this is {sys.platform}"
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _try(mode, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as said:
        answer = said.read()
    os.waitpid(child, 0)
    return "" if answer == "confined" else answer or "the child that tried it died"


def _try(mode: Mode, writing: int) -> NoReturn:
    with tempfile.TemporaryDirectory(prefix="grader-trial-") as folder:
        child = os.fork()
        if child:
            os.close(writing)
            os.waitpid(child, 0)
        else:
            os.chdir(folder)
            _confine_or_say_why(mode, folder, writing)
    os._exit(0)


def _confine_or_say_why(mode: Mode, folder: str, writing: int) -> NoReturn:
    try:
        sandbox = Sandbox(mode)
        sandbox.enter()
        if child := sandbox.fork():
            os.waitpid(child, 0)
        else:
            sandbox.confine(_LIKE_A_SESSION, folder)
            os.write(writing, b"confined")
    except OSError as error:
        os.write(writing, (error.strerror or str(error)).encode())
    finally:
        os._exit(0)


def _layers(mode: Mode) -> tuple[str, ...]:
    root = os.geteuid() == 0
    spaces: tuple[str, ...] = ()
    if mode == "namespaces":
        spaces = (
            "own processes (pid namespace)",
            "own files (mount namespace, read-only root, private scratch space)",
            "own network (network namespace, loopback only)",
            "own IPC and host name (ipc and uts namespaces)",
        )
        spaces += () if root else ("own users (user namespace)",)
    return (
        *spaces,
        *(("own account (60001 and up)",) if root else ()),
        "no new privileges, no capabilities" + (PAST_PERMISSIONS if reads_past_permissions(mode) else ""),
        f"file access by list (Landlock ABI {landlock.abi()})",
        "system calls by list (seccomp)" + ("" if mode == "namespaces" else ", no sockets"),
        "resource limits (rlimits)",
    )
