"""Run a worker, kill it when an input takes too long, save what killed it, and go on after that input."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from fuzzing.ledger import Entry, Ledger
from fuzzing.worker import save

PROGRAM = Path(__file__).parents[1] / "fuzz.py"
KILL_SECONDS = 20.0  # wall time of one input


@dataclass(frozen=True)
class Figures:
    """What trying many inputs on one door has shown."""

    door: str
    inputs: int
    seconds: float
    accepted: int
    refused: int
    worst_seconds: float
    growth_bytes: int
    findings: tuple[str, ...]


def try_door(door: str, inputs: int, seed: str, findings: Path, program: Path = PROGRAM) -> Figures:
    """Try many inputs on a door, each in a process of its own making.

    Args:
        door: Name of the door.
        inputs: How many to try.
        seed: What they are made from.
        findings: The folder for inputs that found something.
        program: What runs the worker.
    """
    folder = findings / door
    before = len(_logged(folder))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="grader-fuzz-") as name:
        ledger = Ledger(Path(name) / "ledger")
        while (entry := ledger.read()).index < inputs:
            command = [sys.executable, str(program), "--work", name, "--door", door]
            command += ["--seed", seed, "--inputs", str(inputs), "--findings", str(findings)]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
                killed = _wait(process, ledger)
            entry = ledger.read()
            if entry.done:
                break
            _save_death(folder, ledger, entry, process.returncode, killed)
            entry.index += 1
            entry.began_seconds = 0.0
            ledger.write(entry)
    found = tuple(f"{one['kind']} {folder / one['file']}: {one['what'].strip()}" for one in _logged(folder)[before:])
    seconds = time.monotonic() - started
    return Figures(door, inputs, seconds, entry.accepted, entry.refused, entry.worst_seconds, entry.growth_bytes, found)


def _wait(process: subprocess.Popen[bytes], ledger: Ledger) -> bool:
    """Wait for the worker's end; True where it had to be killed."""
    while process.poll() is None:
        began = ledger.read().began_seconds
        if began and time.monotonic() - began > KILL_SECONDS:
            process.kill()
            return True
        time.sleep(0.1)
    return False


def _save_death(folder: Path, ledger: Ledger, entry: Entry, code: int, killed: bool) -> None:
    if not entry.began_seconds:
        raise SystemExit(f"the worker ended with {code} outside of any input")
    what = f"no end after {KILL_SECONDS:g} s" if killed else f"the process died with {code}"
    save(folder, "hang" if killed else "death", ledger.data(), what)


def _logged(folder: Path) -> list[dict[str, str]]:
    log = folder / "findings.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
