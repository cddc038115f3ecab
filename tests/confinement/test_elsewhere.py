"""The same promises hold for an ordinary account, and in an unprivileged container, where no namespace can be made."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.container import run_in_container
from support.proof import COURSE

SUITE = (sys.executable, "-m", "pytest", "tests/confinement", "-q", "-p", "no:cacheprovider", "-m", "not slow")
UNPRIVILEGED = (
    *("--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--user", "10001:10001", "--pids-limit", "512", "--memory", "6g", "--memory-swap", "6g"),
    *("--tmpfs", "/tmp:rw,size=1g,mode=1777"),
)
_SECONDS = 900

pytestmark = pytest.mark.slow


def passed_and_failed(done: subprocess.CompletedProcess[str]) -> tuple[int, int, str]:
    counts = {what: int(number) for number, what in re.findall(r"(\d+) (passed|failed|error)", done.stdout[-500:])}
    return (
        counts.get("passed", 0),
        counts.get("failed", 0) + counts.get("error", 0),
        (done.stdout + done.stderr)[-5000:],
    )


def test_as_an_ordinary_account() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can become somebody else; an ordinary account just runs this folder")
    command = (sys.executable, str(Path(__file__).with_name("elsewhere.py")), "1000", *SUITE)
    done = subprocess.run(command, cwd=COURSE, capture_output=True, text=True, check=False, timeout=_SECONDS)
    passed, failed, said = passed_and_failed(done)
    assert failed == 0, said
    assert passed > 150, said


def test_in_an_unprivileged_container(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = os.environ.get("GRADER_CONTAINER") or tmp_path_factory.mktemp("container")
    passed, failed, said = passed_and_failed(run_in_container(folder, "python3", UNPRIVILEGED, SUITE, _SECONDS))
    assert failed == 0, said
    assert passed > 75, said
