"""What an instructor is shown of a roll before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grader.roll.kinds import PLATFORMS
from grader.roll.model import Handed, Roll

_NAMED = 20


@dataclass(frozen=True)
class Line:
    """One submission as the cells of a table.

    Attributes:
        student: The student's id; of a group, those of all members.
        name: Their names.
        file: The notebook, or the archive with it.
        handed_in: When it was handed in, "late" where it was; "" where nothing tells.
        attempt: Which attempt it is.
        notes: What else is to be known of it.
    """

    student: str
    name: str
    file: str
    handed_in: str
    attempt: str
    notes: str


def summary(roll: Roll) -> str:
    """Say in one sentence what was handed over.

    Args:
        roll: The roll.

    Returns:
        Such as "312 submissions of 298 students: Canvas download; 9 late; 5 more than once, the newest taken".
    """
    members = [member for one in roll.handed for member in one.members]
    again = sum(len(one.members) for one in roll.handed if one.older)
    groups = sum(len(one.members) > 1 for one in roll.handed)
    unknown = sum(member.known is False for member in members)
    parts = [
        (groups, f"{groups} of groups, every member gets the grade"),
        (sum(bool(one.late) for one in roll.handed), f"{sum(bool(one.late) for one in roll.handed)} late"),
        (again, f"{_count(again, 'student')} more than once, the newest taken"),
        (_timeless(roll), f"{_timeless(roll)} without a hand-in time"),
        (len(roll.refused), f"{len(roll.refused)} refused"),
        (len(roll.missing), f"{len(roll.missing)} of the roster missing"),
        (unknown, f"{unknown} not on the roster"),
    ]
    total = sum(1 + len(one.older) for one in roll.handed)
    start = f"{_count(total, 'submission')} of {_count(len(members), 'student')}: {PLATFORMS[roll.kind].title}"
    return "; ".join([start, *(text for number, text in parts if number)])


def remarks(roll: Roll) -> tuple[str, ...]:
    """Say why the roll is as it is: what it was taken for, what is refused, who is missing and who is unknown.

    Args:
        roll: The roll.

    Returns:
        Sentences, each for a line of its own.
    """
    said = [roll.why, *roll.notices]
    said += [f"refused: {one.place}: {one.reason}" for one in roll.refused[:_NAMED]]
    if len(roll.refused) > _NAMED:
        said.append(f"refused: {len(roll.refused) - _NAMED} more")
    missing = [_person(member.student, member.name) for member in roll.missing]
    unknown = [
        _person(member.student, member.name) for one in roll.handed for member in one.members if member.known is False
    ]
    said += [f"missing: {_some(missing)}"] if missing else []
    said += [f"not on the roster: {_some(unknown)}"] if unknown else []
    return (*said, *_of_times(roll))


def _timeless(roll: Roll) -> int:
    """How many may be late for all that is known."""
    return sum(one.due is not None and not one.timed and one.late is None for one in roll.handed)


def _of_times(roll: Roll) -> Iterator[str]:
    """What an instructor is to know where times are missing: nobody is silently in time."""
    tell = "give times with --handed-in, a CSV of ids and times, also later"
    if timeless := _timeless(roll):
        yield f"hand-in time unknown of {timeless} of {len(roll.handed)}: nothing is taken off for lateness; {tell}"
    marked = [one for one in roll.handed if not one.timed and one.late is not None]
    late = sum(bool(one.late) for one in marked)
    if late or any(one.due for one in marked):
        yield (
            f"hand-in times unknown: {late} of {len(marked)} marked late, which counts as one day, "
            f"the others as in time; {tell}"
        )


def lines(roll: Roll) -> tuple[Line, ...]:
    """The submissions as lines of a table, in the order of their students.

    Args:
        roll: The roll.

    Returns:
        A line for each.
    """
    return tuple(_line(one) for one in roll.handed)


def _line(handed: Handed) -> Line:
    when = handed.submitted_at.isoformat(" ", "minutes") if handed.submitted_at else ""
    return Line(
        student=", ".join(member.student for member in handed.members),
        name=", ".join(member.name for member in handed.members if member.name),
        file=handed.place,
        handed_in=f"{when} late".strip() if handed.late else when,
        attempt=str(handed.attempt),
        notes="; ".join(handed.notices),
    )


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number:,} {word}s"


def _person(student: str, name: str) -> str:
    return f"{name} ({student})" if name and name != student else student


def _some(people: list[str]) -> str:
    more = f" and {len(people) - _NAMED} more" if len(people) > _NAMED else ""
    return ", ".join(people[:_NAMED]) + more
