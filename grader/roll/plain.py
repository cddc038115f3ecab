"""No platform: `alice.ipynb`, `alice/hw2.ipynb`, or both, also within folders for sections."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from grader.intake.handin import SUFFIXES
from grader.roll.model import Bundle, Hint, HintKind, Listing, Owner, Refused, Sorted, Stored
from grader.roll.platform import Platform
from grader.roll.words import first_copy, names_assignment, slug, stem, without_copy

_FOUND_BY: tuple[HintKind, ...] = ("id", "login", "github", "email", "platform", "name", "group")


class Plain(Platform):
    """Files and folders named after the students."""

    kind = "plain"
    title = "plain files"
    looks = "<student>.ipynb or <student>/"

    def fits(self, listing: Listing, assignment: str) -> str:
        """Say why these are plain files and folders: there is nothing else that they could be."""
        return "files and folders are named after the students"

    def sort(self, listing: Listing, assignment: str) -> Sorted:
        """Sort files by their own names, and folders by theirs."""
        at_top: dict[str, Stored] = {}
        folders: dict[str, dict[str, Stored]] = defaultdict(dict)
        for place, stored in listing.files.items():
            top, slash, below = place.partition("/")
            if slash:
                folders[top][below] = stored
            else:
                at_top[top] = stored
        parts = [_of_files(at_top, assignment)]
        for name, files in folders.items():
            inner = _students_in(files, assignment)
            if inner is None:
                parts.append(Sorted((Bundle((_owner(name),), name, files),)))
            else:
                parts += [Sorted((Bundle((_owner(who),), f"{name}/{who}", found),)) for who, found in inner.items()]
        return Sorted(
            tuple(bundle for part in parts for bundle in part.bundles),
            tuple(one for part in parts for one in part.refused),
        )


def student_of(file: str, assignment: str) -> str:
    """Whose a file at the top is: its name without the assignment's in front or behind and a copy's number.

    Example:
        >>> student_of("hw2_ada.ipynb", "hw2"), student_of("ada (1).ipynb", "hw2"), student_of("hw2.ipynb", "hw2")
        ('ada', 'ada', '')
    """
    name = without_copy(stem(file))[0].strip()
    wanted = r"[\W_]+".join(map(re.escape, slug(assignment).split("-")))
    if not wanted:
        return name
    name = re.sub(rf"^{wanted}(?:[\W_]+|$)", "", name, flags=re.IGNORECASE)
    return re.sub(rf"[\W_]+{wanted}$", "", name, flags=re.IGNORECASE)


def _of_files(files: Mapping[str, Stored], assignment: str) -> Sorted:
    notebooks = [name for name in files if name.lower().endswith((".ipynb", *SUFFIXES))]
    notebooks = notebooks or [name for name in files if name.lower().endswith(".py")]
    students = {name: student_of(name, assignment) for name in notebooks}
    by_student: dict[str, dict[str, Stored]] = defaultdict(dict)
    for name, student in students.items():
        if student:
            by_student[student][name] = files[name]
    refused = tuple(
        Refused(name, "its name does not say whose it is: rename it to <student>.ipynb")
        for name, student in students.items()
        if not student
    )
    for name in files:
        student = student_of(name, assignment)
        if name not in students and student in by_student:
            by_student[student][name] = files[name]
    bundles = tuple(
        Bundle(
            owners=(_owner(student),),
            place=next(iter(found)),
            files=found,
            ranks={name: (without_copy(stem(name))[1],) for name in found},
            originals={name: first_copy(name) for name in found if first_copy(name) != name},
        )
        for student, found in by_student.items()
    )
    return Sorted(bundles, refused)


def _students_in(files: Mapping[str, Stored], assignment: str) -> dict[str, dict[str, Stored]] | None:
    """The students' folders in one that stands for a section: several of its folders hold the assignment's notebook."""
    folders: dict[str, dict[str, Stored]] = defaultdict(dict)
    for place, stored in files.items():
        top, slash, below = place.partition("/")
        if not slash:
            return None
        folders[top][below] = stored
    meant = sum(
        any(place.endswith(".ipynb") and names_assignment(place, assignment) == 2 for place in found)
        for found in folders.values()
    )
    return folders if meant >= 2 else None


def _owner(name: str) -> Owner:
    return Owner(name, name, tuple(Hint(kind, name) for kind in _FOUND_BY))
