"""A class is graded once, whatever the number of slots, and goes on where it was stopped."""

import errno
import json
import os
import queue
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from grader.assignment import folder as course_folder
from grader.batch import local
from grader.batch.batch import Options, Outcome, Watcher, grade_class
from grader.batch.collect import Entered, collect
from grader.batch.local import Lost, _Work
from grader.batch.model import Done, Item, Refused, SlotStart
from grader.batch.plan import Plan
from grader.batch.slot import grade_item
from grader.errors import BadInput
from grader.gradebook import Gradebook
from grader.gradebook.classroom import Classroom
from grader.gradebook.final import FinalGrade
from grader.grading.run import GradingRun
from grader.observe.engine import Engine
from grader.roll.model import Roll

from .conftest import GOOD, HALF

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fork server runs on Linux")
MakeOptions = Callable[..., Options]
Grade = Callable[[Options], Outcome]


def rows(options: Options) -> list[tuple[str, int, str, float]]:
    book = Gradebook(options.reports / "gradebook.sqlite")
    try:
        return [(a.student, a.number, a.status, a.score) for a in book.attempts("toy")]
    finally:
        book.close()


@pytest.fixture
def grade(engine: Engine) -> Grade:
    """Grades a class in slots that share the tests' zygote."""

    def slots(start: SlotStart, items: Sequence[Item], workers: int, told: Callable[[Done], None]) -> list[Lost]:
        assignment = course_folder.load(Path(start.course), start.assignment)
        with GradingRun(assignment, engine, start.seed, start.devices, keep=True) as run:
            for item in items:
                told(grade_item(run, assignment, item))
        return []

    def graded(options: Options) -> Outcome:
        outcome = grade_class(options, Watcher(), slots)
        assert outcome is not None
        return outcome

    return graded


def test_every_submission_gets_one_row_and_one_report(options: MakeOptions, grade: Grade) -> None:
    wanted = options({"bob": HALF, "alice": GOOD, "carol": "# %%\n1 / 0\n"})
    outcome = grade(wanted)
    assert (outcome.graded, outcome.kept, outcome.lost, outcome.entered) == (3, 0, (), 3)
    assert rows(wanted) == [("alice", 1, "graded", 5.0), ("bob", 1, "graded", 3.0), ("carol", 1, "graded", 0.0)]
    for student in ("alice", "bob", "carol"):
        folder = wanted.reports / "toy" / student / "attempt-1"
        assert {"grade.json", "report.html", "instructor.html", "batch.json"} <= {p.name for p in folder.iterdir()}
    assert not list((wanted.reports / "toy").glob("*/.attempt-*"))


def test_what_has_not_changed_is_not_graded_again(options: MakeOptions, grade: Grade) -> None:
    grade(options({"alice": GOOD, "bob": GOOD}))
    again = grade(options({"bob": HALF}))
    assert (again.graded, again.kept, again.entered) == (1, 1, 1)
    assert rows(options({})) == [("alice", 1, "graded", 5.0), ("bob", 1, "graded", 5.0), ("bob", 2, "graded", 3.0)]


def test_a_changed_assignment_is_graded_again(options: MakeOptions, course: Path, grade: Grade) -> None:
    grade(options({"alice": GOOD}))
    checks = course / "reference" / "toy" / "checks.py"
    checks.write_text(checks.read_text() + "\n# changed\n")
    assert grade(options({})).graded == 1


def test_the_same_grades_in_whatever_parts(options: MakeOptions, tmp_path: Path, grade: Grade) -> None:
    handed_in = {f"s{i}": (GOOD if i % 2 else HALF) for i in range(6)}
    one = options(handed_in, workers=1)
    grade(one)
    parts = [options({}, reports=tmp_path / "parts", shard=(i, 3)) for i in (3, 1, 2)]
    assert sum(grade(part).graded for part in parts) == 6
    assert not (parts[0].reports / "gradebook.sqlite").exists()  # eight machines would make it at the same time
    assert stat.S_IMODE(parts[0].reports.stat().st_mode) == 0o700
    book = Gradebook(parts[0].reports / "gradebook.sqlite")
    assert [collect("toy", parts[0].reports, book).attempts for _ in range(2)] == [6, 0]
    book.close()
    assert rows(parts[0]) == rows(one)


def finals(options: Options) -> dict[str, FinalGrade]:
    classroom = Classroom.open(options.reports / "gradebook.sqlite", options.course)
    try:
        return {each.student: each for each in classroom.finals("toy")}
    finally:
        classroom.book.close()


def test_times_and_extensions_are_told_before_or_after_grading(
    options: MakeOptions, course: Path, tmp_path: Path, grade: Grade
) -> None:
    (course / "course.toml").write_text("[due]\ntoy = 2026-03-01T23:59:00Z\n[late]\npercent_per_day = 10\n")
    work = {"alice": GOOD, "bob": HALF}
    grade(options(work))
    unknown = finals(options(work))
    assert [line.what for line in unknown["alice"].lines] == ["attempt 1", "hand-in time unknown: no late deduction"]
    times, roster = tmp_path / "times.csv", tmp_path / "roster.csv"
    times.write_text("id,submitted\nalice,2026-03-02 10:00\nbob,2026-03-02 10:00\n")
    roster.write_text("id,extension\nalice,\nbob,2\n")
    told = options(work, times=times, roster=roster)
    assert grade(told).graded == 0, "nobody's work has changed"
    assert grade(told).graded == 0
    after = finals(told)
    assert (after["alice"].deductions[0].points, after["bob"].deductions) == (unknown["alice"].raw / 10, ())
    book = Gradebook(told.reports / "gradebook.sqlite")
    assert [type(event).__name__ for event in book.events("toy")] == ["Arrived", "Arrived", "Extension"], "told once"
    book.close()


def test_times_without_a_time_are_refused(options: MakeOptions, tmp_path: Path, grade: Grade) -> None:
    (tmp_path / "times.csv").write_text("id,when\nalice,2026-03-02 10:00\n")
    with pytest.raises(
        BadInput, match=r"times\.csv: no column says when students handed in; name one of them submitted"
    ):
        grade(options({"alice": GOOD}, times=tmp_path / "times.csv"))


def test_every_member_of_a_group_gets_the_grade(options: MakeOptions, tmp_path: Path, grade: Grade) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("id,name,group\nalice,Alice A,one\nbob,Bob B,one\n")
    wanted = options({"alice": HALF}, roster=roster, groups=True)
    assert grade(wanted).entered == 2
    assert rows(wanted) == [("alice", 1, "graded", 3.0), ("bob", 1, "graded", 3.0)]


def planned(options: Options) -> Plan:
    """The plan of a batch of which nothing is graded."""
    plans: list[Plan] = []

    class Stop(Watcher):
        def planned(self, plan: Plan, items: Sequence[Item]) -> None:
            plans.append(plan)

    grade_class(options, Stop(), lambda *_: [])
    return plans[0]


def test_what_cannot_be_opened_is_recorded_with_the_reason(options: MakeOptions, grade: Grade) -> None:
    wanted = options({"alice": GOOD})
    (wanted.submissions / "bob").mkdir()
    (wanted.submissions / "bob" / "toy.ipynb").write_text("{")
    assert planned(wanted).unreadable == ("bob",), "said before anything runs"
    grade(wanted)
    assert rows(wanted) == [("alice", 1, "graded", 5.0), ("bob", 1, "unreadable", 0.0)]
    reason = json.loads((wanted.reports / "toy" / "bob" / "attempt-1" / "grade.json").read_text())["reason"]
    assert reason.startswith("toy.ipynb: ")


def test_what_is_slow_to_import_is_imported_ahead_where_a_submission_names_it(options: MakeOptions) -> None:
    plots = "# %%\nimport matplotlib.pyplot as plt\n\n" + GOOD
    assert planned(options({"alice": GOOD})).libraries == ()
    assert planned(options({"alice": GOOD, "bob": plots})).libraries == ("matplotlib",)


def test_what_cannot_be_read_is_named_where_nothing_is_to_run(options: MakeOptions) -> None:
    class Look(Watcher):
        named: tuple[str, ...] = ()

        def called(self, roll: Roll) -> bool:
            return False

        def unreadable(self, students: Sequence[str]) -> None:
            self.named = tuple(students)

    wanted, look = options({"alice": GOOD}), Look()
    (wanted.submissions / "bob").mkdir()
    (wanted.submissions / "bob" / "toy.ipynb").write_text("{")
    assert grade_class(wanted, look, lambda *_: []) is None
    assert look.named == ("bob",)
    assert not (wanted.reports / "toy").exists(), "nothing is laid out"


SLOT, ZYGOTE = "grader.batch.slot", "grader.observe.zygote"


class Killing(Watcher):
    """Kills whatever a batch has started, at its first grade."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.killed = 0

    def done(self, item: Item, done: Done) -> None:
        if self.killed:
            return
        slots = [pid for pid in _children(os.getpid()) if SLOT in _command(pid)]  # the tests' own zygote is no victim
        for pid in [*slots, *(pid for slot in slots for pid in _below(slot))]:
            if self.pattern in _command(pid):
                os.kill(pid, signal.SIGKILL)
                self.killed += 1


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")
    except OSError:
        return ""


def _below(root: int) -> list[int]:
    found = [root]
    for pid in found:
        found += _children(pid)
    return found[1:]


def _children(pid: int) -> list[int]:
    return [int(c) for task in Path(f"/proc/{pid}/task").glob("*/children") for c in task.read_text().split()]


@pytest.mark.parametrize("victim", [SLOT, ZYGOTE])
def test_a_killed_slot_or_zygote_costs_nobody_a_grade(options: MakeOptions, victim: str) -> None:
    handed_in = {f"s{i}": (GOOD if i % 2 else HALF) for i in range(6)}
    wanted = options(handed_in)
    watcher = Killing(victim)
    outcome = grade_class(wanted, watcher)
    assert watcher.killed
    assert outcome is not None
    assert outcome.lost == ()
    assert rows(wanted) == [(f"s{i}", 1, "graded", 5.0 if i % 2 else 3.0) for i in range(6)]


def test_a_killed_batch_goes_on_where_it_was(options: MakeOptions, course: Path, grade: Grade) -> None:
    wanted = options({f"s{i}": GOOD for i in range(5)}, workers=1)
    command = [sys.executable, "-m", "grader", "batch", "toy", str(wanted.submissions), "--course", str(course)]
    process = subprocess.Popen(
        [*command, "--reports", str(wanted.reports), "--workers", "1"], stdout=subprocess.DEVNULL
    )
    while not list((wanted.reports / "toy").glob("*/attempt-1")):
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    before = {path.parent.name: path.stat().st_mtime_ns for path in (wanted.reports / "toy").glob("*/attempt-1")}
    assert rows(wanted) == []
    outcome = grade(wanted)
    assert outcome.graded == 5  # those that were there are only looked up
    assert rows(wanted) == [(f"s{i}", 1, "graded", 5.0) for i in range(5)]
    assert {n: (wanted.reports / "toy" / n / "attempt-1").stat().st_mtime_ns for n in before} == before


def test_a_slot_that_always_dies_costs_its_item_and_no_other(options: MakeOptions) -> None:
    class Breaking(Watcher):
        def planned(self, plan: Plan, items: Sequence[Item]) -> None:
            Path(next(item.box for item in items if item.students == ("bob",))).write_bytes(b"junk")

    wanted = options({"alice": GOOD, "bob": HALF}, workers=1)
    outcome = grade_class(wanted, Breaking())
    assert outcome is not None
    assert [lost.item.students for lost in outcome.lost] == [("bob",)]
    assert "a slot ended with status 1: " in outcome.lost[0].why
    assert rows(wanted) == [("alice", 1, "graded", 5.0)]


def test_an_item_that_cannot_be_written_costs_no_other(options: MakeOptions) -> None:
    class Filling(Watcher):
        """Lets nothing more be written beside the reports of bob."""

        def planned(self, plan: Plan, items: Sequence[Item]) -> None:
            (wanted.reports / "toy").mkdir(exist_ok=True)
            (wanted.reports / "toy" / "bob").write_text("no folder can be made here")

    wanted = options({"alice": GOOD, "bob": HALF}, workers=1)
    outcome = grade_class(wanted, Filling())
    assert outcome is not None
    assert [lost.item.students for lost in outcome.lost] == [("bob",)]
    assert rows(wanted) == [("alice", 1, "graded", 5.0)]


def test_a_full_disk_stops_the_batch_with_what_to_do_and_keeps_what_was_graded(options: MakeOptions) -> None:
    said = iter([Done(key="", status="graded", score=1.0, seconds=0.1), Refused("the disk is full: make room")])
    work = _Work(SlotStart(course="", assignment="toy", seed=""), queue.SimpleQueue(), lambda done: None)
    item = Item(key="", box="", digest="", students=("a",), attempt=1, folder="", submitted_at="")
    assert [work._take(item, 1, one) for one in said] == [True, False]
    assert (work.refusal, work.lost) == ("the disk is full: make room", [])


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_too_full_for_what_is_to_be_graded_is_said(
    options: MakeOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = options({"alice": GOOD})
    monkeypatch.setattr("grader.batch.plan.write_atomically", full)
    with pytest.raises(BadInput, match=r"reports: the disk is full \(No space left on device\); all that was graded"):
        grade_class(wanted, Watcher())


def test_a_disk_too_full_to_start_a_slot_enters_what_was_graded(
    options: MakeOptions, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = options({"alice": GOOD})
    with monkeypatch.context() as patch:
        patch.setattr("grader.batch.batch.collect", lambda *_: Entered(0, 0))  # as if it had been killed before
        grade(wanted)
    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(BadInput, match=f"^{tempfile.gettempdir()}: the disk is full"):
        grade_class(options({"bob": HALF}), Watcher())
    assert rows(wanted) == [("alice", 1, "graded", 5.0)]


def test_nothing_runs_when_the_watcher_says_no(options: MakeOptions) -> None:
    class Looking(Watcher):
        def called(self, roll: Roll) -> bool:
            return len(roll.handed) > 1

    wanted = options({"alice": GOOD})
    assert grade_class(wanted, Looking()) is None
    assert not (wanted.reports / "toy").exists()


def test_a_course_without_a_reference_is_refused(options: MakeOptions, course: Path) -> None:
    (course / "reference").rename(course / "assignments")
    with pytest.raises(BadInput, match="there is no reference/toy here to grade with"):
        grade_class(options({"alice": GOOD}), Watcher())


def test_slots_are_spread_over_the_gpus_and_keep_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    class Slot:
        def __init__(self, start: SlotStart, gpu: str = "") -> None:
            opened.append(gpu)
            raise BadInput("this slot is none")

    monkeypatch.setattr(local, "SlotProcess", Slot)
    monkeypatch.setattr(local, "open_nvml", lambda: None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,2")
    items = [
        Item(key=str(n), box="", digest="", students=("a",), attempt=1, folder="", submitted_at="") for n in range(9)
    ]
    start = SlotStart(course="", assignment="toy", seed="", devices=("cpu", "cuda"), per_gpu=2)
    with pytest.raises(BadInput):
        local.run_locally(start, items, 8, lambda done: None)
    assert sorted(opened) == ["0", "0", "2", "2"]


def test_a_slot_sees_the_one_gpu_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}

    def start(command: Sequence[str], env: dict[str, str], **_: object) -> None:
        seen.update(env)
        raise OSError("not started")

    monkeypatch.setattr(local.subprocess, "Popen", start)
    with pytest.raises(OSError, match="not started"):
        local.SlotProcess(SlotStart(course="", assignment="toy", seed=""), "GPU-8f")
    assert seen["CUDA_VISIBLE_DEVICES"] == "GPU-8f"
