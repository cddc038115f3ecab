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
OWN = """
import sys, time, nbformat, torch, torchvision
from IPython.core.interactiveshell import InteractiveShell
cells = [cell.source for cell in nbformat.read(sys.argv[1], 4).cells if cell.cell_type == "code"]
shell, started = InteractiveShell.instance(), time.monotonic()
for cell in cells:
    shell.run_cell(cell).raise_error()
print("\\n", time.monotonic() - started)
"""


@dataclass(frozen=True)
class Cost:
    """What one command took."""

    wall_seconds: float
    cpu_seconds: float


def measure(command: list[str], folder: Path = COURSE) -> tuple[Cost, str]:
    """Run a command; its output is shown only when it fails."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), done.stdout


def median(costs: list[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        statistics.median(cost.wall_seconds for cost in costs), statistics.median(cost.cpu_seconds for cost in costs)
    )


def rounds(reference: Path, repeats: int) -> None:
    """Measure one assignment: all commands side by side in each round, because machines' speed drifts."""
    imports, bares, submits, owns, beyond = [], [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notebook = folder / f"{reference.name}.ipynb"
        nbformat.write(jupytext.read(reference / "solution.py"), notebook)
        python = sys.executable
        grade = [python, "-m", "grader", "submit", str(notebook), "--assignment", reference.name]
        for _ in range(repeats):
            imports.append(measure([python, "-c", "import torch, torchvision"])[0])
            submits.append(measure([*grade, "--reports", str(folder / "reports")])[0])
            owns.append(float(measure([python, "-c", OWN, str(notebook)], reference)[1].splitlines()[-1]))
            bares.append(measure([python, "-c", NBCLIENT, str(notebook), str(reference)])[0])
            beyond.append(submits[-1].wall_seconds - imports[-1].wall_seconds - owns[-1])
    show("import torch, torchvision", median(imports))
    show(f"{reference.name} nbclient", median(bares))
    show(f"{reference.name} submit", median(submits))
    own, ratio = statistics.median(owns), median(bares).wall_seconds / median(submits).wall_seconds
    print(f"{'':28} own time {own:.2f} s; submit beyond import + own time: {statistics.median(beyond):+.2f} s")
    print(f"{'':28} nbclient / submit: {ratio:.2f}")


def show(name: str, cost: Cost) -> None:
    print(f"{name:28} {cost.wall_seconds:8.2f} {cost.cpu_seconds:8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    # What an ordinary machine has after the first run, also where Python is told not to write bytecode.
    compileall.compile_dir(COURSE / "grader", quiet=1)
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, median of {repeats}")
    print(f"{'':28} {'wall s':>8} {'CPU s':>8}")
    for reference in sorted((COURSE / "reference").iterdir()):
        if (reference / "solution.py").exists():
            rounds(reference, repeats)


if __name__ == "__main__":
    main()
