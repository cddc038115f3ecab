"""Hostile bytes at every door of the grader's own process: none may crash it, hang it, or make it eat memory.

    uv run python benchmarks/fuzz.py [--door wire] [--inputs 100000] [--seed 1]
    uv run python benchmarks/fuzz.py --door wire --replay FILE
    uv run --group fuzz python benchmarks/fuzz.py --engine atheris --door wire --seconds 60

Inputs are valid ones of that door, most of them spoilt: bits flipped, pieces cut, copied and spliced, lengths and
integers at their extremes, deep nesting, duplicate keys, impossible shapes, halves of characters. A process of its
own tries them, with a bound on its memory, and is killed where one takes too long. A finding is an exception other
than the door's own error, a death of the process, more than a second of CPU time for less than a megabyte, or
memory out of proportion to the input; each input that finds one is kept for --replay.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from fuzzing.doors import DOORS
from fuzzing.guided import guide, try_guided
from fuzzing.ledger import Ledger
from fuzzing.watch import Figures, try_door
from fuzzing.worker import bound_memory, inputs, try_one, work


def main() -> int:
    options = _parser().parse_args()
    findings = options.findings or Path(tempfile.gettempdir()) / "grader-fuzz-findings"
    if options.work:
        door, ledger = DOORS[options.door], Ledger(Path(options.work) / "ledger")
        tried = inputs(door, options.door, options.seed, ledger.read().index, options.inputs)
        work(door, tried, ledger, findings / options.door)
        return 0
    if options.guided:
        guide(options.door, options.guided, options.seconds, findings)
    if options.replay:
        return _replay(options.door, options.replay)
    if options.engine == "atheris":
        doors = [options.door] if options.door else ["wire", "notebook"]
        return max(try_guided(door, options.seconds, options.seed, findings) for door in doors)
    print(f"{'door':10} {'inputs':>8} {'inputs/s':>9} {'accepted':>9} {'refused':>8} {'worst s':>8} {'growth MiB':>11}")
    found = [
        _show(try_door(d, options.inputs, options.seed, findings)) for d in ([options.door] if options.door else DOORS)
    ]
    return 1 if any(found) else 0


def _show(figures: Figures) -> bool:
    print(
        f"{figures.door:10} {figures.inputs:8} {figures.inputs / figures.seconds:9.0f} {figures.accepted:9} "
        f"{figures.refused:8} {figures.worst_seconds:8.2f} {figures.growth_bytes / 2**20:11.0f}",
        flush=True,
    )
    for finding in figures.findings:
        print(f"  {finding}", flush=True)
    return bool(figures.findings)


def _replay(name: str | None, path: Path) -> int:
    """Try one kept input again; its exception ends this process with a traceback."""
    if name is None:
        sys.exit("--replay needs --door")
    data = path.read_bytes()
    with tempfile.TemporaryDirectory(prefix="grader-fuzz-") as folder:
        door = DOORS[name]
        for warm in inputs(door, "warm", "warm", 0, 20):
            try_one(door, warm, Path(folder), Path(folder) / "findings")
        bound_memory()
        seconds, accepted = try_one(door, data, Path(folder), Path(folder) / "found")
        log = Path(folder) / "found" / "findings.jsonl"
        print(log.read_text() if log.exists() else "nothing found")
    print(f"{len(data)} bytes, accepted: {accepted}, {seconds:.3f} s of CPU time")
    return int(log.exists())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--door", choices=DOORS, help="one door; all where left away")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--findings", type=Path, help="where inputs that found something are kept")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="try one kept input again")
    parser.add_argument("--engine", choices=("own", "atheris"), default="own")
    parser.add_argument("--seconds", type=int, default=60, help="how long --engine atheris runs for each door")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--guided", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
