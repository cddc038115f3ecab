"""Run a command in a podman container on a small Debian of its own (see container.sh)."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.proof import COURSE


def run_in_container(
    folder: Path | str, packages: str, options: Sequence[str], command: Sequence[str], seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run a command in a container; skips where there can be none.

    Args:
        folder: Keeps the Debian for the next time.
        packages: What it has besides the least, separated by commas.
        options: Podman's, none with a blank in it.
        command: The command; it finds the course and Python where they are here.
        seconds: A time limit.
    """
    missing = [name for name in ("podman", "debootstrap") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root, podman and debootstrap; missing: {', '.join(missing) or 'root'}")
    return subprocess.run(
        ["sh", str(Path(__file__).with_name("container.sh")), str(folder), *command],
        cwd=COURSE,
        env={**os.environ, "PACKAGES": packages, "OPTIONS": " ".join(options)},
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
