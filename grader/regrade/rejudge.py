"""Judge a class again from what was observed, after a change of tolerance, points, hints or reference."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from grader.assignment import folder as course_folder
from grader.authoring.spec import REHEARSAL
from grader.errors import BadInput
from grader.gradebook.classroom import Classroom
from grader.grading import assemble
from grader.grading.evidence import Evidence, read_evidence
from grader.grading.model import Grade
from grader.grading.pipeline import Observed
from grader.grading.points import add_up
from grader.grading.replayed import Replayed
from grader.grading.run import GradingRun
from grader.grading.runs import not_here
from grader.looks.model import Looks
from grader.notebook.model import Cell
from grader.observe.engine import Engine
from grader.regrade.compared import CheckChange, check_changes, other_versions, same_to_readers
from grader.regrade.fits import why_not
from grader.regrade.held import Held, held
from grader.submission.again import report_again
from grader.submission.kept import kept_in

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Judged:
    """An attempt that was judged again and came out different.

    Attributes:
        student: Whose.
        attempt: Its number.
        before: Its points so far, and those to earn.
        after: The new grade.
        checks: The checks that differ; none where only words or pictures do.
    """

    student: str
    attempt: int
    before: tuple[float, float]
    after: Grade
    checks: tuple[CheckChange, ...]

    @property
    def difference(self) -> float:
        """How many points more it has now."""
        return add_up([self.after.score, -self.before[0]])


@dataclass(frozen=True)
class Unfit:
    """An attempt that has to be graded again, and why."""

    student: str
    attempt: int
    why: str


@dataclass(frozen=True)
class Rejudged:
    """What became of a class's attempts; nothing of it is written yet.

    Attributes:
        version: The assignment's digest.
        changed: The attempts that come out different, by student and number.
        unfit: Those that were left as they are.
        total: How many attempts there are.
        versions: Where it was not the same as here: by package, the versions that observed.
    """

    version: str
    changed: tuple[Judged, ...]
    unfit: tuple[Unfit, ...]
    total: int
    versions: dict[str, tuple[str, ...]] = field(default_factory=dict)


def rejudge(
    classroom: Classroom,
    name: str,
    engine: Engine,
    student: str | None = None,
    workers: int | None = None,
    progress: Progress = lambda _: None,
) -> Rejudged:
    """Judge attempts again; no student's code is run, and nothing is written.

    The reference is observed anew, once for all attempts of one seed. Several seeds are worked on side by side.

    Args:
        classroom: The class.
        name: The assignment's name.
        engine: Where processes come from.
        student: Whose attempts; None for everybody's.
        workers: How many seeds at a time; one a core where None.
        progress: Told in a few words what is being done.

    Returns:
        What changes, and what cannot be judged again.

    Raises:
        BadInput: There is no such assignment or student, or the assignment is broken or has no reference here.
        EngineFault: The grader's own machinery failed.
    """
    assignment = course_folder.load(classroom.root, name)
    if assignment.reference is None:
        raise BadInput(f"{name} cannot be judged again here: there is no reference/{name} to compare with")
    attempts = held(classroom, name, student)
    by_seed: dict[str, list[Held]] = {}
    for each in attempts:
        by_seed.setdefault(each.attempt.seed, []).append(each)
    done: list[Judged | Unfit | None] = []

    def one_seed(group: Sequence[Held]) -> None:
        devices = tuple(dict.fromkeys(device for each in group for device in each.grade().devices))
        with GradingRun(assignment, engine, group[0].attempt.seed, devices, keep=True) as run:
            for each in group:
                done.append(_judge(run, each))
                progress(f"judging again: {len(done)} of {len(attempts)} attempts")

    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        futures = [pool.submit(one_seed, group) for group in by_seed.values()]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    found = sorted((each for each in done if each), key=lambda each: (each.student, each.attempt))
    changed = tuple(each for each in found if isinstance(each, Judged))
    unfit = tuple(each for each in found if isinstance(each, Unfit))
    return Rejudged(assignment.digest, changed, unfit, len(attempts), _other_versions(changed))


def write(classroom: Classroom, found: Rejudged, by: str, at: datetime, reason: str) -> Iterator[Path]:
    """Put new grades into the gradebook, all of them or none, and write the reports that they change.

    Args:
        classroom: The class.
        found: What was judged again.
        by: Who had it judged again.
        at: When, with a zone.
        reason: Why, in words that students may read.

    Yields:
        The files as they are written.

    Raises:
        BadInput: Who or why is no such text, the gradebook cannot be written, or a report cannot.
    """
    classroom.regrade([each.after for each in found.changed], found.version, by, at, reason)
    for each in found.changed:
        yield from report_again(classroom, each.after.assignment, each.student, each.attempt)


def _other_versions(changed: Sequence[Judged]) -> dict[str, tuple[str, ...]]:
    """Where the versions of what observes and judges differ, that may be all that has changed."""
    found: dict[str, dict[str, None]] = {}
    for each in changed:
        for package, (then, _) in other_versions(each.after).items():
            found.setdefault(package, {})[then] = None
    return {package: tuple(versions) for package, versions in found.items()}


def _judge(run: GradingRun, each: Held) -> Judged | Unfit | None:
    """Judge one attempt again; None where it comes out as it was."""
    before = each.grade()
    evidence = Evidence()
    cells: Sequence[Cell] = ()
    if before.status == "graded":
        try:
            evidence = read_evidence(each.folder / "observations.bin")
            cells = kept_in(each.folder, run.assignment).notebook.code
            why = why_not(before, evidence, run.checks, run.asked, run.here)
        except BadInput as error:
            why = str(error)
        if why:
            return Unfit(before.student, before.attempt, why)
    after = _judged(run, before, evidence, cells)
    if same_to_readers(before, after):
        return None
    points = (before.score, before.max_score)
    return Judged(before.student, before.attempt, points, after, check_changes(before, after))


def _judged(run: GradingRun, before: Grade, evidence: Evidence, cells: Sequence[Cell]) -> Grade:
    """The grade of the same observations by the assignment as it is now."""
    settings = run.assignment.settings
    after = msgspec.structs.replace(before, title=settings.title, version=run.assignment.digest)
    if before.status != "graded":
        return msgspec.structs.replace(after, max_score=add_up(each.points for each in settings.exercise))
    ran = [device for device in before.devices if device == REHEARSAL or evidence.outcomes.get(device)]
    found = run.on_devices(ran, lambda device: _session(device, before, evidence))
    by_device = {d: found.get(d) or Observed(runs=not_here(run.checks, d)) for d in before.devices}
    # What to look at was found in the source, and in calls that are not kept.
    looks = Looks({exercise.id: exercise.looks for exercise in before.exercises})
    observed, count = tuple(by_device.values()), settings.devices_count
    exercises = assemble.exercises(settings.exercise, run.checks, observed, cells, looks, count=count)
    return msgspec.structs.replace(
        after,
        score=add_up(exercise.score for exercise in exercises),
        max_score=add_up(exercise.max_score for exercise in exercises),
        exercises=exercises,
    )


def _session(device: str, before: Grade, evidence: Evidence) -> Replayed:
    """What ran on a device then; a rehearsal ran with the CPU's."""
    runs = {
        check.name: ran
        for exercise in before.exercises
        for check in exercise.checks
        for ran in check.runs
        if ran.device == device
    }
    return Replayed(
        evidence.outcomes.get(device, {}),
        ends={end.number: end for end in evidence.ends.get(device, ())},
        seconds={name: ran.seconds for name, ran in runs.items()},
        printed={name: ran.output for name, ran in runs.items()},
        rehearsed=None if device == REHEARSAL else _session(REHEARSAL, before, evidence),
    )
