"""The same promises hold for an ordinary account, and in an unprivileged container, where no namespace can be made."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COURSE = Path(__file__).resolve().parents[2]
SUITE = (sys.executable, "-m", "pytest", "tests/confinement", "-q", "-p", "no:cacheprovider", "-m", "not slow")

pytestmark = pytest.mark.slow


def passed_and_failed(command: tuple[str, ...]) -> tuple[int, int, str]:
    done = subprocess.run(command, cwd=COURSE, capture_output=True, text=True, check=False, timeout=900)
    counts = {what: int(number) for number, what in re.findall(r"(\d+) (passed|failed|error)", done.stdout[-500:])}
    return (
        counts.get("passed", 0),
        counts.get("failed", 0) + counts.get("error", 0),
        (done.stdout + done.stderr)[-5000:],
    )


def test_as_an_ordinary_account() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can become somebody else; an ordinary account just runs this folder")
    elsewhere = str(Path(__file__).with_name("elsewhere.py"))
    passed, failed, said = passed_and_failed((sys.executable, elsewhere, "1000", *SUITE))
    assert failed == 0, said
    assert passed > 150, said


def test_in_an_unprivileged_container(tmp_path_factory: pytest.TempPathFactory) -> None:
    missing = [name for name in ("podman", "debootstrap") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root, podman and debootstrap; missing: {', '.join(missing) or 'root'}")
    folder = os.environ.get("GRADER_CONTAINER") or str(tmp_path_factory.mktemp("container"))
    script = str(Path(__file__).with_name("container.sh"))
    passed, failed, said = passed_and_failed(("sh", script, folder, *SUITE))
    assert failed == 0, said
    assert passed > 75, said
