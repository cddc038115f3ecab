"""What handed the submissions over: told from the names alone, or said by the instructor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from grader.intake.packed import some
from grader.roll.canvas import Canvas
from grader.roll.classroom import Classroom
from grader.roll.errors import BadSubmissions
from grader.roll.gradescope import Gradescope
from grader.roll.model import Kind, Listing, Sorted
from grader.roll.moodle import Moodle
from grader.roll.nbgrader import Nbgrader
from grader.roll.plain import Plain
from grader.roll.platform import Platform
from grader.roll.words import names_assignment, stem

_WRAPPED = 3


# The most telling first: where several fit, the first is taken.
PLATFORMS: Mapping[Kind, Platform] = {
    platform.kind: platform for platform in (Gradescope(), Moodle(), Canvas(), Nbgrader(), Classroom(), Plain())
}


@dataclass(frozen=True)
class Taken:
    """A listing taken for a kind.

    Attributes:
        kind: The kind.
        why: Why, in a sentence; and what else it could be.
        found: The listing sorted.
    """

    kind: Kind
    why: str
    found: Sorted


def take(listing: Listing, assignment: str, kind: str | None = None) -> Taken:
    """Tell what a listing is, and sort it.

    Args:
        listing: The files that were handed over.
        assignment: The assignment's name.
        kind: What the instructor says that it is; None to find out.

    Returns:
        The kind and what was found.

    Raises:
        BadSubmissions: There is no such kind, or nothing in the listing looks like it.
    """
    if kind is None:
        return _told(listing, assignment)
    platform = next((one for one in PLATFORMS.values() if one.kind == kind), None)
    if platform is None:
        raise BadSubmissions(f"--kind {kind!a} is not known; the kinds are {', '.join(PLATFORMS)}")
    inner = [one for one in _unwrapped(listing) if platform.fits(one, assignment)] or [listing]
    if kind == "plain":
        inner = [_plainly(listing, assignment)]
    found = platform.sort(inner[0], assignment)
    if not found.bundles:
        holds = some(list(listing.files)) or "nothing at all"
        raise BadSubmissions(
            f"{listing.name}: nothing in it looks like {platform.looks} ({platform.title}); it holds {holds}: "
            "leave --kind away, or name another"
        )
    return Taken(platform.kind, f"taken as {platform.title}, as --kind says", found)


def _told(listing: Listing, assignment: str) -> Taken:
    for inner in _unwrapped(listing):
        reasons = {
            kind: reason
            for kind, platform in PLATFORMS.items()
            if kind != "plain" and (reason := platform.fits(inner, assignment))
        }
        if reasons:
            taken, *others = reasons
            why = f"taken as {PLATFORMS[taken].title}: {reasons[taken]}"
            if others:
                could = ", ".join(f"--kind {kind}: {reasons[kind]}" for kind in others)
                why += f"; it could also be another ({could})"
            return Taken(taken, why, PLATFORMS[taken].sort(inner, assignment))
    inner = _plainly(listing, assignment)
    found = PLATFORMS["plain"].sort(inner, assignment)
    if not found.bundles and not found.refused:
        holds = some(list(listing.files)) or "nothing at all"
        raise BadSubmissions(
            f"{listing.name}: no submissions in it; it holds {holds}. Name the zip or folder that holds them"
        )
    why = f"taken as {PLATFORMS['plain'].title} and folders named after the students: no platform names its files so"
    if inner is not listing:
        why += f"; the students are what is in the folder {inner.name}"
    return Taken("plain", why, found)


def _unwrapped(listing: Listing) -> Iterator[Listing]:
    """The listing as it is, then without the one folder that everything lies in, and so on."""
    for _ in range(_WRAPPED):
        yield listing
        tops = {place.partition("/")[0] if "/" in place else "" for place in listing.files}
        if len(tops) != 1 or "" in tops:
            return
        listing = _inside(listing, tops.pop())


def _inside(listing: Listing, top: str) -> Listing:
    start = f"{top}/"
    return replace(
        listing,
        name=top,
        files={place[len(start) :]: stored for place, stored in listing.files.items()},
        repositories=frozenset(r[len(start) :] for r in listing.repositories if r.startswith(start)),
    )


def _plainly(listing: Listing, assignment: str) -> Listing:
    """Plain files without the folder that they all lie in, unless that folder is a student's."""
    best = listing
    for outer, inner in pairwise(_unwrapped(listing)):
        notebooks = [place for place in inner.files if place.lower().endswith((".ipynb", ".zip"))]
        several = {place.partition("/")[0] for place in notebooks}
        named_like_it = any("/" not in place and names_assignment(place, assignment) == 2 for place in notebooks)
        if inner.name == stem(outer.name) or (len(several) > 1 and not named_like_it):
            best = inner
    return best
