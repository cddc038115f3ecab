"""What confinement costs: a submission's start and end, and one check, with and without it, side by side.

    uv run python benchmarks/confinement.py [--rounds 60]

In each round every mode that works here takes its turn, so that a machine whose speed drifts slows all of them.
  submission   a process is forked and confined, runs a notebook of one small cell, and is ended
  check        one check that calls a small function, in a fork of that process
The aim: at most 10 ms a submission and 3 ms a check more than without confinement.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections import defaultdict
from contextlib import ExitStack, closing

from grader.assignment.model import Limits
from grader.confine.plan import why_not
from grader.observe.protocol import CheckSource
from grader.observe.supervisor import Session
from grader.observe.warm import Zygote

CELL = "import torch\ndef double(x): return 2 * x"
CHECK = CheckSource(
    "from grader.authoring import check\n@check(exercise='double', points=1)\ndef doubles(work, rng):\n"
    "    'Every number is doubled.'\n    return {'doubled': work.double(rng.normal(3))}\n",
    "doubles",
    "seed",
)


def measure(engine: Zygote) -> tuple[float, float]:
    """Milliseconds of one submission without its check, and of one check."""
    started = time.perf_counter()
    session = Session(engine, [(1, CELL)], Limits(), "seed")
    try:
        session.run_notebook()
        ready = time.perf_counter()
        session.check([CHECK])
        checked = time.perf_counter()
    finally:
        session.close()
    ended = time.perf_counter()
    return 1000 * (ready - started + ended - checked), 1000 * (checked - ready)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with ExitStack() as stack:
        engines = {"none": stack.enter_context(closing(Zygote(confinement="none")))}
        for mode, wanted in (("landlock", "landlock"), ("namespaces", "strict")):
            if why := why_not(mode):
                print(f"{mode} does not work here: {why}")
            else:
                engines[mode] = stack.enter_context(closing(Zygote(confinement=wanted)))
        for engine in engines.values():
            measure(engine)  # the first one pays for what is loaded late
        for _ in range(rounds):
            for mode, engine in engines.items():
                found[mode].append(measure(engine))
    base = [statistics.median(column) for column in zip(*found["none"], strict=True)]
    print(f"{os.cpu_count()} cores, median of {rounds} rounds")
    print(f"{'':12} {'submission ms':>14} {'more':>7} {'check ms':>10} {'more':>7}")
    for mode, figures in found.items():
        submission, check = (statistics.median(column) for column in zip(*figures, strict=True))
        print(f"{mode:12} {submission:14.1f} {submission - base[0]:+7.1f} {check:10.1f} {check - base[1]:+7.1f}")


if __name__ == "__main__":
    main()
