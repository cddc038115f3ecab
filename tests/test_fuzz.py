"""The fuzzer itself: it finds what is planted, keeps it for replay, goes on after it, and leaves sound doors alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import fuzzing.doors

    return fuzzing.doors


NAMES = ("wire", "claims", "notebook", "percent", "page", "report", "settings", "recording", "roll", "roster")
PLANTED = """
import os, signal, sys, time
from pathlib import Path
sys.path.insert(0, {benchmarks!r})
from fuzzing import worker
from fuzzing.doors import Door
from fuzzing.ledger import Ledger

def enter(data, folder):
    number = int(data)
    if number == 7:
        {act}
    return number % 2 == 0

worker._WARM_INPUTS = 0
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
ledger = Ledger(Path(options["--work"]) / "ledger")
numbers = (b"%d" % number for number in range(ledger.read().index, int(options["--inputs"])))
worker.work(Door(None, enter), numbers, ledger, Path(options["--findings"]) / options["--door"])
"""


@pytest.mark.parametrize("name", NAMES)
def test_inputs_of_a_seed_are_the_same_each_time_and_some_are_accepted(doors, name: str, tmp_path: Path) -> None:
    door = doors.DOORS[name]
    made = [door.make(Random(f"a {number}")) for number in range(60)]
    assert made == [door.make(Random(f"a {number}")) for number in range(60)]
    outcomes = [door.enter(data, tmp_path) for data in made]
    assert True in outcomes and False in outcomes


@pytest.mark.parametrize(
    ("act", "kind", "tried"),
    [
        ("raise KeyError(7)", "crash", (5, 4)),
        ("end = time.process_time() + 1.2\n        while time.process_time() < end: pass", "hang", (5, 5)),
        ("bytearray(b'x') * 200_000_000", "memory", (5, 5)),
        ("bytearray(b'x') * 4_000_000_000", "crash", (5, 4)),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "death", (5, 4)),
        ("time.sleep(60)", "hang", (5, 4)),
    ],
    ids=["an exception", "a second of work", "much memory", "too much memory", "a crash", "no end"],
)
def test_what_is_planted_is_found_and_kept_and_the_rest_is_tried(
    act: str, kind: str, tried: tuple[int, int], doors: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fuzzing import watch

    monkeypatch.setattr(watch, "KILL_SECONDS", 5.0)
    program = tmp_path / "planted.py"
    program.write_text(PLANTED.format(benchmarks=str(BENCHMARKS), act=act))
    figures = watch.try_door("planted", 10, "s", tmp_path / "found", program)
    (found,) = (json.loads(line) for line in (tmp_path / "found/planted/findings.jsonl").read_text().splitlines())
    assert (found["kind"], figures.accepted, figures.refused) == (kind, *tried)
    assert (tmp_path / "found/planted" / found["file"]).read_bytes() == b"7"
    assert len(figures.findings) == 1


def test_a_sound_door_is_left_alone(doors: ModuleType, tmp_path: Path) -> None:
    from fuzzing import watch

    figures = watch.try_door("settings", 40, "s", tmp_path)
    assert (figures.accepted + figures.refused, figures.findings) == (40, ())


def test_a_kept_input_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"title = 3")
    command = [sys.executable, str(BENCHMARKS / "fuzz.py"), "--door", "settings", "--replay", str(tmp_path / "kept")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "nothing found\n9 bytes, accepted: False" in done.stdout
