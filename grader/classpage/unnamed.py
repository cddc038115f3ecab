"""Wrong answers that several students share and that no misconception names yet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from grader.authoring.spec import REHEARSAL
from grader.classpage.model import Member, WorkExercise, WorkRun
from grader.classpage.requests import Wrong
from grader.grading.evidence import Evidence
from grader.judge.signs import sign_of
from grader.wire.body import read_body
from grader.wire.errors import WireError
from grader.wire.outcome import Outcome, Raised

# What no comparison of answers says anything about: not run, or stopped from outside.
_NO_ANSWER = ("pass", "blocked", "not run", "timeout", "memory", "output", "processes", "files", "crash", "exit")
_FILE = "observations.bin"
_VALUES = 200_000
_FEWEST = 2

Groups = tuple[tuple[int, ...], ...]
Signs = tuple[tuple[object, ...], ...]


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """Students whose work on one exercise is wrong in the same way.

    Attributes:
        exercise: The exercise's id.
        title: Its title.
        members: Places of the students in the class.
        message: What the judge said of the first check that failed.
        check: That check's name.
    """

    exercise: str
    title: str
    members: tuple[int, ...]
    message: str
    check: str


def clusters(
    class_: Sequence[Member], begun: Collection[tuple[str, str]], together: Callable[[Sequence[Wrong]], Groups]
) -> list[Cluster]:
    """Find what several students get wrong in the same way.

    Args:
        class_: The class.
        begun: Pairs of a student and an exercise's id where there is code of the student's own.
        together: Puts different observations together that are the same to the checks.

    Returns:
        Clusters of two students or more, largest first.
    """
    wrong: dict[str, list[tuple[int, WorkExercise, Wrong]]] = {}
    for place, member in enumerate(class_):
        for exercise, seen in _wrong(member, begun):
            wrong.setdefault(exercise.id, []).append((place, exercise, seen))
    found = [cluster for each in wrong.values() for cluster in _clusters(each, together)]
    return sorted(found, key=lambda cluster: -len(cluster.members))


def failed_runs(exercise: WorkExercise) -> dict[str, WorkRun]:
    """The checks whose answer was wrong and which no misconception names, by name, on the first such device."""
    return {
        check.name: run
        for check in exercise.checks
        for run in reversed(check.runs)
        if run.verdict not in _NO_ANSWER and run.misconception is None and run.device != REHEARSAL
    }


def has_evidence(member: Member) -> bool:
    """Whether the file with what a student's work observed is there; nothing can be told of it without."""
    return member.folder is not None and (member.folder / _FILE).is_file()


def _clusters(
    wrong: Sequence[tuple[int, WorkExercise, Wrong]], together: Callable[[Sequence[Wrong]], Groups]
) -> list[Cluster]:
    """Bytes that are equal need no comparison, and are most of what a class hands in."""
    same: dict[str, list[int]] = {}
    for index, (_, _, seen) in enumerate(wrong):
        same.setdefault(_digest(seen), []).append(index)
    kinds = list(same.values())
    groups = together([wrong[each[0]][2] for each in kinds]) if len(kinds) > 1 else ((0,),)
    found = [sorted(index for kind in group for index in kinds[kind]) for group in groups]
    signs = [_signs(exercise, seen.seed) for _, exercise, seen in wrong]
    found = _across_seeds(found, [seen.seed for _, _, seen in wrong], signs)
    return [_cluster([wrong[index] for index in each]) for each in found if len(each) >= _FEWEST]


def _across_seeds(groups: Sequence[list[int]], seeds: Sequence[str], signs: Sequence[Signs]) -> list[list[int]]:
    """Put groups together that different inputs keep apart and that have the same signs.

    Where values tell two groups of one seed apart, their signs are too few to tell anything.
    """
    alike: dict[Signs, list[list[int]]] = {}
    for group in groups:
        alike.setdefault(signs[group[0]], []).append(group)
    found = []
    for each in alike.values():
        by_group = [{seeds[index] for index in group} for group in each]
        apart = sum(map(len, by_group)) == len(set().union(*by_group))
        found += [sorted(index for group in each for index in group)] if apart else each
    return found


def _signs(exercise: WorkExercise, seed: str) -> Signs:
    """What went wrong in each check that failed, whatever the inputs were."""
    return tuple((name, run.device, run.verdict, *_signs_of(run, seed)) for name, run in failed_runs(exercise).items())


def _signs_of(run: WorkRun, seed: str) -> tuple[object, ...]:
    if run.verdict != "fail":
        return (run.message,)
    signs = tuple((each.path, each.kind, sign_of(each.message)) for each in run.differences)
    # What follows from a mistake often has no sign of its own; a check without any is like nothing of another seed.
    return signs if any(sign for _, _, sign in signs) else (*signs, seed)


def _cluster(wrong: Sequence[tuple[int, WorkExercise, Wrong]]) -> Cluster:
    _, exercise, _ = wrong[0]
    check, run = next(iter(failed_runs(exercise).items()))
    return Cluster(
        exercise=exercise.id,
        title=exercise.title,
        members=tuple(place for place, _, _ in wrong),
        message=run.message,
        check=check,
    )


def _wrong(member: Member, begun: Collection[tuple[str, str]]) -> list[tuple[WorkExercise, Wrong]]:
    """The exercises of a student that are wrong in a way without a name, with what was observed."""
    if member.work is None or member.folder is None:
        return []
    unnamed = [
        (exercise, runs)
        for exercise in member.work.exercises
        if exercise.misconception is None and (member.student, exercise.id) in begun and (runs := failed_runs(exercise))
    ]
    evidence = _evidence(member.folder) if unnamed else {}
    found = []
    for exercise, runs in unnamed:
        device = next(iter(runs.values())).device
        outcomes = {name: evidence.get(device, {}).get(name) for name, run in runs.items() if run.device == device}
        known = {name: outcome for name, outcome in outcomes.items() if outcome is not None}
        if known:
            found.append((exercise, Wrong(member.work.seed, device, known)))
    return found


def _evidence(folder: Path) -> Mapping[str, Mapping[str, Outcome]]:
    """What an attempt observed, by device and check; nothing where its folder is elsewhere or damaged."""
    try:
        return read_body((folder / _FILE).read_bytes(), Evidence, _VALUES).outcomes
    except (OSError, WireError):
        return {}


def _digest(wrong: Wrong) -> str:
    """A hash of what was observed, without the lines of an error's traceback: those are where, not what."""
    outcomes = {name: _without_frames(outcome) for name, outcome in sorted(wrong.outcomes.items())}
    return hashlib.sha256(msgspec.msgpack.encode(Wrong(wrong.seed, wrong.device, outcomes))).hexdigest()


def _without_frames(outcome: Outcome) -> Outcome:
    return msgspec.structs.replace(outcome, frames=()) if isinstance(outcome, Raised) else outcome
