"""What notebooks and checks cost by themselves: the least that any grader has to pay for them.

One process imports torch, with what its optimizers import on first use, IPython and the checks. For each notebook it
forks, and the fork runs the cells in IPython's shell and then calls every check once, with inputs of a seed. Counted is
the CPU time between the first cell and the last check: no start, no fork, no confinement, nothing encoded, compared,
recorded or rendered, and no check run again because it failed.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from grader.assignment.folder import Assignment
from grader.authoring.declare import Check
from grader.authoring.load import load_module, members
from grader.authoring.rng import Rng
from grader.authoring.work import Work


@dataclass(frozen=True)
class Own:
    """The CPU time of one notebook by itself, and that of the checks on what it defines."""

    notebook_seconds: float
    checks_seconds: float


def own_costs(assignment: Assignment, notebooks: Sequence[Sequence[str]]) -> list[Own]:
    """Measure notebooks, each given as its code cells, in a process of its own that imports torch."""
    method = multiprocessing.get_context("spawn")
    with method.Pool(1) as pool:
        return [Own(*cost) for cost in pool.apply(_all, (assignment.checks_source(), notebooks))]


def _all(checks: str, notebooks: Sequence[Sequence[str]]) -> list[tuple[float, float]]:
    import torch
    import torch._dynamo

    from grader.observe.run import seed_everything
    from grader.observe.shell import NotebookShell

    torch.set_num_threads(1)
    known = members(load_module(checks, "checks.py"), Check)
    return [_in_fork(lambda cells=cells: _one(NotebookShell(), cells, known, seed_everything)) for cells in notebooks]


def _in_fork(measure: Callable[[], tuple[float, float]]) -> tuple[float, float]:
    reading, writing = os.pipe()
    if os.fork() == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            os.write(writing, json.dumps(measure()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        notebook, checks = json.loads(file.read())
    os.wait()
    return notebook, checks


def _one(shell: Any, cells: Sequence[str], checks: Sequence[Check], seed: Callable[[str], None]) -> tuple[float, float]:
    started = time.process_time()
    for number, cell in enumerate(cells, start=1):
        shell.run(number, cell)
    ran = time.process_time()
    for check in checks:
        seed(check.name)
        with suppress(Exception):
            check.function(Work(shell.user_ns), Rng(check.name))
    return ran - started, time.process_time() - ran
