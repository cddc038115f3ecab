"""Grade a class, end to end: call the roll, plan, grade, enter the grades."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.batch.collect import Entered, collect
from grader.batch.local import CannotGoOn, Lost, run_locally
from grader.batch.model import Done, Item, SlotStart
from grader.batch.plan import WORK, Plan, make_plan, unreadable
from grader.batch.told import Told, extensions, joined, keep, kept
from grader.errors import BadInput, needs_room
from grader.gradebook import Gradebook
from grader.gradebook.course import read_course, terms_of
from grader.roll.call import call_roll
from grader.roll.errors import BadRoster
from grader.roll.model import Roll
from grader.roll.read_roster import read_roster
from grader.roll.roster import Roster
from grader.roll.shelf import open_shelf
from grader.submission.ahead import refuse_exposed
from grader.submission.record import folder_name

Wanted = Literal["auto", "strict", "none"]
Engine = Callable[[SlotStart, Sequence[Item], int, Callable[[Done], None]], list[Lost]]


@dataclass(frozen=True)
class Options:
    """How to grade a class.

    Attributes:
        assignment: The assignment's name.
        submissions: What the platform handed over: a zip or a folder.
        course: The course folder.
        roster: A CSV file with the class; None where there is none.
        times: A CSV file with hand-in times; None where there is none.
        kind: What `submissions` is; None to find out.
        groups: Whether a hand-in counts for the roster's whole group.
        workers: How many submissions are graded side by side.
        devices: Device types to run the checks on; those of the assignment where none are given.
        per_gpu: How many submissions may share a GPU at a time.
        confinement: How student code is confined.
        reports: Where reports land.
        gradebook: A database URL or path; None for gradebook.sqlite among the reports.
        shard: Which part of how many to grade, from 1; the gradebook is then left to `collect`.
    """

    assignment: str
    submissions: Path
    course: Path
    roster: Path | None = None
    times: Path | None = None
    kind: str | None = None
    groups: bool = False
    workers: int = 1
    devices: tuple[str, ...] = ()
    per_gpu: int = 4
    confinement: Wanted = "auto"
    reports: Path = Path("reports")
    gradebook: str | None = None
    shard: tuple[int, int] = (1, 1)


@dataclass(frozen=True)
class Outcome:
    """What became of a batch.

    Attributes:
        graded: How many submissions were graded now.
        kept: How many had been graded before and have not changed.
        lost: Those that the grader itself failed on.
        entered: How many rows the gradebook got.
        times: How many hand-in times and extensions it got for attempts that it has.
    """

    graded: int
    kept: int
    lost: tuple[Lost, ...]
    entered: int
    times: int = 0


class Watcher:
    """Is told how a batch goes; a command line shows it."""

    def called(self, roll: Roll) -> bool:
        """What was handed over; False to stop before anything runs."""
        return True

    def unreadable(self, students: Sequence[str]) -> None:
        """Whose submissions hold no notebook that can be read; they get no points."""

    def planned(self, plan: Plan, items: Sequence[Item]) -> None:
        """What there is to do."""

    def done(self, item: Item, done: Done) -> None:
        """One submission was graded."""


def grade_class(options: Options, watcher: Watcher, engine: Engine = run_locally) -> Outcome | None:
    """Grade a class.

    Args:
        options: What and how.
        watcher: Told how it goes.
        engine: Where the slots are.

    Returns:
        What became of it; None where the watcher stopped it.

    Raises:
        BadInput: There is nothing that can be graded, or it cannot go on; what was graded is kept and entered.
    """
    assignment = _assignment(options)
    roster = read_roster(options.roster) if options.roster else None
    times = _times(options)
    due = terms_of(assignment, read_course(options.course, course_folder.names(options.course))).due
    book = Gradebook(_book_of(options))
    try:
        with needs_room(options.reports), open_shelf(options.submissions) as shelf:
            roll = call_roll(
                shelf.listing,
                assignment.name,
                kind=options.kind,
                roster=roster,
                due=due,
                groups=options.groups,
                times=times,
            )
            if not watcher.called(roll):
                watcher.unreadable(unreadable(roll, assignment))
                return None
            devices = options.devices or assignment.settings.devices
            taken_at = datetime.fromtimestamp(options.submissions.stat().st_mtime, UTC)
            plan = make_plan(roll, assignment, options.reports, book, devices, taken_at)
            watcher.unreadable(plan.unreadable)
            told = Told(at=_told_at(options), came=plan.came, until=extensions(roster, due))
            work = options.reports / folder_name(assignment.name) / WORK
            keep(joined(told, kept(work)), work)
        return _graded(options, assignment, plan, devices, book, watcher, engine)
    finally:
        book.close()


def _graded(
    options: Options,
    assignment: Assignment,
    plan: Plan,
    devices: Sequence[str],
    book: Gradebook,
    watcher: Watcher,
    engine: Engine,
) -> Outcome:
    number, count = options.shard
    # By the key and not by the place in the list: every machine finds the same parts.
    mine = [item for item in plan.items if int(item.key, 16) % count == number - 1]
    watcher.planned(plan, mine)
    start = SlotStart(
        course=str(options.course.resolve()),
        assignment=assignment.name,
        seed=plan.seed,
        devices=tuple(devices),
        confinement=options.confinement,
        per_gpu=options.per_gpu,
        observed=str(plan.observed.resolve()) if plan.observed else "",
        libraries=plan.libraries,
    )
    known = {item.key: item for item in mine}
    finished: list[Done] = []

    def told(done: Done) -> None:
        finished.append(done)
        watcher.done(known[done.key], done)

    try:
        lost = engine(start, mine, options.workers, told)
    except CannotGoOn:
        if count == 1:
            with suppress(BadInput):  # why it could not go on is the thing to say
                collect(assignment.name, options.reports, book)
        raise
    entered = collect(assignment.name, options.reports, book) if count == 1 else Entered(0, 0)
    if not lost and count == 1:
        shutil.rmtree(options.reports / folder_name(assignment.name) / WORK / "boxes", ignore_errors=True)
    return Outcome(
        graded=len(finished), kept=plan.kept, lost=tuple(lost), entered=entered.attempts, times=entered.times
    )


def _times(options: Options) -> Roster | None:
    """The table of hand-in times.

    Raises:
        BadRoster: It cannot be read, or there is not a time in it.
    """
    if options.times is None:
        return None
    times = read_roster(options.times)
    if all(one.handed_in is None for one in times.students):
        raise BadRoster(
            f"{options.times.name}: no column says when students handed in; name one of them submitted, "
            "with times such as 2026-03-05 23:59"
        )
    return times


def _told_at(options: Options) -> datetime:
    """When the newest of the files that tell was written: the same for every run that is given the same files."""
    files = [each for each in (options.submissions, options.roster, options.times) if each is not None]
    return datetime.fromtimestamp(max(int(each.stat().st_mtime) for each in files), UTC)


def _book_of(options: Options) -> str | Path:
    """Where the gradebook is. Parts only read it: where there is none yet, they do not make one, all at once."""
    place = options.gradebook or options.reports / "gradebook.sqlite"
    _, count = options.shard
    if count == 1 or "://" in str(place) or Path(place).exists():
        return place
    with needs_room(options.reports):
        options.reports.mkdir(parents=True, exist_ok=True, mode=0o700)
    return ":memory:"


def _assignment(options: Options) -> Assignment:
    assignment = course_folder.load(options.course, options.assignment)
    if assignment.reference is None:
        raise BadInput(f"{assignment.name}: there is no reference/{assignment.name} here to grade with")
    if options.confinement != "none":
        refuse_exposed([assignment.reference, options.reports])
    return assignment
