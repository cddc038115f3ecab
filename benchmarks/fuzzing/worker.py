"""The process that tries inputs: bounded in memory, and watched from outside because it may hang or die."""

from __future__ import annotations

import json
import os
import re
import resource
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterable
from pathlib import Path
from random import Random

from fuzzing.doors import Door
from fuzzing.ledger import Ledger
from fuzzing.mutate import LARGEST_INPUT_BYTES

SLOW_SECONDS = 1.0  # CPU time of an input below a megabyte; more is a hang
MEMORY_BYTES = 2 * 1024**3  # address space beyond what the process has once it is warm
_WARM_INPUTS = 300
_GROWTH_BYTES, _GROWTH_FACTOR = 64 * 1024**2, 64  # what one input may add to the peak: this, and this often its size


def inputs(door: Door, name: str, seed: str, start: int, end: int) -> Iterable[bytes]:
    """The inputs of a seed: each is made from its own number, so that any of them can be made again."""
    for index in range(start, end):
        yield door.make(Random(f"{seed} {name} {index}"))[:LARGEST_INPUT_BYTES]


def work(door: Door, tried: Iterable[bytes], ledger: Ledger, findings: Path) -> None:
    """Try inputs until there are no more, and save those that find something.

    Args:
        door: What to try them on.
        tried: The inputs; the ledger says how many have been tried already.
        ledger: Where to say so.
        findings: The folder for inputs that found something.
    """
    # Told once is enough for a reader of the log; here it would be told a hundred thousand times.
    warnings.simplefilter("ignore")
    entry = ledger.read()
    with tempfile.TemporaryDirectory(prefix="grader-fuzz-") as name:
        _warm_up(door, Path(name))
        bound_memory()
        base, peak, watcher = _peak_bytes(), _peak_bytes(), os.getppid()
        for data in tried:
            if os.getppid() != watcher:
                return  # nobody is watching any more
            ledger.begin(entry, data)
            seconds, accepted = try_one(door, data, Path(name), findings)
            entry.accepted += accepted is True
            entry.refused += accepted is False
            entry.worst_seconds = max(entry.worst_seconds, seconds)
            grown = _peak_bytes() - peak
            if grown > _GROWTH_BYTES + _GROWTH_FACTOR * len(data):
                save(findings, "memory", data, f"the peak of memory grew by {grown >> 20} MiB for {len(data)} bytes")
            peak += grown
            entry.growth_bytes = max(entry.growth_bytes, peak - base)
            entry.index += 1
            entry.began_seconds = 0.0
            ledger.write(entry)
    entry.done = 1
    ledger.write(entry)


def try_one(door: Door, data: bytes, folder: Path, findings: Path) -> tuple[float, bool | None]:
    """Try one input.

    Returns:
        Its CPU time, and whether it was accepted; None where the door raised, which is saved.
    """
    started = time.process_time()
    accepted: bool | None
    try:
        accepted = door.enter(data, folder)
    except Exception:  # noqa: BLE001 - whatever a door raises is what is looked for
        accepted = None
        save(findings, "crash", data, traceback.format_exc())
    seconds = time.process_time() - started
    if seconds > SLOW_SECONDS and len(data) < 1_000_000:
        save(findings, "hang", data, f"{seconds:.1f} s of CPU time for {len(data)} bytes")
    return seconds, accepted


def save(findings: Path, kind: str, data: bytes, what: str) -> None:
    """Keep an input that found something, once for each place in the code that it found."""
    place = "".join(line for line in what.splitlines() if line.startswith("  File"))[-400:] if kind == "crash" else ""
    findings.mkdir(parents=True, exist_ok=True)
    log = findings / "findings.jsonl"
    known = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    same = [found for found in known if found["kind"] == kind and found["place"] == place]
    # Of hangs and memory a few each: they have no place to tell them apart by.
    if len(same) >= (1 if kind == "crash" else 5):
        return
    path = findings / f"{kind}-{len(known)}"
    path.write_bytes(data)
    with log.open("a") as file:
        file.write(json.dumps({"kind": kind, "file": path.name, "place": place, "what": what[-2_000:]}) + "\n")


def bound_memory() -> None:
    """Let the process have this much more address space than it has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def _warm_up(door: Door, folder: Path) -> None:
    """Import and cache all that an ordinary input needs, so that it counts as no input's memory or time."""
    for data in inputs(door, "warm", "warm", 0, _WARM_INPUTS):
        try_one(door, data, folder, folder / "warm findings")


def _peak_bytes() -> int:
    # Not getrusage: what it says includes the parent's peak at the time of the fork.
    with open("/proc/self/status", "rb") as status:  # noqa: PTH123 - called for each input
        return int(re.search(rb"VmHWM:\s+(\d+)", status.read())[1]) * 1024  # type: ignore[index]
