"""Call the roll: every student of what was handed over, with the one file of theirs that is graded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from grader.intake.packed import some
from grader.roll.choose import Chosen, choose
from grader.roll.kinds import Taken, take
from grader.roll.model import Bundle, Handed, Listing, Member, Owner, Refused, Roll, Stored
from grader.roll.roster import Enrolled, Roster
from grader.roll.words import as_id

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def call_roll(
    listing: Listing,
    assignment: str,
    *,
    kind: str | None = None,
    roster: Roster | None = None,
    due: datetime | None = None,
    groups: bool = False,
    times: Roster | None = None,
) -> Roll:
    """Make the list of submissions; nothing but a platform's own notes (names, times) is read.

    Args:
        listing: What was handed over (see `grader.roll.shelf.open_shelf`).
        assignment: The assignment's name: the notebook that is named like it is taken.
        kind: What the instructor says that the listing is; None to find out.
        roster: The class; None where it is not known.
        due: When the assignment is due, with a zone; None for never.
        groups: Whether what one student hands in counts for the roster's whole group. What is handed in under a group's
            name, or by several students as the platform says, always counts for all of them.
        times: A table of when students handed in; it goes before the roster's column and the platform's word.

    Returns:
        The submissions to grade, what cannot be graded and why, and who is missing.

    Raises:
        BadSubmissions: Nothing in the listing can be made out.
    """
    taken = take(listing, assignment, kind)
    refused = [*listing.refused, *taken.found.refused]
    entries: list[_Entry] = []
    for bundle in taken.found.bundles:
        people = _people(taken, bundle, roster, groups)
        if isinstance(people, str):
            refused.append(Refused(bundle.place, people))
            continue
        chosen = choose(bundle, assignment)
        if isinstance(chosen, str):
            refused.append(Refused(bundle.place, chosen, tuple(member.student for member in people)))
        else:
            entries.append(_Entry(bundle, chosen, people, len(entries)))
    handed = [_handed(entry, people, older, _Times(roster, times, due)) for entry, people, older in _newest(entries)]
    handed.sort(key=lambda one: (one.student.casefold(), one.student))
    return Roll(
        kind=taken.kind,
        why=taken.why,
        handed=tuple(handed),
        refused=tuple(refused),
        missing=_missing(roster, handed, refused),
        notices=(*taken.found.notices, *_passed_over(listing, taken, refused)),
        has_roster=roster is not None,
    )


def _passed_over(listing: Listing, taken: Taken, refused: Sequence[Refused]) -> tuple[str, ...]:
    """Name the files that are in nobody's hand-in: nothing disappears without a word."""
    known = {stored.place for bundle in taken.found.bundles for stored in bundle.files.values()}
    known |= taken.found.others | {one.place for one in refused}
    left = [stored.place for stored in listing.files.values() if stored.place not in known]
    return (f"passed over, for their names do not say whose they are: {some(left)}",) if left else ()


@dataclass(frozen=True)
class _Entry:
    """A bundle, its notebook and its students."""

    bundle: Bundle
    chosen: Chosen
    people: tuple[Member, ...]
    position: int

    @property
    def rank(self) -> tuple[datetime, int, float, int]:
        """Grows with the time of handing in, as well as that is known."""
        changed = self.bundle.files[self.chosen.file].changed
        return self.bundle.submitted_at or _LONG_AGO, self.bundle.number, changed, self.position


def _people(taken: Taken, bundle: Bundle, roster: Roster | None, groups: bool) -> tuple[Member, ...] | str:
    """The students of a bundle; a sentence where the roster cannot tell."""
    members: dict[str, Member] = {}
    for owner in bundle.owners:
        found = roster.find(owner.hints) if roster else ()
        if isinstance(found, str):
            return found
        if roster and groups and len(found) == 1:
            found = roster.group_of(found[0])
        for member in [one.member for one in found] or [_stranger(taken, owner, roster)]:
            members.setdefault(member.student, member)
    return tuple(members.values())


def _stranger(taken: Taken, owner: Owner, roster: Roster | None) -> Member:
    """A student whom no roster knows, under the platform's id; never under that of somebody else on the roster."""
    key = as_id(owner.key) or "unknown"
    if roster and roster.get(key):
        key = f"{taken.kind}-{key}"
    email = next((hint.value for hint in owner.hints if hint.kind == "email" and "@" in hint.value), "")
    return Member(key, as_id(owner.name), email, known=None if roster is None else False)


def _newest(entries: Sequence[_Entry]) -> list[tuple[_Entry, tuple[Member, ...], tuple[_Entry, ...]]]:
    """The entries that are graded: each with those for whom it is the newest, and the older ones of theirs."""
    of_student: dict[str, list[_Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: entry.rank):
        for member in entry.people:
            of_student[member.student].append(entry)
    found = []
    for entry in entries:
        people = tuple(member for member in entry.people if of_student[member.student][-1] is entry)
        older = {one.position: one for member in people for one in of_student[member.student][:-1]}
        if people:
            found.append((entry, people, tuple(older.values())))
    return found


@dataclass(frozen=True)
class _Times:
    """What the instructor's tables say of when things came and were due."""

    roster: Roster | None
    table: Roster | None
    due: datetime | None

    def enrolled(self, people: Sequence[Member]) -> list[Enrolled]:
        """The rows of the roster of some students."""
        return [one for member in people if self.roster and (one := self.roster.get(member.student))]

    def of(self, bundle: Bundle, enrolled: Sequence[Enrolled]) -> datetime | None:
        """When a bundle was handed in; None where no table tells."""
        hints = [owner.hints for owner in bundle.owners] + [one.hints for one in enrolled]
        found = (self.table.find(each) for each in hints) if self.table else ()
        rows = [row for each in found if not isinstance(each, str) for row in each] + list(enrolled)
        zone = self.due.tzinfo if self.due else UTC
        told = [row.handed_in for row in rows if row.handed_in is not None]
        return told[0] if told and told[0].tzinfo else told[0].replace(tzinfo=zone) if told else None


def _handed(entry: _Entry, people: tuple[Member, ...], older: tuple[_Entry, ...], times: _Times) -> Handed:
    bundle, chosen = entry.bundle, entry.chosen
    theirs = times.enrolled(people)
    until = max((one.due(times.due) or times.due for one in theirs), default=times.due) if times.due else None
    by_hand = times.of(bundle, theirs)
    submitted_at = by_hand or bundle.submitted_at
    late, notices = _lateness(submitted_at, bundle.late, theirs, until)
    places = [bundle.files[name].place for name in chosen.older]
    places += [one.bundle.files[one.chosen.file].place for one in older]
    if older:
        notices += (f"handed in {len(older) + 1} times; the newest is taken, not {older[-1].bundle.place}",)
    folder, slash, _ = chosen.file.rpartition("/")
    original = bundle.originals.get(chosen.file, chosen.file)
    return Handed(
        members=people,
        file=original.rpartition("/")[2],
        stored=bundle.files[chosen.file],
        beside=_beside(bundle, chosen, folder + slash),
        elsewhere=tuple(name for name in bundle.files if not name.startswith(folder + slash)),
        originals={name.removeprefix(folder + slash): before for name, before in bundle.originals.items()},
        submitted_at=submitted_at,
        by_hand=by_hand is not None,
        due=until,
        late=late,
        attempt=max(len(places), *bundle.ranks.get(chosen.file, (0,))[:1]) + 1,
        older=tuple(places),
        notices=(*chosen.notices, *notices),
    )


def _beside(bundle: Bundle, chosen: Chosen, start: str) -> dict[str, Stored]:
    """The other files of a bundle in the notebook's folder and below it; attempts before it are none of them."""
    return {
        name.removeprefix(start): stored
        for name, stored in bundle.files.items()
        if name.startswith(start) and name != chosen.file and name not in chosen.older
    }


def _lateness(
    submitted_at: datetime | None, marked: bool | None, enrolled: Sequence[Enrolled], until: datetime | None
) -> tuple[bool | None, tuple[str, ...]]:
    """Whether something was late: by its time where that and the due date are known, else by the platform's mark."""
    if submitted_at and until:
        return submitted_at > until, ()
    if marked and any(one.extension is not None for one in enrolled):
        return True, ("the platform calls it late without saying when it came, and the roster has an extension: look",)
    return marked, ()


def _missing(roster: Roster | None, handed: Sequence[Handed], refused: Sequence[Refused]) -> tuple[Member, ...]:
    there = {member.student for one in handed for member in one.members}
    there |= {student for one in refused for student in one.students}
    return tuple(one.member for one in roster.students if one.student not in there) if roster else ()
