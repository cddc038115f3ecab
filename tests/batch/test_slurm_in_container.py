"""The Slurm array once more with Debian's own Slurm in a container, where this machine has none."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COURSE = Path(__file__).resolve().parents[2]
ARRAY = (sys.executable, "-m", "pytest", "tests/batch/test_machines.py", "-m", "slurm", "-n", "0", "-rA", "-q")

pytestmark = [pytest.mark.slow, pytest.mark.slurm]


def test_a_slurm_array_in_a_container(tmp_path_factory: pytest.TempPathFactory) -> None:
    missing = [name for name in ("podman", "debootstrap") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root, podman and debootstrap; missing: {', '.join(missing) or 'root'}")
    folder = os.environ.get("GRADER_SLURM_CONTAINER") or str(tmp_path_factory.mktemp("slurm"))
    command = ["sh", str(Path(__file__).with_name("container.sh")), folder, *ARRAY, "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=COURSE, capture_output=True, text=True, check=False, timeout=1200)
    print(done.stdout[-3000:])
    assert re.search(r"\b1 passed", done.stdout[-500:]), (done.stdout + done.stderr)[-5000:]
