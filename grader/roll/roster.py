"""Who is enrolled: under which names, ids, logins and addresses each student may turn up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from grader.roll.model import Hint, HintKind, Member
from grader.roll.words import squeezed


@dataclass(frozen=True)
class Enrolled:
    """One row of a roster.

    Attributes:
        student: The id that grades are recorded under.
        name: Full name, or "".
        email: Address, or "".
        section: Section, or "".
        group: The group that hands in together, or "".
        extension: Days after the due date, or the last day or moment; None where there is none.
        handed_in: When the student handed in, as the file says; without a zone it is in that of the due date.
        hints: What platforms may know the student by.
        line: The row's line in its file.
    """

    student: str
    name: str = ""
    email: str = ""
    section: str = ""
    group: str = ""
    extension: float | date | datetime | None = None
    handed_in: datetime | None = None
    hints: tuple[Hint, ...] = ()
    line: int = 0

    @property
    def member(self) -> Member:
        """The student as one who gets a grade."""
        return Member(self.student, self.name, self.email, self.section, known=True)

    def due(self, due: datetime | None) -> datetime | None:
        """When the student's work is due.

        Args:
            due: When everybody's is, with a zone.

        Returns:
            That, or the end of the extension where that is later; None where nothing is due.

        Example:
            >>> from datetime import UTC
            >>> Enrolled("ada", extension=2.0).due(datetime(2026, 3, 1, 23, 59, tzinfo=UTC)).day
            3
        """
        if due is None or self.extension is None:
            return due
        if isinstance(self.extension, datetime):
            until = self.extension if self.extension.tzinfo else self.extension.replace(tzinfo=due.tzinfo)
        elif isinstance(self.extension, date):
            until = datetime.combine(self.extension, time(23, 59, 59), due.tzinfo)
        else:
            until = due + timedelta(days=self.extension)
        return max(due, until)


@dataclass(frozen=True)
class Roster:
    """All students of a class.

    Attributes:
        students: The students in the order of the file.
        has_platform_ids: Whether the platform's own ids are a column apart from the students' ids.
    """

    students: tuple[Enrolled, ...]
    has_platform_ids: bool = False
    _known: dict[Hint, tuple[Enrolled, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", _index(self.students))

    def find(self, hints: Sequence[Hint]) -> tuple[Enrolled, ...] | str:
        """Find whom hints are about.

        Args:
            hints: What a platform says.

        Returns:
            One student, or all of a group; nobody where no hint is known; a sentence where the hints contradict each
            other or fit several students.
        """
        votes: dict[str, tuple[Hint, Enrolled]] = {}
        several: list[str] = []
        for hint in self._trusted(hints):
            found = self._known.get(_key(hint), ()) if hint.kind != "group" else ()
            if len(found) == 1:
                votes.setdefault(found[0].student, (hint, found[0]))
            elif found:
                several.append(f"{hint.value} is the {_WORDS[hint.kind]} of {_listed(found)}")
        if len(votes) > 1:
            said = (f"the {_WORDS[hint.kind]} {hint.value} is that of {one.student}" for hint, one in votes.values())
            return f"it cannot be told whose it is: {', '.join(said)}"
        if votes:
            return (next(iter(votes.values()))[1],)
        groups = (self._known.get(_key(hint), ()) for hint in hints if hint.kind == "group")
        return next(filter(None, groups), ()) or (f"it cannot be told whose it is: {several[0]}" if several else ())

    def get(self, student: str) -> Enrolled | None:
        """The student of an id, whatever its capitals; None where nobody has it."""
        return next(iter(self._known.get(_key(Hint("id", student)), ())), None)

    def group_of(self, one: Enrolled) -> tuple[Enrolled, ...]:
        """A student's group with the student in front; only the student where there is none."""
        group = self._known.get(_key(Hint("group", one.group)), ()) if one.group else ()
        return (one, *(other for other in group if other.student != one.student))

    def _trusted(self, hints: Sequence[Hint]) -> list[Hint]:
        """The hints without an id of the platform that might be taken for one of the school, where others tell."""
        others = [hint for hint in hints if hint.kind != "platform"]
        told = any(len(self._known.get(_key(hint), ())) == 1 for hint in others if hint.kind != "group")
        return others if told and not self.has_platform_ids else list(hints)


_WORDS: dict[HintKind, str] = {
    "id": "id",
    "platform": "platform's id",
    "login": "login",
    "github": "GitHub login",
    "email": "email",
    "name": "name",
    "group": "group",
}


def name_forms(name: str, first: str = "", last: str = "") -> tuple[str, ...]:
    """The ways in which platforms write a name: as it is, and with the last name in front.

    Example:
        >>> name_forms("Lovelace, Ada"), name_forms("", "Ada", "Lovelace")
        (('Lovelace Ada', 'Ada Lovelace'), ('Ada Lovelace', 'Lovelace Ada'))
    """
    if not name:
        return tuple(dict.fromkeys(f"{a} {b}".strip() for a, b in ((first, last), (last, first)) if a or b))
    behind, comma, front = (part.strip() for part in name.partition(","))
    if not comma:
        front, _, behind = behind.rpartition(" ")
        return tuple(dict.fromkeys((name, f"{behind} {front}".strip())))
    return f"{behind} {front}", f"{front} {behind}"


def _index(students: Iterable[Enrolled]) -> dict[Hint, tuple[Enrolled, ...]]:
    known: dict[Hint, dict[str, Enrolled]] = defaultdict(dict)
    for one in students:
        for hint in one.hints:
            if key := _key(hint).value:
                known[Hint(hint.kind, key)][one.student] = one
    return {hint: tuple(found.values()) for hint, found in known.items()}


def _key(hint: Hint) -> Hint:
    return Hint(hint.kind, squeezed(hint.value) if hint.kind in ("name", "group") else hint.value.strip().casefold())


def _listed(found: Sequence[Enrolled]) -> str:
    return " and ".join(one.student for one in found[:3]) + (" and others" if len(found) > 3 else "")
