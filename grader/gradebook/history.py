"""Everything that ever happened to a student's grade of an assignment, in words; pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from grader.gradebook.events import Arrived, Event, Excuse, Extension, Override, Regrade
from grader.gradebook.marks import Marks
from grader.grading.model import Arrival

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Entry(msgspec.Struct, frozen=True):
    """One thing that happened.

    Attributes:
        at: When, with a zone.
        by: Who did it.
        what: What, in words.
        reason: Why; "" for an attempt.
    """

    at: datetime
    by: str
    what: str
    reason: str = ""


def history(marks: Iterable[Marks], events: Iterable[Event]) -> list[Entry]:
    """Put attempts and events in the order of their moments.

    Args:
        marks: The attempts.
        events: The events.

    Returns:
        One entry for each.
    """
    entries = [Entry(each.recorded or _LONG_AGO, each.student, _attempt(each)) for each in marks]
    entries += [Entry(event.at, event.by, in_words(event), event.reason) for event in events]
    return sorted(entries, key=lambda entry: entry.at)


def in_words(event: Event) -> str:
    """What an event changes, in words."""
    match event:
        case Override(points=None):
            return f"override of {event.exercise or 'the total'} taken back"
        case Override():
            return f"{event.exercise or 'total'} set to {event.points:g}"
        case Excuse():
            return "excused" if event.excused else "excuse taken back"
        case Extension(until=None):
            return "extension taken back"
        case Extension():
            return f"extended until {event.until:%Y-%m-%d %H:%M %Z}"
        case Arrived():
            return f"attempt {event.attempt} {arrived(event.arrival, event.handed_in)}"
        case Regrade():
            points = f"{event.score:g} of {event.max_score:g}"
            return f"attempt {event.attempt} graded anew: {points}, by version {event.version[:12]}"
    return type(event).__name__.lower()


def arrived(arrival: Arrival, handed_in: datetime | None = None) -> str:
    """What is known of when something was handed in, in words.

    Example:
        >>> arrived("unknown"), arrived("late")
        ('hand-in time unknown', 'marked late, hand-in time unknown')
    """
    if handed_in is not None:
        return f"handed in {handed_in:%Y-%m-%d %H:%M %Z}"
    marks: dict[Arrival, str] = {"late": "marked late, ", "in time": "not marked late, "}
    return f"{marks.get(arrival, '')}hand-in time unknown"


def _attempt(marks: Marks) -> str:
    how = "" if marks.status == "graded" else f", {marks.status}"
    when = "" if marks.arrival == "timed" else f"; {arrived(marks.arrival)}"
    return f"attempt {marks.attempt}: {marks.score:g} of {marks.max_score:g}{how}{when}"
