"""Many machines, some of which are killed: the gradebook is the one that a single machine fills."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from support.disturbed import SLOT, ZYGOTE, Classroom, Grading, Tree, command_of, kill, left_by, wait_until
from support.slurm import Slurm, one_node_slurm
from verify.conftest import FILES

from grader.observe.processes import descendants

from .conftest import GOOD, HALF

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the fork server runs on Linux"),
]

STUDENTS, FEW = 200, 12
CRASHING = "# %%\nimport os\nos._exit(3)\n\n# %%\ndef double(x):\n    return x + x\n"
TEMPLATE = Path(__file__).parents[2] / "docs" / "cluster" / "slurm.sh"


def class_of(home: Path, students: int) -> Classroom:
    handed_in = {f"s{i:03}": f"{(GOOD, HALF, GOOD, CRASHING)[i % 4]}\n# {i}\n".encode() for i in range(students)}
    return Classroom(home, "toy", {name: text.encode() for name, text in FILES.items()}, handed_in)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    return class_of(tmp_path_factory.mktemp("many"), STUDENTS)


@pytest.fixture(scope="module")
def on_one_machine(many: Classroom) -> dict[str, str]:
    grading = many.graded_in("local")
    started = time.monotonic()
    grading.grade("--workers", "2")
    print(f"local: {STUDENTS} in {time.monotonic() - started:.0f} s")
    return left_by(grading)


def test_four_parts_one_of_them_killed_and_run_again(many: Classroom, on_one_machine: dict[str, str]) -> None:
    grading = many.graded_in("parts")
    started = time.monotonic()
    parts = [grading.start("--shard", f"{number}/4", "--workers", "1") for number in (1, 2, 3, 4)]
    assert wait_until(lambda: grading.finished() >= STUDENTS // 2, parts[1])
    tree = Tree(parts[1].pid)
    kill(parts[1].pid)
    assert tree.left() == []
    for part in parts:
        said = part.communicate()[0]
        assert part.returncode == (-9 if part is parts[1] else 0), said
    there = grading.finished()
    assert there < STUDENTS
    grading.grade("--shard", "2/4", "--workers", "1")
    assert grading.ask("collect", "toy", "--course", "../../course") == f"{STUDENTS} attempts entered\n"
    print(f"parts: {STUDENTS} in {time.monotonic() - started:.0f} s; {STUDENTS - there} left to the part run again")
    assert _but_boxes(left_by(grading)) == on_one_machine


def test_dask_with_a_worker_its_nanny_and_its_zygote_killed(many: Classroom, on_one_machine: dict[str, str]) -> None:
    pytest.importorskip("distributed")
    grading = many.graded_in("dask")
    started = time.monotonic()
    with _dask(grading, workers=2) as (scheduler, nannies):
        with grading.start("--engine", "dask", "--scheduler", scheduler) as batch:
            assert wait_until(lambda: grading.finished() >= STUDENTS // 2, batch)
            tree = Tree(nannies[0].pid)
            below = descendants(nannies[0].pid)
            zygotes = [pid for pid in below if ZYGOTE in command_of(pid)]
            workers = [pid for pid in below if "spawn_main" in command_of(pid)]
            there = grading.finished()
            assert [bool(kill(pid)) for pid in (nannies[0].pid, workers[0], zygotes[0])] == [True] * 3
            nannies[0].wait()
            assert any(SLOT in command_of(pid) for pid in below) or there
            said = batch.communicate()[0]
        assert tree.left() == []
        assert batch.returncode == 0, said
    print(f"dask: {STUDENTS} in {time.monotonic() - started:.0f} s; killed when {there} were there")
    assert left_by(grading) == on_one_machine


@pytest.mark.slurm
def test_a_slurm_array_one_part_of_it_killed(tmp_path: Path) -> None:
    few = class_of(tmp_path, FEW)
    local, grading = few.graded_in("local"), few.graded_in("slurm")
    (grading.place / "reference").symlink_to("../../course/reference")
    with tempfile.TemporaryDirectory(prefix="slurm-") as place, one_node_slurm(Path(place), 4, 40_000) as slurm:
        command = ["sbatch", "--parsable", "--array=1-4", "--cpus-per-task=1", "--mem=8G", str(TEMPLATE)]
        started = time.monotonic()
        job = slurm.ask([*command, "toy", "../../submissions"], grading.place).strip()
        killed = _kill_part(grading, "2/4")
        states = _end_of(slurm, job)
        assert sorted(states) == ["COMPLETED"] * 3 + ["FAILED"] if killed else ["COMPLETED"] * 4, states
        again = slurm.ask([*command, "toy", "../../submissions"], grading.place).strip()
        assert _end_of(slurm, again) == ["COMPLETED"] * 4
        print(f"slurm: {FEW} in {time.monotonic() - started:.0f} s, first {states}")
    local.grade("--workers", "2")
    for log in grading.place.glob("slurm-*.out"):
        print(log.name, log.read_text().strip().splitlines()[-2:])
    assert grading.ask("collect", "toy") == f"{FEW} attempts entered\n"
    assert _but_boxes(left_by(grading)) == left_by(local)


def _but_boxes(left: dict[str, str]) -> dict[str, str]:
    """What parts leave, without what was laid out for them: none of them knows whether it is the last one."""
    return {name: text for name, text in left.items() if "/.batch/boxes/" not in name}


@contextmanager
def _dask(grading: Grading, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """A scheduler and workers, each with a nanny: the scheduler's address, and the nannies."""
    address = grading.place / "tmp" / "scheduler.json"
    here = {"cwd": grading.place, "text": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask, name = [sys.executable, "-m", "distributed.cli.dask_scheduler"], ["--scheduler-file", str(address)]
    scheduler = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"]
    worker = ["--host", "127.0.0.1", "--nworkers", "1", "--nthreads", "1", "--no-dashboard"]
    started: list[subprocess.Popen[str]] = [subprocess.Popen([*dask, *name, *scheduler], **here)]
    try:
        assert wait_until(address.exists, started[0])
        dask[-1] = "distributed.cli.dask_worker"
        started += [subprocess.Popen([*dask, *name, *worker], **here) for _ in range(workers)]
        yield json.loads(address.read_text())["address"], started[1:]
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(60)


def _kill_part(grading: Grading, part: str) -> bool:
    """Kill the batch that grades a part, once it has graded something; False where it ended before."""
    seen = False
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        running = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
        found = [pid for pid in running if _is_part(pid, grading, part)]
        if found and grading.finished() >= FEW // 4:
            return kill(found[0])
        if seen and not found:
            return False
        seen = seen or bool(found)
        time.sleep(0.02)
    return False


def _is_part(pid: int, grading: Grading, part: str) -> bool:
    with suppress(OSError):
        return f"--shard {part}" in command_of(pid) and Path(f"/proc/{pid}/cwd").resolve() == grading.place
    return False


def _end_of(slurm: Slurm, job: str) -> list[str]:
    """The states of an array's parts once none is left to run."""
    deadline = time.monotonic() + 500
    while time.monotonic() < deadline:
        states = slurm.states(job)
        if not {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING"} & set(states):
            return states
        time.sleep(0.5)
    pytest.fail(f"the array is not done: {states}")
