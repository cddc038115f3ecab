"""kill -9 at any moment: run again, a batch leaves what it leaves undisturbed (see `support.disturbed`)."""

import random
import sys
import time
from collections.abc import Callable

import pytest
from support.disturbed import Classroom, Grading, Tree, kill, left_by, slots_of, wait_until, zygotes_of
from verify.conftest import FILES

from .conftest import GOOD, HALF

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the fork server runs on Linux"),
]

MOMENTS = 50
_STUDENTS = 12
_START_SECONDS, _STEP_SECONDS = 6.0, 0.5
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
def undisturbed(toys: Classroom) -> dict[str, str]:
    """What grading the class leaves when nobody kills anything."""
    grading = toys.graded_in("undisturbed")
    grading.grade("--workers", "2")
    return left_by(grading)


@pytest.mark.parametrize("number", range(MOMENTS))
def test_a_kill_at_a_random_moment_changes_nothing(
    toys: Classroom, undisturbed: dict[str, str], number: int, record_property: Callable[[str, object], None]
) -> None:
    victim = list(VICTIMS)[number % len(VICTIMS)]
    luck = random.Random(f"moment {number}")
    step = luck.randrange(len(toys.students) + (victim == "batch"))
    delay = luck.uniform(0, _STEP_SECONDS if step else _START_SECONDS)
    for again in range(20):  # a delay after which nothing is left to kill is halved
        grading = toys.graded_in(f"moment {number}-{again}")
        if _kill_in(grading, victim, step, delay / 2**again, luck):
            break
    else:
        pytest.fail(f"no {victim} could be killed after {step} attempts")
    print(f"moment {number}: {victim} killed {delay / 2**again:.2f} s after {step} attempts")
    grading.grade("--workers", "2")
    assert left_by(grading) == undisturbed
    assert "0 graded" in grading.grade()


def _kill_in(grading: Grading, victim: str, step: int, delay: float, luck: random.Random) -> bool:
    """Start grading and kill a victim so many seconds after so many attempts; False where it was too late for that."""
    with grading.start("--workers", "2") as process:
        there = wait_until(lambda: grading.finished() >= step and (step or VICTIMS[victim](process.pid)), process)
        if there:
            time.sleep(delay)
        running = process.poll() is None
        tree = Tree(process.pid)
        victims = VICTIMS[victim](process.pid) if running else []
        killed = bool(victims) and kill(luck.choice(victims))
        printed = process.communicate()[0]
    assert tree.left() == []
    if killed and victim != "batch":
        assert process.returncode == 0, printed  # a slot or zygote is replaced at once
    return killed
