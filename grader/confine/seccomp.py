"""System calls that no exercise needs, refused by a filter in the kernel (seccomp(2)).

The filter is a program of classic BPF over struct seccomp_data: the call's number at byte 0, the architecture at 4,
the arguments from 16 on, eight bytes each.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Iterable
from types import MappingProxyType

from grader.confine.syscalls import call, machine, number

_AUDIT_ARCH = MappingProxyType({"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7})  # linux/audit.h
_X32 = 0x4000_0000
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF_0000, 0x0005_0000, 0x8000_0000
_SET_MODE_FILTER = 1
_NEW_NAMESPACES = 0x7E02_0000  # every CLONE_NEW flag of clone(2)
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # ioctl_tty(2): type into a terminal as if from its keyboard
_PR_SET_CHILD_SUBREAPER = 36
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_NETLINK_ROUTE = 0

# Reaching into another process.
_OTHERS = (
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp", "pidfd_open",
    "pidfd_getfd", "pidfd_send_signal", "migrate_pages", "move_pages",
)  # fmt: skip
# Changing what the file system is, or opening files other than by their path.
_MOUNTS = (
    "mount", "umount2", "pivot_root", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick",
    "mount_setattr", "chroot", "unshare", "setns", "name_to_handle_at", "open_by_handle_at", "fanotify_init",
    "quotactl", "quotactl_fd", "acct", "swapon", "swapoff",
)  # fmt: skip
# Wide and young parts of the kernel, in which its holes are found.
_SURFACE = (
    "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open", "userfaultfd", "add_key",
    "request_key", "keyctl", "init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot",
    "iopl", "ioperm", "modify_ldt", "syslog", "lookup_dcookie", "memfd_secret", "personality", "vhangup", "uselib",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname",
)  # fmt: skip
# Memory and queues that outlive a process, or that no memory limit sees (System V and POSIX message queues, memfd).
_SHARED = (
    "shmget", "shmat", "shmctl", "shmdt", "semget", "semop", "semctl", "semtimedop", "msgget", "msgsnd", "msgrcv",
    "msgctl", "mq_open", "mq_unlink", "memfd_create",
)  # fmt: skip
# A file's mode, owner and dates: Landlock has no rule for them, and the account may own more than its scratch.
_METADATA = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "futimesat",
    "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
)  # fmt: skip
_PROGRAMS = ("execve", "execveat")
_SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")

Instruction = tuple[int, int, int, int]


def install(*, sockets: bool, programs: bool, signals: bool, own_files: bool) -> None:
    """Filter this process's system calls from now on, and those of all it starts; no_new_privs must be set.

    Args:
        sockets: Whether it has a network of its own, so that sockets lead nowhere; otherwise none can be made.
        programs: Whether it may start other programs.
        signals: Whether signals reach only what is its own; otherwise none can be sent.
        own_files: Whether it sees no files that others need; otherwise modes, owners and times stay as they are.

    Raises:
        OSError: The kernel refuses, or the machine's numbers are not known.
    """
    program = assemble(sockets=sockets, programs=programs, signals=signals, own_files=own_files)
    data = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(data, len(data))
    head = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))  # struct sock_fprog
    call("seccomp", _SET_MODE_FILTER, 0, head)


def assemble(*, sockets: bool, programs: bool, signals: bool, own_files: bool) -> list[Instruction]:
    """The filter's program; arguments as for `install`.

    Returns:
        Its instructions: code, jump if true, jump if false, operand.
    """
    refused = [*_OTHERS, *_MOUNTS, *_SURFACE, *_SHARED]
    refused += [] if programs else _PROGRAMS
    refused += [] if signals else _SIGNALS
    program: list[Instruction] = [
        (_LOAD, 0, 0, 4),
        (_JUMP_EQUAL, 1, 0, _AUDIT_ARCH[machine()]),
        (_RETURN, 0, 0, _KILL),  # calls of another architecture have other numbers
        (_LOAD, 0, 0, 0),
    ]
    if machine() == "x86_64":
        program += [(_JUMP_AT_LEAST, 0, 1, _X32), _refuse(errno.ENOSYS)]
    for name in refused:
        program += _where(name, [_refuse(errno.EPERM)])
    if not own_files:
        for name in _METADATA:
            # Answered as done and not done, since copying a file sets its mode and would fail otherwise.
            program += _where(name, [_refuse(0)])
    # clone3 hides its flags in memory; told that there is none, the C library falls back to clone.
    program += _where("clone3", [_refuse(errno.ENOSYS)])
    program += _where("clone", [_argument(0), (_JUMP_ANY_BIT, 0, 1, _NEW_NAMESPACES), _refuse(errno.EPERM)])
    program += _where("ioctl", _unless_none_of(1, (_TIOCSTI, _TIOCLINUX)))
    program += _where("prctl", _unless_none_of(0, (_PR_SET_CHILD_SUBREAPER,)))
    program += _where("prlimit64", [_argument(0), (_JUMP_EQUAL, 1, 0, 0), _refuse(errno.EPERM)])
    program += _where("socket", _own_network() if sockets else [_refuse(errno.EAFNOSUPPORT)])
    program += _where("socketpair", [_argument(0), (_JUMP_EQUAL, 1, 0, _UNIX), _refuse(errno.EAFNOSUPPORT)])
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _where(name: str, then: list[Instruction]) -> list[Instruction]:
    """Instructions that run for one system call only; the number is loaded again after them."""
    known = number(name)
    if known is None:
        return []
    if then[0][0] == _RETURN:
        return [(_JUMP_EQUAL, 0, 1, known), *then]
    return [(_JUMP_EQUAL, 0, len(then) + 1, known), *then, (_LOAD, 0, 0, 0)]


def _argument(place: int) -> Instruction:
    """Load the lower half of an argument; both machines are little-endian."""
    return (_LOAD, 0, 0, 16 + 8 * place)


def _refuse(code: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | code)


def _unless_none_of(place: int, values: Iterable[int]) -> list[Instruction]:
    found = [_argument(place)]
    for value in values:
        found += [(_JUMP_EQUAL, 0, 1, value), _refuse(errno.EPERM)]
    return found


def _own_network() -> list[Instruction]:
    """Allow what programs on one host talk by; of netlink only the list of interfaces, which gloo asks for."""
    end = 8
    return [
        _argument(0),
        (_JUMP_EQUAL, end - 2, 0, _UNIX),
        (_JUMP_EQUAL, end - 3, 0, _INET),
        (_JUMP_EQUAL, end - 4, 0, _INET6),
        (_JUMP_EQUAL, 0, 2, _NETLINK),
        _argument(2),
        (_JUMP_EQUAL, 1, 0, _NETLINK_ROUTE),
        _refuse(errno.EAFNOSUPPORT),
    ]
