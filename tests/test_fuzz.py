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


NAMES = ("wire", "claims", "notebook", "percent", "page", "report", "settings", "recording")
PLANTED = """
import os, sys, time
sys.path.insert(0, {benchmarks!r})
from fuzzing import doors, watch, worker
from fuzzing.doors import Door

def enter(data, folder):
    number = int(data)
    if {bad}:
        {act}
    return number % 2 == 0

doors.DOORS["planted"] = Door(lambda rng: b"%d" % rng.randrange(200, 1000), enter)
worker._WARM_INPUTS = 0
worker.inputs = lambda door, name, seed, start, end: (b"%d" % number for number in range(start, end))
"""


@pytest.mark.parametrize("name", NAMES)
def test_inputs_of_a_seed_are_the_same_each_time_and_some_are_accepted(doors, name: str, tmp_path: Path) -> None:
    door = doors.DOORS[name]
    made = [door.make(Random(f"a {number}")) for number in range(60)]
    assert made == [door.make(Random(f"a {number}")) for number in range(60)]
    outcomes = [door.enter(data, tmp_path) for data in made]
    assert True in outcomes and False in outcomes


def planted(act: str, tmp_path: Path) -> tuple[list[dict[str, str]], Path]:
    """Try ten inputs on a door that does something bad on number 7; what was found, and where it is kept."""
    ledger = tmp_path / "ledger"
    code = PLANTED.format(benchmarks=str(BENCHMARKS), bad="number == 7", act=act) + (
        "from pathlib import Path\nfrom fuzzing.ledger import Ledger\n"
        f"ledger = Ledger(Path({str(ledger)!r}))\ndoor = doors.DOORS['planted']\n"
        "worker.work(door, worker.inputs(door, '', '', ledger.read().index, 10), ledger, Path(sys.argv[1]))\n"
        "print(ledger.read().accepted, ledger.read().refused, ledger.read().done)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "found")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["5", "4" if "raise" in act else "5", "1"]
    log = (tmp_path / "found" / "findings.jsonl").read_text()
    return [json.loads(line) for line in log.splitlines()], tmp_path / "found"


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        ("raise KeyError(7)", "crash"),
        ("end = time.process_time() + 1.2\n        while time.process_time() < end: pass", "hang"),
        ("bytearray(os.urandom(1)) * 200_000_000", "memory"),
    ],
)
def test_what_is_planted_is_found_and_kept(act: str, kind: str, tmp_path: Path) -> None:
    (found,), folder = planted(act, tmp_path)
    assert found["kind"] == kind
    assert (folder / found["file"]).read_bytes() == b"7"


def test_an_input_that_ends_the_process_is_saved_and_the_rest_is_tried(tmp_path: Path, doors) -> None:
    from fuzzing import watch

    figures = watch.try_door("settings", 40, "s", tmp_path)
    assert (figures.accepted + figures.refused, figures.findings) == (40, ())


def test_a_kept_input_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"title = 3")
    command = [sys.executable, str(BENCHMARKS / "fuzz.py"), "--door", "settings", "--replay", str(tmp_path / "kept")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "nothing found\n9 bytes, accepted: False" in done.stdout
