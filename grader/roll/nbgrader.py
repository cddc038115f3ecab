"""nbgrader: `submitted/<student>/<assignment>/`, with the time of handing in in `timestamp.txt`."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from grader.intake.errors import BadHandIn
from grader.roll.errors import BadSubmissions
from grader.roll.model import Bundle, Hint, HintKind, Listing, Owner, Sorted, Stored
from grader.roll.platform import Platform
from grader.roll.times import moment
from grader.roll.words import slug

_TIMESTAMP = "timestamp.txt"
_TOP = "submitted"
_TIMESTAMP_BYTES = 1000
_FOUND_BY: tuple[HintKind, ...] = ("id", "login", "github", "email", "platform", "name", "group")


class Nbgrader(Platform):
    """The folder in which nbgrader keeps what was handed in."""

    kind = "nbgrader"
    title = "nbgrader folder"
    looks = "submitted/<student>/<assignment>/"

    def fits(self, listing: Listing, assignment: str) -> str:
        """Say why this is nbgrader's folder; "" where it is none."""
        files, submitted = _files(listing)
        deep = [place for place in files if place.count("/") >= 2]
        if 2 * len(deep) < len(files):
            return ""
        if submitted and deep:
            return f"there is a folder {_TOP}/<student>/<assignment>, as nbgrader keeps it"
        stamped = any(place.count("/") == 2 and place.endswith(f"/{_TIMESTAMP}") for place in deep)
        return f"there is a <student>/<assignment>/{_TIMESTAMP}, as nbgrader keeps it" if stamped else ""

    def sort(self, listing: Listing, assignment: str) -> Sorted:
        """Sort nbgrader's folder by student; other assignments in it are left alone."""
        found: dict[str, dict[str, dict[str, Stored]]] = defaultdict(lambda: defaultdict(dict))
        for place, stored in _files(listing)[0].items():
            student, _, rest = place.partition("/")
            name, slash, below = rest.partition("/")
            if slash:
                found[name][student][below] = stored
        meant = [name for name in found if slug(name) == slug(assignment)]
        if found and not meant:
            there = ", ".join(sorted(found)[:5])
            raise BadSubmissions(f"{listing.name}: nobody has a folder {assignment}; there are: {there}")
        bundles = []
        notices = []
        others = {
            stored.place
            for name, students in found.items()
            for files in students.values()
            for file, stored in files.items()
            if name not in meant or file == _TIMESTAMP
        }
        for name in meant:
            for student, files in found[name].items():
                stamp = files.pop(_TIMESTAMP, None)
                submitted_at = _time(stamp) if stamp else None
                if stamp and submitted_at is None:
                    notices.append(f"{stamp.place} holds no time that can be read")
                owner = Owner(student, student, tuple(Hint(kind, student) for kind in _FOUND_BY))
                bundles.append(Bundle((owner,), f"{student}/{name}", files, submitted_at))
        return Sorted(tuple(bundles), (), frozenset(others), tuple(notices))


def _files(listing: Listing) -> tuple[dict[str, Stored], bool]:
    """The files by `<student>/<assignment>/<file>`, and whether a folder "submitted" says so."""
    start = f"{_TOP}/"
    below = {place[len(start) :]: stored for place, stored in listing.files.items() if place.startswith(start)}
    return (below, True) if below else (dict(listing.files), listing.name == _TOP)


def _time(stamp: Stored) -> datetime | None:
    try:
        return moment(stamp.read(_TIMESTAMP_BYTES).decode("utf-8", "replace"))
    except BadHandIn:
        return None
