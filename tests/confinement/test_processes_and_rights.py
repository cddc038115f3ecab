"""Promises about processes and rights: confined code sees, signals and traces only its own, and gains nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import msgspec
import pytest
from confinement.conftest import LIMITS, PROBE, Inside

from grader.confine.syscalls import number
from grader.observe.warm import Zygote

CALL = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
    return errno.errorcode.get(ctypes.get_errno(), "?") if result == -1 else "allowed"
"""


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process of this account that has nothing to do with the grader."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_other_processes_cannot_be_seen(inside: Inside) -> None:
    seen = inside(
        "import os\ndef probe():\n    try: return [p for p in os.listdir('/proc') if p.isdigit()]\n"
        "    except PermissionError: return []"
    )
    assert set(seen) <= {"1", "2"} | {str(n) for n in range(3, 8)}
    assert str(os.getpid()) not in seen


def test_other_processes_cannot_be_signalled(inside: Inside, bystander: subprocess.Popen[bytes]) -> None:
    targets = [bystander.pid, os.getpid(), os.getppid(), -bystander.pid, -os.getpgid(0)]
    targets = [target for target in targets if abs(target) > 1]  # 1 is the session itself where it has its own view
    found = inside(
        f"import os, signal\ndef probe():\n    found = []\n    for target in {targets}:\n"
        "        for number in (0, signal.SIGCONT, signal.SIGKILL):\n"
        "            try: os.kill(target, number); found.append((target, int(number)))\n"
        "            except OSError: pass\n    return found"
    )
    assert found == []
    assert bystander.poll() is None


def test_everything_that_can_be_signalled_is_its_own(inside: Inside, bystander: subprocess.Popen[bytes]) -> None:
    inside.outcome("import os, signal\ndef probe():\n    os.kill(-1, signal.SIGKILL)\n    return 1")
    assert bystander.poll() is None
    assert inside("def probe(): return 'the next one is graded'") == "the next one is graded"


def test_a_neighbour_cannot_be_signalled_or_traced(confined: Zygote) -> None:
    first, second = Inside(confined), Inside(confined)
    try:
        session = first.session_of("def probe(): return 'unharmed'")
        assert session._process is not None
        pid = session._process.pid
        found = second(
            f"{CALL}\nimport os\ndef probe():\n    found = [call({number('ptrace')}, 16, {pid}, 0, 0)]\n"
            f"    try: os.kill({pid}, 9); found.append('allowed')\n    except OSError: found.append('refused')\n"
            "    return found"
        )
        assert found[0] != "allowed"
        # In a process namespace of its own that number may be another process's, its own check's.
        assert found[1] == "refused"
        answer = session.check([PROBE]).outcomes[0]
        assert "Returned" in type(answer).__name__
    finally:
        first.close()
        second.close()


def test_memory_of_other_processes_cannot_be_read(inside: Inside, bystander: subprocess.Popen[bytes]) -> None:
    found = inside(
        f"{CALL}\ndef probe():\n    buffer = ctypes.create_string_buffer(64)\n"
        f"    found = [call({number('process_vm_readv')}, {bystander.pid}, buffer, 1, buffer, 1, 0)]\n"
        f"    found.append(call({number('ptrace')}, 16, {bystander.pid}, 0, 0))\n"
        f"    found.append(call({number('pidfd_open')}, {bystander.pid}, 0))\n"
        f"    try: open('/proc/{bystander.pid}/mem', 'rb'); found.append('allowed')\n"
        "    except OSError as error: found.append(type(error).__name__)\n    return found"
    )
    assert "allowed" not in found


def test_it_holds_no_rights_and_gets_none_back(inside: Inside) -> None:
    found = inside(
        f"{CALL}\nimport os, struct\ndef probe():\n"
        "    head, data = struct.pack('Ii', 0x20080522, 0), ctypes.create_string_buffer(24)\n"
        "    libc.capget(head, data)\n    regained = []\n"
        "    for become in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgroups([0])):\n"
        "        try: become(); regained.append(os.getuid())\n        except OSError: pass\n"
        "    return {'capabilities': data.raw.hex(), 'no new privileges': libc.prctl(39, 0, 0, 0, 0),\n"
        "            'user': os.getuid(), 'regained': regained, 'groups': os.getgroups()}"
    )
    # Where other accounts cannot reach Python, the one to read past folders' permissions is kept; see privileges.drop.
    past_folders = (4).to_bytes(4, "little").hex() * 2 + "00" * 16
    assert found["capabilities"] in ("00" * 24, past_folders)
    if inside.engine.mode == "namespaces":
        assert found["capabilities"] == "00" * 24
    assert found["no new privileges"] == 1
    assert found["regained"] == []
    if os.geteuid() == 0:
        assert found["user"] > 60_000
        assert found["groups"] == []


@pytest.mark.parametrize(
    "name",
    [
        "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_by_handle_at", "io_uring_setup", "bpf",
        "perf_event_open", "userfaultfd", "add_key", "keyctl", "init_module", "kexec_load", "reboot", "swapon",
        "syslog",
        "settimeofday", "sethostname", "acct", "quotactl", "move_mount", "fsopen", "mount_setattr", "memfd_secret",
        "process_vm_writev", "ptrace", "kcmp", "pidfd_getfd", "shmget", "semget", "msgget", "mq_open", "personality",
    ],
)  # fmt: skip
def test_a_system_call_that_no_exercise_needs_is_refused(inside: Inside, name: str) -> None:
    assert inside(f"{CALL}\ndef probe(): return call({number(name)}, 0, 0, 0, 0, 0)") == "EPERM"


def test_no_namespace_can_be_made_by_clone(inside: Inside) -> None:
    new_user, child_signal = 0x1000_0000, int(signal.SIGCHLD)
    found = inside(
        f"{CALL}\ndef probe():\n"
        f"    return [call({number('clone')}, {new_user | child_signal}, 0, 0, 0, 0), call({number('clone3')}, 0, 0)]"
    )
    assert found == ["EPERM", "ENOSYS"]


def test_calls_of_another_numbering_are_refused(inside: Inside) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("only x86_64 has a second numbering (x32)")
    assert inside(f"{CALL}\ndef probe(): return call(0x40000000 + 39)") == "ENOSYS"


def test_programs_cannot_be_started(inside: Inside) -> None:
    found = inside(
        "import subprocess\ndef probe():\n    try: subprocess.run(['/bin/true']); return 'ran'\n"
        "    except PermissionError: return 'refused'"
    )
    assert found == "refused"


def test_a_course_can_allow_programs(inside: Inside) -> None:
    allowed = msgspec.structs.replace(LIMITS, programs=True)
    code = "import subprocess\ndef probe(): return subprocess.check_output(['/bin/sh', '-c', 'echo hi'], text=True)"
    assert inside(code, allowed) == "hi\n"


def test_limits_cannot_be_raised(inside: Inside) -> None:
    found = inside(
        "import resource\ndef probe():\n    raised = []\n"
        "    for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):\n"
        "        soft, hard = resource.getrlimit(kind)\n"
        "        try: resource.setrlimit(kind, (hard + 1, hard + 1)); raised.append(kind)\n"
        "        except (ValueError, OSError): pass\n    return raised"
    )
    assert found == []


def test_limits_of_others_cannot_be_set(inside: Inside, bystander: subprocess.Popen[bytes]) -> None:
    found = inside(
        f"import resource\ndef probe():\n    try: resource.prlimit({bystander.pid}, resource.RLIMIT_CPU, (1, 1))\n"
        "    except (OSError, ValueError): return 'refused'\n    return 'allowed'"
    )
    assert found == "refused"


def test_nothing_outlives_its_session(inside: Inside, confined: Zygote) -> None:
    before = processes_of(confined)
    code = (
        "import os, signal, time\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        for n in range(1, 65):\n"
        "            try: signal.signal(n, signal.SIG_IGN)\n"
        "            except (OSError, ValueError): pass\n"
        "        if os.fork() == 0:\n            while True: time.sleep(60)\n"
        "        os._exit(0)\n"
        "def probe(): return 1"
    )
    assert inside(code) == 1
    inside.close()
    deadline = time.monotonic() + 2
    while (left := processes_of(confined) - before) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == set()


def processes_of(engine: Zygote) -> set[int]:
    from grader.observe.processes import descendants

    return set(descendants(engine._process.pid))
