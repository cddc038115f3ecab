"""How long `submit` takes beside what it cannot avoid: importing torch, and the notebook's own run.

    uv run python benchmarks/submit.py [--repeats 3]

For each assignment, in one run on one machine, the median wall time and CPU time of
  import     python -c "import torch, torchvision" (the import that every tool pays)
  nbclient   the solution notebook in a bare Jupyter kernel, nothing checked
  submit     `python -m grader submit` on the same notebook: run, checked, judged, recorded, reported
and what `submit` takes beyond import + the notebook's own time (which must stay under a second).
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat

COURSE = Path(__file__).resolve().parents[1]
NBCLIENT = """
import sys, nbformat
from nbclient import NotebookClient
NotebookClient(nbformat.read(sys.argv[1], 4), timeout=300, resources={"metadata": {"path": sys.argv[2]}}).execute()
"""


@dataclass(frozen=True)
class Cost:
    """Medians over the repeats."""

    wall_seconds: float
    cpu_seconds: float


def measure(command: list[str], repeats: int) -> Cost:
    """Run a command several times; its output is shown only when it fails."""
    walls, cpus = [], []
    for _ in range(repeats):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, cwd=COURSE, check=False)
        walls.append(time.monotonic() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return Cost(statistics.median(walls), statistics.median(cpus))


def own_seconds(reports: Path) -> float:
    """The notebook's own time, as the newest grade.json has it."""
    newest = max(reports.rglob("grade.json"), key=lambda path: path.stat().st_mtime_ns)
    return float(json.loads(newest.read_text())["timing"]["notebook_seconds"])


def show(name: str, cost: Cost) -> None:
    print(f"{name:28} {cost.wall_seconds:8.2f} {cost.cpu_seconds:8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, median of {repeats}")
    print(f"{'':28} {'wall s':>8} {'CPU s':>8}")
    # What an ordinary machine has after the first run, also where Python is told not to write bytecode.
    compileall.compile_dir(COURSE / "grader", quiet=1)
    both = measure([sys.executable, "-c", "import torch, torchvision"], repeats)
    show("import torch, torchvision", both)
    for reference in sorted((COURSE / "reference").iterdir()):
        if not (reference / "solution.py").exists():
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            notebook = folder / f"{reference.name}.ipynb"
            nbformat.write(jupytext.read(reference / "solution.py"), notebook)
            bare = measure([sys.executable, "-c", NBCLIENT, str(notebook), str(reference)], repeats)
            show(f"{reference.name} nbclient", bare)
            command = [sys.executable, "-m", "grader", "submit", str(notebook), "--assignment", reference.name]
            reports = folder / "reports"
            submit = measure([*command, "--reports", str(reports)], repeats)
            show(f"{reference.name} submit", submit)
            own = own_seconds(reports)
            beyond = submit.wall_seconds - both.wall_seconds - own
            print(f"{'':28} own time {own:.2f} s; beyond import + own: {beyond:+.2f} s")
            print(f"{'':28} nbclient / submit: {bare.wall_seconds / submit.wall_seconds:.2f}")


if __name__ == "__main__":
    main()
