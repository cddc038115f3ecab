"""What Gradescope lays before an autograder: a folder of files, and a note on who handed them in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from grader.assignment.folder import named_in
from grader.intake.handin import SUFFIXES

_METADATA_BYTES = 32 * 1024 * 1024
_MOST_FILES = 10_000
_LITTER = ("__MACOSX", ".ipynb_checkpoints", ".git")


class User(msgspec.Struct, frozen=True):
    """One who handed in."""

    email: str = ""
    name: str = ""


class Given(msgspec.Struct, frozen=True):
    """What Gradescope says of the assignment; total_points is a number in quotes."""

    total_points: str | float | None = None


class Metadata(msgspec.Struct, frozen=True):
    """What is read of submission_metadata.json.

    Attributes:
        created_at: When it was handed in, ISO 8601 with a zone.
        users: Who handed in, several for a group.
        previous_submissions: Earlier ones of the same students.
        assignment: The assignment.
    """

    created_at: str = ""
    users: tuple[User, ...] = ()
    previous_submissions: tuple[msgspec.Raw, ...] = ()
    assignment: Given = Given()

    @property
    def student(self) -> str:
        """Who is graded: the first of a group."""
        return next((user.email or user.name for user in self.users if user.email or user.name), "student")


def read_metadata(path: Path) -> Metadata:
    """Read submission_metadata.json; an empty one where it is missing or of another form, since nothing rests on it."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_METADATA_BYTES), type=Metadata)
    except (OSError, msgspec.DecodeError):
        return Metadata()


def notebook_of(folder: Path, assignment: str) -> tuple[str, str]:
    """Find the file to grade among those handed in: a notebook, else an archive, else a .py file.

    Args:
        folder: Where they lie.
        assignment: The assignment's name, which tells one notebook of several.

    Returns:
        Its path in the folder, and ""; or "" and the reason why there is none, for the student.
    """
    files = list(_below(folder))
    for endings, what in (((".ipynb",), "notebooks"), (SUFFIXES, "archives"), ((".py",), "Python files")):
        found = [name for name in files if name.lower().endswith(endings)]
        meant = [name for name in found if named_in(name.rpartition("/")[2], [assignment])] if len(found) > 1 else found
        if len(meant) == 1:
            return meant[0], ""
        if found:
            return "", f"there are {len(found)} {what}; hand in one, or name the one to grade {assignment}.ipynb"
    return "", f"there is no notebook among the files handed in; hand in {assignment}.ipynb"


def _below(folder: Path) -> Iterator[str]:
    """The files below a folder in order, without links: one could lead to what is not the student's."""
    left = _MOST_FILES
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - set(_LITTER))
        for name in sorted(files):
            path = Path(place, name)
            if not name.startswith("._") and path.is_file() and not path.is_symlink():
                yield path.relative_to(folder).as_posix()
            left -= 1
            if not left:
                return
