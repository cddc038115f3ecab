"""What platform, roster and tables tell of times, kept for whoever fills the gradebook; and what it changes there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from grader.files import write_atomically
from grader.gradebook.events import Arrived, Event, Extension, decided
from grader.gradebook.marks import Marks
from grader.grading.model import Arrival
from grader.roll.model import Handed
from grader.roll.roster import Roster

_FILE = "told.json"
_ROSTER = "roster"
_KNOWS: Mapping[Arrival, int] = {"unknown": 0, "in time": 1, "late": 1, "timed": 2}


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """When a submission came, as far as that is known.

    Attributes:
        digest: SHA-256 of what was handed in.
        students: Whose it is.
        arrival: What is known.
        handed_in: The moment, with a zone, where that is known.
        by_hand: Whether a table of the instructor's says so.
    """

    digest: str
    students: tuple[str, ...]
    arrival: Arrival
    handed_in: datetime | None = None
    by_hand: bool = False


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was told of times.

    Attributes:
        at: When the newest file that tells was written, with a zone.
        came: The submissions.
        until: The end of the extension of each student of the roster; None without one.
    """

    at: datetime
    came: tuple[Came, ...] = ()
    until: dict[str, datetime | None] = {}


def came(one: Handed, digest: str) -> Came:
    """What is known of when a submission came.

    Args:
        one: The submission.
        digest: SHA-256 of its work.
    """
    mark: Arrival = "unknown" if one.late is None else "late" if one.late else "in time"
    return Came(
        digest=digest,
        students=tuple(member.student for member in one.members),
        arrival="timed" if one.timed else mark,
        handed_in=one.submitted_at,
        by_hand=one.by_hand,
    )


def extensions(roster: Roster | None, due: datetime | None) -> dict[str, datetime | None]:
    """The end of each student's extension by the roster; None for those without one, and for all where nothing is due.

    Args:
        roster: The class.
        due: When the assignment is due for everybody, with a zone.
    """
    ends = {one.student: one.due(due) for one in roster.students} if roster else {}
    return {student: end if end != due else None for student, end in ends.items()}


def joined(now: Told, before: Told | None) -> Told:
    """What is told now, with what was told before of the same work where that was more: a table is given once."""
    known = {(one.digest, one.students): one for one in before.came} if before else {}
    best = [
        max(one, known.get((one.digest, one.students), one), key=lambda each: _KNOWS[each.arrival]) for one in now.came
    ]
    return msgspec.structs.replace(now, came=tuple(best))


def keep(told: Told, work: Path) -> None:
    """Keep what was told in the batch's own folder."""
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(work / _FILE, msgspec.json.encode(told))


def kept(work: Path) -> Told | None:
    """What was told last; None where nothing was."""
    try:
        return msgspec.json.decode((work / _FILE).read_bytes(), type=Told)
    except FileNotFoundError:
        return None


def news(told: Told, assignment: str, marks: Sequence[Marks], events: Sequence[Event]) -> list[Event]:
    """What the gradebook does not know yet.

    A person's own decision stands until the roster says something new, a moment until a person's table says another.

    Args:
        told: What was told.
        assignment: The assignment's name.
        marks: All attempts at it.
        events: All decisions about it, oldest first.

    Returns:
        The events to add.
    """
    return [*_arrivals(told, assignment, marks, events), *_extensions(told, assignment, events)]


def _arrivals(told: Told, assignment: str, marks: Sequence[Marks], events: Sequence[Event]) -> Iterator[Event]:
    newest = {(each.student, each.digest): each for each in sorted(marks, key=lambda each: each.attempt)}
    by_student: dict[str, list[Event]] = {}
    for event in events:
        by_student.setdefault(event.student, []).append(event)
    for one in told.came:
        for student in one.students:
            attempt = newest.get((student, one.digest))
            if attempt is None:
                continue
            known = decided(by_student.get(student, ())).arrivals.get(attempt.attempt, attempt)
            other = one.by_hand and one.handed_in != known.handed_in
            if other or _KNOWS[one.arrival] > _KNOWS[known.arrival]:
                yield Arrived(
                    assignment=assignment,
                    student=student,
                    by="instructor" if one.by_hand else "platform",
                    at=told.at,
                    reason="hand-in time, told after grading",
                    attempt=attempt.attempt,
                    arrival=one.arrival,
                    handed_in=one.handed_in,
                )


def _extensions(told: Told, assignment: str, events: Sequence[Event]) -> Iterator[Event]:
    given: dict[str, list[Extension]] = {}
    for event in events:
        if isinstance(event, Extension):
            given.setdefault(event.student, []).append(event)
    for student, until in told.until.items():
        own = [event for event in given.get(student, ()) if event.by == _ROSTER]
        before = own[-1].until if own else None
        decided_since = bool(own) and given[student][-1] is not own[-1]
        if until != before and not (until is None and decided_since):
            reason = "extension by the class roster"
            yield Extension(assignment=assignment, student=student, by=_ROSTER, at=told.at, reason=reason, until=until)
