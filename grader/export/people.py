"""Find the students of a class in somebody else's sheet: certainly, or not at all."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import msgspec

from grader.export.model import Row
from grader.export.sheet import SheetError

KeyKind = Literal["id", "login", "email"]


class Person(msgspec.Struct, frozen=True):
    """A student as a sheet names them.

    Attributes:
        place: Where, for messages: "line 4".
        keys: What identifies the student, by kind; empty texts are no keys.
        name: The full name, or "Last, First".
    """

    place: str
    keys: tuple[tuple[KeyKind, str], ...]
    name: str

    def label(self) -> str:
        """The student for a person's eyes."""
        return self.name or next((key for _, key in self.keys if key), self.place)


class Matched(msgspec.Struct, frozen=True):
    """Who is who.

    Attributes:
        pairs: Row by the index of its person.
        only_in_grades: Labels of rows that no person fits.
        only_in_sheet: Labels of persons that no row fits.
    """

    pairs: dict[int, Row]
    only_in_grades: tuple[str, ...]
    only_in_sheet: tuple[str, ...]


def match(rows: Sequence[Row], people: Sequence[Person], sheet: str) -> Matched:
    """Match rows with the people of a sheet: by any key, and by name only where no key fits.

    Args:
        rows: The class's results.
        people: The sheet's students.
        sheet: The sheet's name, for messages.

    Returns:
        Who is who, and who is missing on either side.

    Raises:
        SheetError: A row fits several people or several rows fit one person.
    """
    by_key, by_name = _index(people)
    pairs: dict[int, Row] = {}
    missing = []
    for row in rows:
        found = {index for key in _keys(row) for index in by_key[key]}
        found = found or {index for index in by_name[plain_name(row.name)] if row.name.strip()}
        if len(found) > 1:
            places = " and ".join(people[index].place for index in sorted(found))
            raise SheetError(
                f"{sheet}: student {row.label()!r} could be {places}; give the student an id or a login that fits one"
            )
        if not found:
            missing.append(row.label())
            continue
        (index,) = found
        if index in pairs:
            raise SheetError(
                f"{sheet}: {people[index].place} ({people[index].label()!r}) could be student "
                f"{pairs[index].label()!r} or {row.label()!r}; give each an id or a login of their own"
            )
        pairs[index] = row
    rest = tuple(person.label() for index, person in enumerate(people) if index not in pairs)
    return Matched(pairs, tuple(missing), rest)


def plain_name(name: str) -> str:
    """A name so that both of its forms are one: "Lovelace, Ada" becomes "Ada Lovelace".

    Example:
        >>> plain_name("Lovelace,  Ada"), plain_name('="=Ada"')
        ('Ada Lovelace', '=Ada')
    """
    text = " ".join(unicodedata.normalize("NFC", name).split())
    if len(text) > 2 and text.startswith('="') and text.endswith('"'):  # how Canvas disarms a name that starts with "="
        text = text[2:-1].strip()
    last, comma, first = text.partition(", ")
    return f"{first} {last}" if comma else text


def _index(
    people: Sequence[Person],
) -> tuple[defaultdict[tuple[KeyKind, str], set[int]], defaultdict[str, set[int]]]:
    by_key: defaultdict[tuple[KeyKind, str], set[int]] = defaultdict(set)
    by_name: defaultdict[str, set[int]] = defaultdict(set)
    for index, person in enumerate(people):
        for kind, key in person.keys:
            if key.strip():
                by_key[kind, _folded(kind, key)].add(index)
        if person.name.strip():
            by_name[plain_name(person.name)].add(index)
    return by_key, by_name


def _keys(row: Row) -> set[tuple[KeyKind, str]]:
    found: set[tuple[KeyKind, str]] = {("id", _folded("id", row.student_id))}
    for text in (
        row.login,
        row.email,
        row.student_id,
    ):  # some platforms' logins are addresses, some courses' ids logins
        if text.strip():
            found |= {("login", _folded("login", text)), ("email", _folded("email", text))}
    return found


def _folded(kind: KeyKind, key: str) -> str:
    text = unicodedata.normalize("NFC", key.strip())
    return text if kind == "id" else text.casefold()
