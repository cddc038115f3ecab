"""kill -9 at any moment: run again, a batch leaves what it leaves undisturbed (see `support.disturbed`)."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from support.disturbed import Classroom, Grading, Tree, kill, left_by, slots_of, wait_until, zygotes_of
from support.proof import COURSE
from verify.conftest import FILES

from .conftest import GOOD, HALF

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the fork server runs on Linux"),
]

RUNS = 10
# Five moments a run, fifty in all: with the batch itself the run ends, so that it is the last.
KILLED = ("slot", "zygote", "slot", "zygote", "batch")
_STUDENTS = 20
_START_SECONDS, _STEP_SECONDS = 3.0, 0.15
VICTIMS: dict[str, Callable[[int], list[int]]] = {
    "batch": lambda batch: [batch],
    "slot": slots_of,
    "zygote": zygotes_of,
}
OUTSIDE = "# %%\nimport os\nos._exit(3)\n\n# %%\ndef double(x):\n    return x + x\n"
LOOPING = GOOD.replace("return 2 * x", "raise ValueError('no')")
WORKS = (GOOD, HALF, OUTSIDE, LOOPING)


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """A class with right, wrong, crashing and ill-formed work."""
    handed_in = {f"s{i:02}": f"{WORKS[i % 4]}\n# {i}\n".encode() for i in range(_STUDENTS - 1)}
    reference = {name: text.encode() for name, text in FILES.items()}
    return Classroom(tmp_path_factory.mktemp("toys"), "toy", reference, handed_in | {"nothing": b""})


@pytest.fixture(scope="module")
def hw2s(tmp_path_factory: pytest.TempPathFactory) -> Classroom:
    """A class with a shipped assignment: complete, mixed and unwritten notebooks."""
    home = COURSE / "reference" / "hw2"
    reference = {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()}
    notebooks = [*sorted((home / "submissions").glob("*.ipynb")), COURSE / "assignments" / "hw2" / "hw2.ipynb"]
    handed_in = {f"s{i}": notebooks[i % len(notebooks)].read_bytes() for i in range(6)}
    return Classroom(tmp_path_factory.mktemp("hw2s"), "hw2", reference, handed_in, ".ipynb")


@pytest.fixture(scope="module")
def undisturbed(toys: Classroom) -> dict[str, str]:
    """What grading the class leaves when nobody kills anything."""
    return _left_undisturbed(toys)


@dataclass(frozen=True)
class Moment:
    """So many seconds after so many attempts were there."""

    victim: str
    step: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.victim} {self.seconds:.2f} s after {self.step}"


def moments(number: int, students: int) -> list[Moment]:
    """The moments of a run, always the same; in the order in which they come."""
    luck = random.Random(f"run {number}")
    last = len(KILLED) - 1
    # The last few attempts are over before anybody is found to kill.
    steps = sorted(luck.randrange(3 * students // 4) for _ in KILLED)
    victims = [*luck.sample(KILLED[:last], last), KILLED[last]]
    waits = [luck.uniform(0, _STEP_SECONDS if step else _START_SECONDS) for step in steps]
    return list(map(Moment, victims, steps, waits))


@pytest.mark.parametrize("number", range(RUNS))
def test_kills_at_random_moments_change_nothing(toys: Classroom, undisturbed: dict[str, str], number: int) -> None:
    _kill_in_a_run(toys, undisturbed, number)


def test_kills_change_nothing_of_a_shipped_assignment(hw2s: Classroom) -> None:
    _kill_in_a_run(hw2s, _left_undisturbed(hw2s), RUNS)


def _left_undisturbed(classroom: Classroom) -> dict[str, str]:
    grading = classroom.graded_in("undisturbed")
    grading.grade("--workers", "2")
    return left_by(grading)


def _kill_in_a_run(classroom: Classroom, undisturbed: dict[str, str], number: int) -> None:
    grading = classroom.graded_in(f"run {number}")
    planned = moments(number, len(classroom.students))
    with grading.start("--workers", "2") as process:
        killed = [moment for moment in planned if _kill_at(moment, grading, process)]
        printed = process.communicate()[0]
    print(f"run {number}: {len(killed)} killed: {', '.join(map(str, killed))}")
    assert killed, printed
    grading.grade("--workers", "2")
    assert left_by(grading) == undisturbed
    assert "0 graded" in grading.ask(*grading.batch()[3:])


def _kill_at(moment: Moment, grading: Grading, batch: subprocess.Popen[str]) -> bool:
    """Kill a victim at its moment, and see that all it started ends; False where nothing is left to kill."""
    victims = VICTIMS[moment.victim]
    if not wait_until(lambda: grading.finished() >= moment.step and victims(batch.pid), batch):
        return False
    time.sleep(moment.seconds)
    there: list[int] = []
    # One that was there may just have ended, and the next be starting.
    if not wait_until(lambda: there.extend(victims(batch.pid)) or there, batch):
        return False
    victim = random.Random(str(moment)).choice(there)
    tree = Tree(victim)
    killed = kill(victim)
    if moment.victim == "batch":
        batch.wait()
    assert tree.left() == []
    return killed
