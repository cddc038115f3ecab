"""Canvas: "Download Submissions" of an assignment.

Each file lies at the top as `<name>[_LATE]_<user id>_<file id>_<its own name>`; the name is the sortable one without
anything but letters and digits. Anonymous grading puts `anon_<id>` in place of name and user. A file of a name that
the student has handed in before gets `-1`, `-2` and so on before its suffix.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

from grader.intake.names import unsafe
from grader.roll.model import Bundle, Hint, Listing, Owner, Refused, Sorted, Stored
from grader.roll.platform import Platform
from grader.roll.shelf import CLASS_LIMITS
from grader.roll.words import stem

_NAMED = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<user>\d+)_(?P<id>\d+)_(?P<file>.+)")
_ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<user>anon_[^\W_]+)(?P<after>_LATE)?_(?P<id>\d+)_(?P<file>.+)")
_AGAIN = re.compile(r"(.+)-(\d{1,3})")


class Entry(NamedTuple):
    """What the name of one file says.

    Attributes:
        user: The platform's number of the student, or `anon_` and an id.
        name: The student's squeezed name; "" where it is hidden.
        late: Whether it was late.
        id: The number of the file; later files have higher ones.
        file: The file's own name.
    """

    user: str
    name: str
    late: bool
    id: int
    file: str


def parse(name: str) -> Entry | None:
    """Read the name of a file in a Canvas download.

    Args:
        name: The name, without folders.

    Returns:
        What it says; None where it is not of this form.

    Example:
        >>> parse("lovelaceada_LATE_1001_77_hw2.ipynb")
        Entry(user='1001', name='lovelaceada', late=True, id=77, file='hw2.ipynb')
    """
    if found := _ANONYMOUS.fullmatch(name):
        return Entry(found["user"], "", bool(found["late"] or found["after"]), int(found["id"]), found["file"])
    if found := _NAMED.fullmatch(name):
        return Entry(found["user"], found["name"], bool(found["late"]), int(found["id"]), found["file"])
    return None


class Canvas(Platform):
    """A download from Canvas."""

    kind = "canvas"
    title = "Canvas download"
    looks = "<name>_<user>_<file>_hw.ipynb"

    def fits(self, listing: Listing, assignment: str) -> str:
        """Say why this is a Canvas download; "" where it is none."""
        top = [place for place in listing.files if "/" not in place]
        found = sum(parse(place) is not None for place in top)
        if not found or 2 * found < len(listing.files):
            return ""
        return f"{found} of {len(listing.files)} files are named name_user_file_... as Canvas names them"

    def sort(self, listing: Listing, assignment: str) -> Sorted:
        """Sort a Canvas download by user."""
        users: dict[str, list[tuple[Entry, Stored]]] = defaultdict(list)
        refused: list[Refused] = []
        for place, stored in listing.files.items():
            entry = None if "/" in place else parse(place)
            if entry is None:
                continue
            if reason := unsafe(entry.file, CLASS_LIMITS):
                refused.append(Refused(place, f"unsafe name: {reason}"))
            else:
                users[entry.user].append((entry, stored))
        return Sorted(tuple(_bundle(entries) for entries in users.values()), tuple(refused))


def again(file: str) -> tuple[str, int]:
    """A file's name before Canvas numbered it, and the number; 0 where it has none.

    Example:
        >>> again("hw2-3.ipynb"), again("hw2.ipynb")
        (('hw2.ipynb', 3), ('hw2.ipynb', 0))
    """
    found = _AGAIN.fullmatch(stem(file))
    return (found[1] + file[len(stem(file)) :], int(found[2])) if found else (file, 0)


def _bundle(entries: list[tuple[Entry, Stored]]) -> Bundle:
    entries.sort(key=lambda pair: pair[0].id)
    first = entries[0][0]
    hints = (Hint("platform", first.user), Hint("name", first.name), Hint("group", first.name))
    files: dict[str, Stored] = {}
    ranks: dict[str, tuple[int, ...]] = {}
    for entry, stored in entries:  # of one name twice the later file stays
        files[entry.file] = stored
        ranks[entry.file] = (again(entry.file)[1], entry.id)
    return Bundle(
        owners=(Owner(first.user, first.name, hints if first.name else hints[:1]),),
        place=entries[0][1].place,
        files=files,
        late=any(entry.late for entry, _ in entries),
        ranks=ranks,
        originals={file: again(file)[0] for file in files if again(file)[1]},
    )
