"""Promises about limits: memory, processes, files, output and time end what goes over them, and nothing else."""

import time

import msgspec
import pytest
from confinement.conftest import LIMITS, PROBE, Inside

from grader.wire.outcome import Raised, Stopped

SMALL = msgspec.structs.replace(LIMITS, memory_bytes=600_000_000)
SHORT = msgspec.structs.replace(LIMITS, check_seconds=1.0)


def test_memory_of_many_processes_counts_together(inside: Inside) -> None:
    end = inside.end_of(
        "import os, time\nfor _ in range(12):\n    if os.fork() == 0:\n"
        "        kept = bytearray(os.urandom(1 << 20)) * 100\n        time.sleep(20)\n        os._exit(0)\n"
        "time.sleep(20)",
        SMALL,
    )
    assert (end.reason, end.message) == ("memory", "more than 600 MB of memory were used")


def test_memory_of_one_process_is_refused_or_ended(inside: Inside) -> None:
    outcome = inside.outcome("def probe():\n    kept = []\n    while True: kept.append(bytearray(1 << 24))", SMALL)
    assert (isinstance(outcome, Raised) and outcome.error == "MemoryError") or (
        isinstance(outcome, Stopped) and outcome.reason == "memory"
    )


def test_a_fork_bomb_ends_within_its_limits(inside: Inside) -> None:
    started = time.monotonic()
    outcome = inside.outcome(
        "import os\ndef probe():\n    while True:\n        try: os.fork()\n        except OSError: pass", SHORT
    )
    assert isinstance(outcome, Stopped)
    assert outcome.reason in ("processes", "timeout", "memory")
    assert time.monotonic() - started < 10
    assert inside("def probe(): return 'the machine is usable'") == "the machine is usable"


def test_more_processes_than_allowed_are_told(inside: Inside) -> None:
    outcome = inside.outcome(
        "import os, time\ndef probe():\n    for _ in range(60):\n        try:\n"
        "            if os.fork() == 0:\n                time.sleep(30)\n                os._exit(0)\n"
        "        except BlockingIOError: return 'refused'\n    time.sleep(30)"
    )
    refused = not isinstance(outcome, Stopped)
    assert refused or (outcome.reason, outcome.detail) == (
        "processes",
        "more than 40 processes were running at a time",
    )


@pytest.mark.parametrize(
    "write",
    [
        "open('big', 'wb').write(b'x' * 60_000_000)",
        "[open(f'f{n}', 'wb').write(b'x' * 1_000_000) for n in range(60)]",
        "[open(os.environ['TMPDIR'] + f'/f{n}', 'wb').write(b'x' * 1_000_000) for n in range(60)]",
        "[open(f'/dev/shm/f{n}', 'wb').write(b'x' * 1_000_000) for n in range(60)]",
    ],
    ids=["one big file", "many files", "temporary files", "shared memory"],
)
def test_files_have_a_quota(inside: Inside, write: str) -> None:
    outcome = inside.outcome(f"import os, time\ndef probe():\n    {write}\n    time.sleep(3)\n    return 'all written'")
    ended = isinstance(outcome, Stopped) and outcome.reason == "files"
    assert ended or (isinstance(outcome, Raised) and outcome.error in ("OSError", "PermissionError")), outcome


def test_a_sparse_file_takes_no_more_than_the_quota(inside: Inside) -> None:
    outcome = inside.outcome("def probe():\n    with open('sparse', 'wb') as file: file.truncate(1 << 40)")
    assert isinstance(outcome, Raised)
    assert outcome.error == "OSError"


def test_descriptors_run_out_inside_only(inside: Inside) -> None:
    code = (
        "def probe():\n    kept = []\n    try:\n        while True: kept.append(open('/dev/null'))\n"
        "    except OSError: return len(kept)"
    )
    assert 900 < inside(code) <= 1024


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "[signal.signal(n, signal.SIG_IGN) for n in range(1, 65) if n not in (9, 19, 32, 33)]\n    while True: pass",
        "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); time.sleep(60)",
        "os.kill(os.getpid(), signal.SIGSTOP); time.sleep(60)",
    ],
    ids=["loop", "signals ignored", "inside C code", "signals blocked", "stopped"],
)
def test_time_is_kept_from_outside(inside: Inside, loop: str) -> None:
    started = time.monotonic()
    outcome = inside.outcome(f"import os, signal, time\ndef probe():\n    {loop}", SHORT)
    assert isinstance(outcome, Stopped), outcome
    assert outcome.reason == "timeout"
    assert time.monotonic() - started < 8
    session = inside.session
    assert session is not None
    assert session.check([PROBE]).seconds[0] >= 0


def test_output_is_cut_and_ended(inside: Inside) -> None:
    outcome = inside.outcome("import os\ndef probe():\n    while True: os.write(1, b'x' * 65536)")
    assert isinstance(outcome, Stopped)
    assert outcome.reason == "output"
