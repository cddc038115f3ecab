"""Make the page's contents from a class."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import msgspec

from grader.assignment.folder import Assignment
from grader.classpage import figures, troubles, view
from grader.classpage.disguise import Disguise
from grader.classpage.mistakes import Mistake, code_of, mistakes, sample
from grader.classpage.model import Member
from grader.classpage.requests import Wrong
from grader.classpage.similar import Pair, similar
from grader.classpage.unnamed import Cluster, Groups, clusters, has_evidence
from grader.submission.record import folder_name

A = TypeVar("A")
B = TypeVar("B")
_MISTAKES, _CLUSTERS, _PAIRS, _STOPS, _SLOW = 20, 15, 12, 40, 10


def build(
    class_: Sequence[Member],
    assignment: Assignment,
    stub: Mapping[str, str],
    together: Callable[[Sequence[Wrong]], Groups],
    disguise: Disguise,
    here: Path,
) -> view.Page:
    """Make the page's contents.

    Args:
        class_: The class.
        assignment: The assignment.
        stub: The code that everybody was given, by exercise.
        together: Puts observations together that are the same to the checks.
        disguise: What students are called.
        here: The folder that the page will be in.

    Returns:
        The page; students are in alphabetical order of what they are called.
    """
    class_ = sorted(class_, key=disguise.name)
    begun = begun_by(class_, stub)
    codes = [{e.id: e.code for e in member.work.exercises} if member.work else {} for member in class_]
    ran = [member for member in class_ if member.work and member.work.exercises]
    max_points = max(member.max_points for member in class_)
    points = figures.counted_points(class_)
    shown = _Shown(class_, assignment, disguise)
    return view.Page(
        assignment=assignment.name,
        title=assignment.settings.title,
        anonymous=disguise.anonymous,
        seeds=len({member.work.seed for member in ran if member.work}),
        unseen=sum(not has_evidence(member) for member in ran),
        max_points=max_points,
        counts=figures.counts(class_),
        points=tuple(points),
        bins=figures.histogram(points, max_points),
        exercises=figures.exercise_figures(class_, begun),
        mistakes=_first(_MISTAKES, mistakes(class_), shown.mistake),
        clusters=_first(_CLUSTERS, clusters(class_, begun, together), shown.cluster),
        pairs=_first(_PAIRS, similar(codes, stub), shown.pair),
        stops=_first(_STOPS, troubles.stops(class_), shown.stop),
        slowest=tuple(troubles.slowest(class_, _SLOW)),
        devices=tuple(troubles.devices(class_)),
        rows=tuple(_row(member, disguise, here) for member in class_),
    )


def _first(most: int, found: Sequence[A], shown: Callable[[A], B]) -> view.First[B]:
    return view.First(tuple(map(shown, found[:most])), max(len(found) - most, 0))


def begun_by(class_: Sequence[Member], stub: Mapping[str, str]) -> set[tuple[str, str]]:
    """Pairs of a student and an exercise's id where there is code other than what was given out."""
    given = {id: code.split() for id, code in stub.items()}
    return {
        (member.student, exercise.id)
        for member in class_
        for exercise in (member.work.exercises if member.work else ())
        if (words := exercise.code.split()) and words != given.get(exercise.id)
    }


class _Shown:
    """Entries as the page shows them: what people wrote passes the disguise."""

    def __init__(self, class_: Sequence[Member], assignment: Assignment, disguise: Disguise) -> None:
        self._class = class_
        self._assignment = assignment.name
        self._titles = {exercise.id: exercise.title for exercise in assignment.settings.exercise}
        self._disguise = disguise

    def mistake(self, mistake: Mistake) -> view.MistakeShown:
        place, code = sample(self._class, mistake.members, mistake.exercise)
        return view.MistakeShown(mistake, self._sample(place, code))

    def cluster(self, cluster: Cluster) -> view.ClusterShown:
        place, code = sample(self._class, cluster.members, cluster.exercise)
        folder = self._class[place].folder
        command = ""
        if folder is not None and not self._disguise.anonymous:
            words = ("misconception", self._assignment, "--from", str(folder), "--exercise", cluster.exercise)
            command = f"python -m grader {shlex.join(words)}"
        clean = msgspec.structs.replace(cluster, message=self._disguise.text(cluster.message))
        return view.ClusterShown(clean, self._sample(place, code), command)

    def pair(self, pair: Pair) -> view.PairShown:
        first, second = (
            self._sample(place, code_of(self._class[place], pair.exercise)) for place in (pair.first, pair.second)
        )
        return view.PairShown(pair, self._titles.get(pair.exercise, pair.exercise), first, second)

    def stop(self, stop: troubles.Stop) -> troubles.Stop:
        return msgspec.structs.replace(stop, message=self._disguise.text(stop.message))

    def _sample(self, place: int, code: str) -> view.Sample:
        return view.Sample(place, self._disguise.code(code))


def _row(member: Member, disguise: Disguise, here: Path) -> view.Row:
    open_ = not disguise.anonymous
    blank = view.Row(
        name=disguise.name(member),
        status="missing",
        points=member.points,
        max_points=member.max_points,
        changes=member.changes if open_ else "",  # reasons tell who it is
    )
    work = member.work
    if work is None:
        return blank
    return msgspec.structs.replace(
        blank,
        link=_link(member, here) if open_ else "",
        status=work.status,
        reason=work.reason if open_ else "",
        attempt=work.attempt,
        handed_in=member.handed_in if open_ else "",
        late=member.late,
        looks=work.looks_at,
        shares=tuple(e.score / e.max_score if e.max_score else 0.0 for e in work.exercises),
    )


def _link(member: Member, here: Path) -> str:
    """The address of a report relative to the page, a member's own before that of the group; "" for none."""
    shared = member.folder
    if shared is None:
        return ""
    folders = (shared.parent.parent / folder_name(member.student) / shared.name, shared)
    found = [folder / name for folder in folders for name in ("instructor.html", "report.html")]
    there = next((path for path in found if path.is_file()), None)
    return quote(Path(os.path.relpath(there, here)).as_posix()) if there else ""
