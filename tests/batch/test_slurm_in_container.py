"""The Slurm array once more with Debian's own Slurm in a container, where this machine has none."""

import os
import re
import sys

import pytest
from support.container import run_in_container
from support.proof import COURSE

PACKAGES = "slurmctld,slurmd,slurm-client,munge,python3"
OPTIONS = (
    *("--network", "host"),  # Slurm looks for an address beside loopback
    *("--tmpfs", "/tmp:rw,exec,size=2g,mode=1777", "-e", "LANG=C.UTF-8", "-e", "PYTHONDONTWRITEBYTECODE=1"),
    *("-e", f"PATH={COURSE}/.venv/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
)
ARRAY = (sys.executable, "-m", "pytest", "tests/batch/test_machines.py", "-m", "slurm", "-n", "0", "-rA", "-q")

pytestmark = [pytest.mark.slow, pytest.mark.slurm]


def test_a_slurm_array_in_a_container(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = os.environ.get("GRADER_SLURM_CONTAINER") or tmp_path_factory.mktemp("slurm")
    done = run_in_container(folder, PACKAGES, OPTIONS, (*ARRAY, "-p", "no:cacheprovider"), 1200)
    print(done.stdout[-3000:])
    assert re.search(r"\b1 passed", done.stdout[-500:]), (done.stdout + done.stderr)[-5000:]
