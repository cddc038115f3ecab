"""Run commands one after the other and time each, where other tools are installed.

    uv run --with nbgrader --with otter-grader python benchmarks/rivals/timed.py JOBS ANSWER

JOBS is JSON: "jobs", each with a "command" (what follows the interpreter) and a "folder", and "packages", whose
versions go into ANSWER beside what each command took. Nothing of the grader is imported.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path


def main(jobs: Path, answer: Path) -> None:
    asked = json.loads(jobs.read_text())
    costs = [measure(job["command"], job["folder"]) for job in asked["jobs"]]
    answer.write_text(json.dumps({"versions": {name: version(name) for name in asked["packages"]}, "costs": costs}))


def measure(command: list[str], folder: str) -> dict[str, float]:
    """Run a command with this interpreter; its output is shown only when it fails."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False, env=os.environ
    )
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_seconds": wall, "cpu_seconds": cpu}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
