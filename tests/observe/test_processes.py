"""What a process has started can be ended from outside, whatever shape it has taken."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.observe.processes import descendants, kill_descendants

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="process trees are read from /proc")

# A first thread that ends by itself leaves a process that looks dead (state Z) and still runs another thread.
_WITHOUT_FIRST_THREAD = """
import ctypes, threading, time
threading.Thread(target=lambda: time.sleep(60)).start()
ctypes.CDLL(None).pthread_exit(None)
"""
_PARENT = """
import subprocess, sys, time
children = [subprocess.Popen([sys.executable, "-c", text]) for text in sys.argv[1:]]
print("started", flush=True)
time.sleep(60)
"""


@pytest.fixture
def parent_of() -> Iterator[Callable[..., int]]:
    started: list[subprocess.Popen[str]] = []

    def start(*texts: str) -> int:
        process = subprocess.Popen([sys.executable, "-c", _PARENT, *texts], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        return process.pid

    yield start
    for process in started:
        process.kill()
        process.wait()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _until(what: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_everything_below_a_process_is_ended_and_the_process_goes_on(parent_of: Callable[..., int]) -> None:
    parent = parent_of("import time; time.sleep(60)", "import subprocess; subprocess.run(['sleep', '60'])")
    _until(lambda: len(descendants(parent)) == 3)
    below = descendants(parent)
    assert kill_descendants(parent) == 3
    _until(lambda: all(_state(pid) == "Z" for pid in descendants(parent)))
    assert set(descendants(parent)) <= set(below)
    assert _state(parent) in "SR"


def test_a_process_whose_first_thread_has_ended_is_ended_too(parent_of: Callable[..., int]) -> None:
    parent = parent_of(_WITHOUT_FIRST_THREAD)
    _until(lambda: descendants(parent) and _state(descendants(parent)[0]) == "Z")
    assert kill_descendants(parent) == 1


def test_what_has_ended_is_not_ended_again(parent_of: Callable[..., int]) -> None:
    parent = parent_of("pass")
    _until(lambda: descendants(parent) and _state(descendants(parent)[0]) == "Z")
    assert kill_descendants(parent) == 0
