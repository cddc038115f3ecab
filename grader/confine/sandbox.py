"""The order in which rights are taken away: first from the process that forks, then from each of its forks.

Each step needs what a later one takes, so the order matters: mounts before the user changes, the user before
no_new_privs, Landlock before the filter that would refuse it.
"""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

from grader.confine import landlock, mounts, namespaces, nvidia, privileges, resources, seccomp, visible
from grader.confine.resources import Resources
from grader.confine.syscalls import prctl

Mode = Literal["namespaces", "landlock", "none"]

_SHARED_MEMORY = "/dev/shm"
_ROOT_BYTES = 16 * 1024 * 1024
_OWN_VIEWS = namespaces.NEW_MOUNTS | namespaces.NEW_NETWORK | namespaces.NEW_IPC | namespaces.NEW_UTS
_PR_SET_PDEATHSIG = 1
_FIRST_USER, _USERS = 60_001, 4_000


@dataclass(frozen=True)
class Confines:
    """What one session may use.

    Attributes:
        resources: Limits that the kernel keeps for each of its processes.
        scratch_bytes: What all its files together may hold, those in shared memory included.
        programs: Whether it may start other programs.
        gpu: Whether it may use the GPU, where the process that forks it was told that there is one.
    """

    resources: Resources
    scratch_bytes: int
    programs: bool = False
    gpu: bool = False


@dataclass(frozen=True)
class Places:
    """Where a confined process may write: the folder that it works in, one for temporary files, and its home."""

    work: str
    temporary: str
    home: str


class Sandbox:
    """Confines this process's forks; the process itself runs no student code.

    Args:
        mode: "namespaces" for all layers, "landlock" for those that need no namespace, "none" for no confinement.
        cuda: Whether the forks may use CUDA devices.
        writable: Folders that this process itself, and no fork, may write to.
    """

    def __init__(self, mode: Mode, cuda: bool = False, writable: tuple[Path, ...] = ()) -> None:
        self.mode = mode
        self._devices = nvidia.devices() if cuda else ()
        self._libraries = nvidia.libraries() if cuda else ()
        self._writable = writable
        self._own_processes = -1
        self._forks = 0
        self._as_root = os.geteuid() == 0
        self._reach_all = reads_past_permissions(mode)

    def enter(self) -> None:
        """Move this process into namespaces of its own, with a root that holds the interpreter and nobody's files.

        The caller goes on as the first process of its own process namespace; the process that called waits for it
        and ends as it ended. Nothing happens in the other modes.

        Raises:
            OSError: The kernel refuses a step.
        """
        if self.mode != "namespaces":
            return
        if not self._as_root:
            namespaces.become_own_user()
        namespaces.unshare(_OWN_VIEWS | namespaces.NEW_PIDS)
        if child := os.fork():
            _end_as(child)
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        root = Path.cwd()
        mounts.make_private()
        mounts.tmpfs(str(root), _ROOT_BYTES)
        readable = (*visible.interpreter(), *map(Path, self._libraries))
        mounts.build_root(root, readable, self._writable, map(Path, self._devices))
        # An unprivileged process may mount its own /proc only while it still sees one (mount_namespaces(7)).
        mounts.proc(str(root / "proc"))
        mounts.enter_root(root)
        mounts.read_only("/", recursive=False)
        # Some libraries look for a folder for temporary files while they are imported.
        mounts.tmpfs(mounts.SANDBOX, _ROOT_BYTES)
        places = _divide(mounts.SANDBOX, (os.getuid(), os.getgid()))
        os.environ |= {"HOME": places.home, "TMPDIR": places.temporary}
        self._own_processes = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def fork(self) -> int:
        """Fork a process that is to be confined: the first one of a process namespace of its own where there are any.

        Returns:
            As os.fork().
        """
        self._forks += 1
        if self.mode != "namespaces":
            return os.fork()
        namespaces.unshare(namespaces.NEW_PIDS)
        child = -1
        try:
            child = os.fork()
        finally:
            if child:
                # Back to this process's own view, or the next unshare would be refused.
                namespaces.enter(self._own_processes, namespaces.NEW_PIDS)
        return child

    def confine(self, confines: Confines, folder: str) -> Places:
        """Confine this process, a fresh fork, for good.

        Args:
            confines: What it may use.
            folder: Where it may write; a root of its own has places for that and does not use it.

        Returns:
            Where it may write; the first of the two is the current folder now.

        Raises:
            OSError: The kernel refuses a step; the process must not go on.
        """
        user = _FIRST_USER + self._forks % _USERS if self._as_root and self.mode != "none" else None
        owner = (os.getuid(), os.getgid()) if user is None else (user, user)
        if self.mode == "namespaces":
            places = _own_views(confines.scratch_bytes, owner)
        else:
            places = _divide(folder, owner)
            os.chown(folder, *owner)
        os.chdir(places.work)
        resources.limit(confines.resources, account_is_its_own=user is not None)
        if self.mode == "none":
            return places
        privileges.drop(user, self._reach_all)
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user has cleared it
        self._restrict_files(places, confines)
        own = self.mode == "namespaces"
        own_signals = own or landlock.scopes_signals(landlock.abi())
        seccomp.install(sockets=own, programs=confines.programs, signals=own_signals, own_files=own)
        return places

    def _restrict_files(self, places: Places, confines: Confines) -> None:
        devices = (*visible.DEVICES, *(self._devices if confines.gpu else ()))
        write = [places.work, places.temporary, places.home]
        if self.mode == "namespaces":
            write += [_SHARED_MEMORY, *(["/proc"] if confines.gpu else [])]  # the driver names its threads there
            landlock.restrict(read=["/"], write=write, devices=devices, programs=confines.programs, tcp=True)
        else:
            read = visible.readable()
            if confines.gpu:
                read, write = (*read, *nvidia.read()), [*write, nvidia.own_process()]
            landlock.restrict(read=read, write=write, devices=devices, programs=confines.programs)


def reads_past_permissions(mode: Mode) -> bool:
    """Whether forks keep the one capability to read past folders' permissions.

    They do where they leave root's account, have no root directory of their own, and Python lies in a folder that is
    closed to other accounts.
    """
    if os.geteuid() != 0 or mode != "landlock":
        return False
    return not privileges.can_read_as(_FIRST_USER, tuple(map(str, visible.interpreter())))


def _own_views(scratch_bytes: int, owner: tuple[int, int]) -> Places:
    """Give a fork its own mounts, network, IPC and host name; one quota holds for all that it writes."""
    namespaces.unshare(_OWN_VIEWS)
    mounts.proc("/proc")
    mounts.tmpfs(mounts.SANDBOX, scratch_bytes)
    places = _divide(mounts.SANDBOX, owner)
    shared = f"{mounts.SANDBOX}/shm"
    _make(shared, owner)
    mounts.bind(shared, _SHARED_MEMORY)
    namespaces.bring_loopback_up()
    socket.sethostname("grader")
    return places


def _divide(folder: str, owner: tuple[int, int]) -> Places:
    """Make the places in a folder."""
    places = Places(f"{folder}/work", f"{folder}/tmp", f"{folder}/home")
    for place in (places.work, places.temporary, places.home):
        _make(place, owner)
    return places


def _make(folder: str, owner: tuple[int, int]) -> None:
    os.mkdir(folder, 0o700)  # noqa: PTH102
    os.chown(folder, *owner)


def _end_as(child: int) -> NoReturn:
    """Wait for a child and end as it ended."""
    os.closerange(3, 64)
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
