"""The filter's program, run by a small machine for classic BPF: what it allows and what it answers instead."""

import errno
import sys

import pytest

from grader.confine import seccomp
from grader.confine.syscalls import call, machine, number

pytestmark = pytest.mark.skipif(not machine(), reason="the machine's system call numbers are not known")

ALLOW, KILL, REFUSE = 0x7FFF_0000, 0x8000_0000, 0x0005_0000
ARCHITECTURE = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}.get(machine(), 0)
UNIX, INET, NETLINK, PACKET = 1, 2, 16, 17


def answer(
    program: list[seccomp.Instruction], name: str | int, *arguments: int, architecture: int = ARCHITECTURE
) -> int:
    """Run the program on one system call, as the kernel does."""
    call_number = number(name) if isinstance(name, str) else name
    words = {0: call_number, 4: architecture}
    words |= {16 + 8 * place: value & 0xFFFF_FFFF for place, value in enumerate((*arguments, 0, 0, 0, 0, 0, 0)[:6])}
    at = loaded = 0
    while True:
        code, if_true, if_false, operand = program[at]
        at += 1
        if code == 0x20:
            loaded = words[operand] or 0
        elif code == 0x06:
            return operand
        else:
            holds = {0x15: loaded == operand, 0x35: loaded >= operand, 0x45: bool(loaded & operand)}[code]
            at += if_true if holds else if_false


def refused(code: int) -> int:
    return REFUSE | code


FULL = seccomp.assemble(sockets=True, programs=False, signals=True, own_files=True) if machine() else []
BARE = seccomp.assemble(sockets=False, programs=False, signals=False, own_files=False) if machine() else []


@pytest.mark.parametrize("name", ["mount", "ptrace", "bpf", "unshare", "setns", "keyctl", "execve", "io_uring_setup"])
def test_what_no_exercise_needs_is_refused(name: str) -> None:
    assert answer(FULL, name) == answer(BARE, name) == refused(errno.EPERM)


def test_everything_else_is_allowed() -> None:
    known = {number(name) for name in seccomp._OTHERS + seccomp._MOUNTS + seccomp._SURFACE + seccomp._SHARED}
    for each in (0, 1, 3, 9, 11, 12, 24, 39, 60, 96, 228, 231):  # read, write, mmap, getpid ... on x86_64
        if each not in known and machine() == "x86_64":
            assert answer(FULL, each) == ALLOW


def test_a_call_of_another_architecture_ends_the_process() -> None:
    assert answer(FULL, "mount", architecture=0x4000_0003) == KILL


@pytest.mark.skipif(machine() != "x86_64", reason="x86_64 alone has a second numbering")
def test_the_second_numbering_is_not_there() -> None:
    assert answer(FULL, 0x4000_0000 + 39) == refused(errno.ENOSYS)


@pytest.mark.parametrize("flag", [0x0002_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000])
def test_clone_makes_processes_and_threads_but_no_namespace(flag: int) -> None:
    fork, thread = 17, 0x3D0F00
    assert answer(FULL, "clone", fork) == answer(FULL, "clone", thread) == ALLOW
    assert answer(FULL, "clone", fork | flag) == refused(errno.EPERM)
    assert answer(FULL, "clone3") == refused(errno.ENOSYS)


@pytest.mark.parametrize(
    ("family", "protocol", "allowed"),
    [(UNIX, 0, True), (INET, 6, True), (10, 0, True), (NETLINK, 0, True), (NETLINK, 9, False), (PACKET, 0, False)],
)
def test_sockets_of_an_own_network(family: int, protocol: int, allowed: bool) -> None:
    expected = ALLOW if allowed else refused(errno.EAFNOSUPPORT)
    assert answer(FULL, "socket", family, 1, protocol) == expected
    assert answer(BARE, "socket", family, 1, protocol) == refused(errno.EAFNOSUPPORT)


def test_only_pairs_of_unix_sockets_need_no_network() -> None:
    assert answer(BARE, "socketpair", UNIX, 1) == ALLOW
    assert answer(BARE, "socketpair", INET, 1) == refused(errno.EAFNOSUPPORT)


def test_terminals_cannot_be_typed_into() -> None:
    assert answer(FULL, "ioctl", 0, 0x5412) == refused(errno.EPERM)
    assert answer(FULL, "ioctl", 0, 0x541C) == refused(errno.EPERM)
    assert answer(FULL, "ioctl", 0, 0x5401) == ALLOW


def test_limits_are_set_on_oneself_only() -> None:
    assert answer(FULL, "prlimit64", 0, 7) == ALLOW
    assert answer(FULL, "prlimit64", 4711, 7) == refused(errno.EPERM)


def test_orphans_stay_with_the_session() -> None:
    assert answer(FULL, "prctl", 36, 0) == refused(errno.EPERM)
    assert answer(FULL, "prctl", 15, 0) == ALLOW


def test_signals_are_refused_only_where_they_could_reach_others() -> None:
    assert answer(FULL, "kill", 1, 9) == ALLOW
    assert answer(BARE, "kill", 1, 9) == answer(BARE, "tgkill", 1, 1, 9) == refused(errno.EPERM)


@pytest.mark.parametrize("name", ["fchmod", "fchmodat", "fchownat", "utimensat", "setxattr"])
def test_modes_and_times_stay_as_they_are_where_files_are_shared(name: str) -> None:
    assert answer(FULL, name) == ALLOW
    assert answer(BARE, name) == refused(0)


def test_programs_are_a_courses_choice() -> None:
    assert answer(seccomp.assemble(sockets=True, programs=True, signals=True, own_files=True), "execve") == ALLOW


def test_jumps_are_short_enough_for_a_byte() -> None:
    assert max(max(if_true, if_false) for _, if_true, if_false, _ in FULL) < 256
    assert len(FULL) < 4096  # BPF_MAXINSNS


@pytest.mark.skipif(sys.platform != "linux", reason="system calls of Linux")
def test_a_failing_system_call_says_which_it_was() -> None:
    with pytest.raises(OSError, match="setns: Bad file descriptor"):
        call("setns", -1, 0)
