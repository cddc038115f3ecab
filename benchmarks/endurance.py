"""A thousand submissions in a row through one zygote, a tenth of them hostile: nothing may be left, nothing may change.

    uv run python benchmarks/endurance.py [--submissions 1000] [--confinement auto]

The red team's toy course (tests/redteam) is graded again and again with one seed. Every honest grade must equal, field
by field but for times, the grade of the same notebook graded first, alone. Afterwards the processes, descriptors and
temporary files of the grader, and the memory of grader and zygote, are compared with those after the first hundred.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from redteam import corpus, toy
from redteam.neighbour import Neighbour
from redteam.traces import Listener, files, processes

from grader.grading.model import Grade
from grader.grading.run import GradingRun
from grader.observe.warm import Zygote

SEED = "a seed for a thousand"
WARM = 100


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--confinement", choices=("auto", "strict", "landlock"), default="auto")
    options = parser.parse_args()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grader-endurance-")))
        (place / "tmp").mkdir()
        place.chmod(0o755)
        tempfile.tempdir = str(place / "tmp")
        tokens = toy.Secrets()
        listener = stack.enter_context(closing(Listener(tokens.network, place)))
        assignment = toy.build(place / "course", tokens)
        zygote = stack.enter_context(closing(Zygote(confinement=options.confinement)))
        if zygote.mode == "none":
            sys.exit("nothing confines here: the hostile tenth would be let loose on this machine")
        stack.enter_context(closing(Neighbour(zygote)))
        known = {"course": assignment.root, "pid": os.getpid(), "port": listener.port}
        known |= {"socket": listener.path, "abstract": listener.abstract}
        attacks = itertools.cycle(corpus.load(name) for name in corpus.NAMES if name not in LEFT_OUT)
        run = Run(assignment, zygote, known)
        alone = {name: run.honest(name) for name in toy.BASES}
        before: dict[str, object] = {}
        different, started = 0, time.monotonic()
        for number in range(options.submissions):
            if number == WARM:
                before = state(zygote, place)
            if number % 10 == 9:
                run.hostile(next(attacks))
            else:
                name = list(toy.BASES)[number % len(toy.BASES)]
                different += run.honest(name) != alone[name]
        seconds = time.monotonic() - started
        time.sleep(1.0)
        after = state(zygote, place)
    print(f"{options.submissions} submissions ({zygote.mode}), {options.submissions / seconds:.1f} a second")
    print(f"honest grades that differ from the one graded alone: {different}")
    grown = 0
    for what, value in after.items():
        print(f"{what:28} after {WARM}: {before.get(what)}   at the end: {value}")
        grown += isinstance(value, int) and "MB" not in what and value > int(str(before.get(what, 0)))
    return 1 if different or grown else 0


# Those that take seconds to run into a limit of memory or size; the red team's tests run them.
LEFT_OUT = {"large_observations", "message_at_the_limit", "hog_the_processors"}


class Run:
    """Grades toy submissions with one zygote."""

    def __init__(self, assignment: object, zygote: Zygote, known: dict[str, object]) -> None:
        self._assignment, self._zygote, self._known = assignment, zygote, known

    def honest(self, name: str) -> Grade:
        """The grade of an honest notebook, without its times."""
        with GradingRun(self._assignment, self._zygote, SEED) as run:
            return toy.without_times(run.grade(toy.submission(toy.BASES[name])).grade)

    def hostile(self, attack: corpus.Attack) -> None:
        """Grade an attack."""
        limited = toy.limited(self._assignment, **attack.limits)
        with GradingRun(limited, self._zygote, SEED) as run:
            run.grade(toy.submission(attack.added_to(toy.BASES[attack.base], **self._known)))


def state(zygote: Zygote, place: Path) -> dict[str, object]:
    """What the grader holds."""
    return {
        "processes": len(processes(zygote)),
        "descriptors of the grader": len(list(Path("/proc/self/fd").iterdir())),
        "descriptors of the zygote": sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in zygotes(zygote)),
        "temporary files": len(files(place / "tmp")),
        "memory of the grader, MB": resident("self") // 1_000_000,
        "memory of the zygote, MB": sum(resident(str(pid)) for pid in zygotes(zygote)) // 1_000_000,
    }


def zygotes(zygote: Zygote) -> list[int]:
    """The zygote's processes: where it has namespaces, the one that waits outside and the one within."""
    from grader.observe.processes import children

    outer = zygote._process.pid
    return [outer, *children(outer)[:1]] if zygote.mode == "namespaces" else [outer]


def resident(pid: str) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    sys.exit(main())
