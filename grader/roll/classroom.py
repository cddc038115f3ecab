"""GitHub Classroom: the repositories of an assignment, one folder each.

`gh classroom clone student-repos` leaves `<assignment>-submissions/<assignment>-<login>`; for group work a team stands
in place of the login.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import takewhile

from grader.roll.model import Bundle, Hint, Listing, Owner, Sorted, Stored
from grader.roll.platform import Platform
from grader.roll.words import slug

_AROUND = "-submissions"


class Classroom(Platform):
    """Repositories of GitHub Classroom."""

    kind = "classroom"
    title = "GitHub Classroom"
    looks = "<assignment>-<login>/"

    def fits(self, listing: Listing, assignment: str) -> str:
        """Say why these are GitHub Classroom's repositories; "" where they are none."""
        folders = _folders(listing)
        prefix = _prefix(folders, listing, assignment)
        named = sum(folder.startswith(prefix) for folder in folders)
        if not prefix or 2 * named < len(folders):
            return ""
        return f"{named} of {len(folders)} folders are named {prefix}<login>"

    def sort(self, listing: Listing, assignment: str) -> Sorted:
        """Sort repositories by login."""
        folders = _folders(listing)
        prefix = _prefix(folders, listing, assignment) or f"{slug(assignment)}-"
        bundles = []
        for folder, files in folders.items():
            login = folder[len(prefix) :] if folder.casefold().startswith(prefix.casefold()) else ""
            if login:
                kinds = ("github", "login", "id", "group", "name")
                owner = Owner(login, login, tuple(Hint(kind, login) for kind in kinds))  # type: ignore[arg-type]
                bundles.append(Bundle((owner,), folder, files))
        return Sorted(tuple(bundles))


def _folders(listing: Listing) -> dict[str, dict[str, Stored]]:
    """The files of each folder; the one that `gh classroom clone` puts all repositories into is none of them."""
    folders: dict[str, dict[str, Stored]] = defaultdict(dict)
    for repository in sorted(listing.repositories):
        if repository and "/" not in repository:
            folders[repository] = {}
    for place, stored in listing.files.items():
        top, _, below = place.partition("/")
        if below and not top.endswith(_AROUND):
            folders[top][below] = stored
    return folders


def _prefix(folders: dict[str, dict[str, Stored]], listing: Listing, assignment: str) -> str:
    """What stands before the login: the assignment's name, or what the names of all repositories have in common."""
    for folder in folders:
        cut = folder[: len(slug(assignment)) + 1]
        if cut.endswith("-") and slug(cut) == slug(assignment) and len(folder) > len(cut):
            return cut
    repositories = [folder for folder in folders if folder in listing.repositories]
    if len(repositories) < 2:
        return ""
    first, last = min(repositories), max(repositories)  # what these two begin with, all between them do
    common = "".join(a for a, b in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return common[: common.rfind("-") + 1]
