"""Moodle: "Download all submissions" of an assignment, in folders or flat.

A folder is `<full name>_<participant number>_assignsubmission_file`, before Moodle 4.1 with a `_` at its end; flat, the
file's own name follows. Online text is in `..._assignsubmission_onlinetext`. Blind marking puts "Participant" in place
of the name, a team its own name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

from grader.intake.names import unsafe
from grader.roll.model import Bundle, Hint, Listing, Owner, Refused, Sorted, Stored
from grader.roll.platform import Platform
from grader.roll.shelf import CLASS_LIMITS

_PART = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?P<plugin>file|onlinetext)(?:_(?P<file>.*))?")
_BLIND = "Participant"


class Entry(NamedTuple):
    """What the name of one file says.

    Attributes:
        number: The participant's number.
        name: Full name of a student or name of a team; "" where it is hidden.
        file: The file's own name.
    """

    number: str
    name: str
    file: str


def parse(place: str) -> Entry | None:
    """Read the name of a file in a Moodle download.

    Args:
        place: The name with its folders.

    Returns:
        What it says; None where it is not of this form.

    Example:
        >>> parse("Ada Lovelace_88_assignsubmission_file/hw2.ipynb")
        Entry(number='88', name='Ada Lovelace', file='hw2.ipynb')
        >>> parse("Ada Lovelace_88_assignsubmission_file_hw2.ipynb")
        Entry(number='88', name='Ada Lovelace', file='hw2.ipynb')
    """
    top, _, below = place.partition("/")
    found = _PART.fullmatch(top)
    if found is None or bool(below) == bool(found["file"]):
        return None
    return Entry(found["number"], "" if found["name"] == _BLIND else found["name"], below or found["file"])


class Moodle(Platform):
    """A download from Moodle."""

    kind = "moodle"
    title = "Moodle download"
    looks = "<name>_<number>_assignsubmission_file/"

    def fits(self, listing: Listing, assignment: str) -> str:
        """Say why this is a Moodle download; "" where it is none."""
        found = sum(parse(place) is not None for place in listing.files)
        if not found or 2 * found < len(listing.files):
            return ""
        return f"{found} of {len(listing.files)} files are in ..._assignsubmission_... as Moodle names them"

    def sort(self, listing: Listing, assignment: str) -> Sorted:
        """Sort a Moodle download by participant."""
        files: dict[Owner, dict[str, Stored]] = defaultdict(dict)
        refused: list[Refused] = []
        for place, stored in listing.files.items():
            entry = parse(place)
            if entry is None:
                continue
            if reason := unsafe(entry.file, CLASS_LIMITS):
                refused.append(Refused(place, f"unsafe name: {reason}"))
            else:
                names = (Hint("name", entry.name), Hint("group", entry.name)) if entry.name else ()
                files[Owner(entry.number, entry.name, (Hint("platform", entry.number), *names))][entry.file] = stored
        bundles = tuple(
            Bundle((owner,), next(iter(found.values())).place.partition("/")[0], found)
            for owner, found in files.items()
        )
        return Sorted(bundles, tuple(refused))
