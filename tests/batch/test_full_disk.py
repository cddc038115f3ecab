"""A full disk stops a batch with what to do; with room made, the same command goes on to the same gradebook."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.disturbed import SEED, Classroom, left_by
from verify.conftest import FILES

from .conftest import GOOD, HALF

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fork server runs on Linux")

Disk = Callable[[Path, str], None]


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    handed_in = {f"s{i}": f"{(GOOD, HALF)[i % 2]}\n# {i}\n".encode() for i in range(6)}
    return Classroom(tmp_path_factory.mktemp("toys"), "toy", {n: t.encode() for n, t in FILES.items()}, handed_in)


@pytest.fixture(scope="module")
def undisturbed(toys: Classroom) -> dict[str, str]:
    grading = toys.graded_in("undisturbed")
    grading.grade("--workers", "2")
    return left_by(grading)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Puts a file system in memory of some size over a folder: ``disk(folder, "1m")``; again, it has another size."""
    mounted: list[Path] = []

    def of_size(folder: Path, size: str) -> None:
        again = folder in mounted
        options = f"remount,size={size}" if again else f"size={size}"
        command = ["mount", "-t", "tmpfs", "-o", options, "grader-tests", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode and not again:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        if not again:
            mounted.append(folder)

    yield of_size
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("kilobytes", [8, 24, 40, 60, 120, 160, 200, 280, 360, 440, 520, 560, 590])
def test_a_disk_that_fills_at_any_moment_loses_nothing(
    toys: Classroom, undisturbed: dict[str, str], disk: Disk, kilobytes: int
) -> None:
    grading = toys.graded_in(f"full at {kilobytes}")
    reports = grading.place / "reports"
    disk(reports, f"{kilobytes}k")
    work = grading.reports / ".batch"
    work.mkdir(parents=True)
    (work / "seed").write_text(SEED)
    said, code = _stopped(grading.batch("--workers", "2"), grading.place)
    kept = {path: path.stat().st_mtime_ns for path in grading.reports.glob("*/attempt-1")}
    print(f"{kilobytes} kB: {len(kept)} graded; exit {code}: {said}")
    assert code == 2, said
    assert said.startswith("grader: ")
    assert "make room there and give the same command again" in said
    assert len(said.splitlines()) == 1
    disk(reports, "20m")
    grading.grade("--workers", "2")
    assert _by_student(left_by(grading)) == _by_student(undisturbed)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def _by_student(left: dict[str, str]) -> dict[str, object]:
    """What is left, with the gradebook's rows by student: those graded before the disk was full came in first."""
    rows = [json.loads(line) for line in left["table attempts"].splitlines()]
    told = sorted((row["student"], {**row, "id": 0}) for row in rows)
    return {**left, "table attempts": told}


def _stopped(command: list[str], place: Path) -> tuple[str, int]:
    """What a command says at its end, and its exit code."""
    here = {**os.environ, "TMPDIR": str(place / "tmp")}
    done = subprocess.run(command, cwd=place, env=here, capture_output=True, text=True, check=False)
    return done.stderr.strip(), done.returncode
