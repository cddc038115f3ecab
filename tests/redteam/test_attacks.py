"""Every attack, in every mode that confines: no point more, no secret out, no trace left, nobody else touched."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from redteam import corpus, toy
from redteam.conftest import SEED, Field
from redteam.corpus import Attack
from redteam.leaks import Text
from redteam.neighbour import Neighbour
from redteam.traces import files, gone, processes, students_files

from grader.grading.model import Grade
from grader.grading.run import Graded, GradingRun
from grader.observe.warm import Zygote
from grader.report.html import render

_SLACK_SECONDS = 1.0  # what a limit may be exceeded by
_WORK_SECONDS = 6.0  # grading without any limit run into takes 0.4 s; the machine may be busy
_GROWTH_BYTES = 400_000_000


@pytest.fixture(params=corpus.NAMES)
def attack(request: pytest.FixtureRequest) -> Attack:
    return corpus.load(request.param)


def test_no_attack_gains_anything_or_leaves_a_trace(
    attack: Attack,
    field: Field,
    zygote: Zygote,
    neighbour: Neighbour,
    honest: dict[str, Grade],
) -> None:
    before, there, others = processes(zygote), files(field.place), students_files()
    visits = len(field.listener.visits)
    assignment = toy.limited(field.assignment, **attack.limits)
    cells = attack.added_to(toy.BASES[attack.base], **field.filled)
    with GradingRun(assignment, zygote, SEED) as run, peak_memory() as grown_bytes:
        started = time.monotonic()
        graded = run.grade(toy.submission(cells))
        seconds = time.monotonic() - started
        clean = run.grade(toy.submission(toy.CORRECT)).grade
    problems = {
        "points": scores_as_expected(attack, graded.grade, honest[attack.base]),
        "end of its cell": [] if (end := ended(attack, graded.grade, cells)) in attack.cell else [end],
        "what it says that it got": boasts(graded),
        "seconds": [seconds] if seconds > most_seconds(attack, field) else [],
        "processes left": gone(zygote, before),
        "files changed": changed(there, files(field.place)),
        "files left elsewhere": students_files() - others,
        "connections": field.listener.visits[visits:],
        "secrets": leaked(field, neighbour, graded),
        "memory of the grader": [grown] if (grown := grown_bytes()) > _GROWTH_BYTES else [],
        "neighbour": [] if neighbour.undisturbed() else [neighbour.state()],
        "the next grade": [] if toy.without_times(clean) == toy.without_times(honest["correct"]) else [clean],
    }
    assert {what: found for what, found in problems.items() if found} == {}


@contextmanager
def peak_memory() -> Iterator[Callable[[], int]]:
    """Watch the most memory that this process, the grader, holds at a time; afterwards: by how much it grew."""
    Path("/proc/self/clear_refs").write_text("5")
    start = _peak_bytes()
    yield lambda: _peak_bytes() - start


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def scores_as_expected(attack: Attack, grade: Grade, honest: Grade) -> list[str]:
    """Which exercises got more than the honest work, or not what the attack's header says."""
    problems = [] if grade.status == "graded" else [f"status {grade.status}"]
    lost, won = attack.exercises("lost"), attack.exercises("won")
    assert lost | won <= set(toy.EXERCISES)
    for got, deserved in zip(grade.exercises, honest.exercises, strict=True):
        if got.score > deserved.score and got.id not in won:
            problems.append(f"{got.id} gained {got.score - deserved.score:g} points")
        if got.id in lost and got.score >= deserved.score:
            problems.append(f"{got.id} lost nothing")
        if got.id not in lost and got.score < deserved.score:
            why = [(check.name, run.verdict, run.message) for check in got.checks for run in check.runs]
            problems.append(f"{got.id} lost {deserved.score - got.score:g} points: {why}")
    return problems


def ended(attack: Attack, grade: Grade, cells: tuple[str, ...]) -> str:
    """How the attack's own cell ended."""
    number = 1 if attack.expect.get("place") == "first" else len(cells)
    ends = {problem.cell: problem for problem in grade.cells}
    if number not in ends:
        return "done"
    end = ends[number]
    return end.reason if end.reason in attack.cell else f"{end.reason}: {end.error} {end.message}"


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The files that are new, gone or different."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def most_seconds(attack: Attack, field: Field) -> float:
    """What the limits that an attack runs into allow, each with a second more, and the work besides."""
    limits = toy.limited(field.assignment, **attack.limits).settings.limits
    waits = (times * (getattr(limits, f"{which}_seconds") + _SLACK_SECONDS) for which, times in attack.waits.items())
    return sum(waits) + _WORK_SECONDS


def everything(graded: Graded) -> bytes:
    """All that came out of a submission, for staff and students."""
    printed = [result.output for observed in graded.observed for result in observed.results.values()]
    parts = msgspec.msgpack.encode(graded.evidence), msgspec.json.encode(graded.grade)
    return b"\n".join((*parts, *(text.encode() for text in (*printed, graded.grade.output))))


def boasts(graded: Graded) -> list[str]:
    """What an attack says it has got."""
    return [
        line
        for line in everything(graded).decode(errors="replace").replace("\\n", "\n").split("\n")
        if line.startswith("GOT ")
    ]


def leaked(field: Field, neighbour: Neighbour, graded: Graded) -> list[str]:
    """Which secrets came out, and in which form; staff may see the one that is in the hidden checks, students not."""
    tokens = {**vars(field.tokens), "neighbour": neighbour.token}
    report = Text(render(graded.grade, "student", feedback=field.assignment.settings.feedback).encode())
    whole, found = Text(everything(graded)), []
    for name, token in tokens.items():
        text = report if name == "hidden_checks" else whole
        found += [f"{name}, {form}" for form in text.holds(token.encode())]
    return found
