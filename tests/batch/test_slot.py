"""A slot puts an attempt in place whole or not at all, and leaves nothing else there."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from verify.conftest import FILES

from grader.assignment import folder as course_folder
from grader.batch import slot
from grader.batch.model import MARKER, Box, Done, Item, Marker
from grader.batch.slot import grade_item
from grader.errors import DiskFull
from grader.grading.run import GradingRun
from grader.observe.engine import Engine, EngineFault
from grader.submission import record

from .conftest import GOOD


@pytest.fixture(scope="module")
def run(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradingRun]:
    home = tmp_path_factory.mktemp("course") / "reference" / "toy"
    home.mkdir(parents=True)
    for name, text in FILES.items():
        (home / name).write_text(text)
    assignment = course_folder.load(home.parents[1], "toy")
    with GradingRun(assignment, engine, "a seed", ("cpu",), keep=True) as made:
        yield made


@pytest.fixture
def item(tmp_path: Path) -> Item:
    box = Box(name="toy.py", data=GOOD.encode(), notebook_name="toy.py", notebook=GOOD.encode())
    place = tmp_path / "box.bin"
    place.write_bytes(msgspec.msgpack.encode(box))
    return Item(
        key="ab12",
        box=str(place),
        digest="",
        students=("alice",),
        attempt=1,
        folder=str(tmp_path / "alice" / "attempt-1"),
        submitted_at="2026-01-01T00:00:00+00:00",
    )


def graded(run: GradingRun, item: Item) -> Done:
    return grade_item(run, run.assignment, item)


def put(folder: Path, key: str) -> None:
    """Another slot's attempt."""
    folder.mkdir(parents=True)
    (folder / "grade.json").write_text("theirs")
    (folder / MARKER).write_bytes(msgspec.json.encode(Marker(key=key, students=("alice",))))


def test_a_slot_whose_batch_has_ended_starts_nothing() -> None:
    reading, writing = os.pipe()
    os.close(writing)  # as the kernel does for a batch that was killed
    command = [sys.executable, "-m", "grader.batch.slot", "no start is read"]
    with os.fdopen(reading) as nothing:
        done = subprocess.run(command, stdin=nothing, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_a_disk_that_fills_while_an_attempt_is_written_leaves_nothing_of_it(
    run: GradingRun, item: Item, monkeypatch: pytest.MonkeyPatch, write: int
) -> None:
    count = 0

    def filling(path: Path, data: bytes) -> None:
        nonlocal count
        count += 1
        if count == write:
            raise OSError(errno.ENOSPC, "No space left on device")
        write_atomically(path, data)

    write_atomically = record.write_atomically
    home = Path(item.folder).parent
    with monkeypatch.context() as patch:
        patch.setattr(record, "write_atomically", filling)
        patch.setattr(slot, "write_atomically", filling)
        with pytest.raises(DiskFull, match=f"^{home}: the disk is full .* make room there and give the same command"):
            graded(run, item)
    assert list(home.iterdir()) == []
    assert graded(run, item).score == 5.0


def test_what_a_killed_slot_left_is_removed(run: GradingRun, item: Item) -> None:
    left = Path(item.folder).parent / ".attempt-1-a1b2c3d4"
    left.mkdir(parents=True)
    (left / "grade.json").write_text("{")
    graded(run, item)
    assert [path.name for path in left.parent.iterdir()] == ["attempt-1"]


def test_an_attempt_that_another_slot_put_there_first_stays(
    run: GradingRun, item: Item, monkeypatch: pytest.MonkeyPatch
) -> None:
    first: list[bytes] = []

    def meanwhile(*what: object) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(slot, "write_files", write_files)
            graded(run, item)
        first.append((Path(item.folder) / "grade.json").read_bytes())
        write_files(*what)  # type: ignore[arg-type]

    write_files: Callable[..., None] = slot.write_files
    monkeypatch.setattr(slot, "write_files", meanwhile)
    assert graded(run, item).score == 5.0
    assert (Path(item.folder) / "grade.json").read_bytes() == first[0]
    assert [path.name for path in Path(item.folder).parent.iterdir()] == ["attempt-1"]


def test_an_attempt_of_another_command_is_no_grade_of_this_item(run: GradingRun, item: Item) -> None:
    put(Path(item.folder), "cd34")
    with pytest.raises(EngineFault, match="attempt-1 holds another attempt by now; give the same command again"):
        graded(run, item)
    assert (Path(item.folder) / "grade.json").read_text() == "theirs"


def test_a_grade_that_the_judge_did_not_outlive_is_none(
    run: GradingRun, item: Item, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with GradingRun(run.assignment, engine, "a seed", ("cpu",)) as own:

        def last(*what: object) -> object:
            found = on_devices(*what)  # type: ignore[arg-type]
            own.judging._process.kill()
            return found

        on_devices = own.on_devices
        monkeypatch.setattr(own, "on_devices", last)
        with pytest.raises(EngineFault, match="the judge's process"):
            graded(own, item)
    assert not Path(item.folder).exists()
