"""Makers of what platforms hand over: archives as the platforms write them, and folders from the same entries."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from intake.hostile import NOTEBOOK, zipped

from grader.roll.call import call_roll
from grader.roll.model import Handed, Roll
from grader.roll.read_roster import read_roster
from grader.roll.roster import Roster
from grader.roll.shelf import Shelf, open_shelf

Entries = Mapping[str, bytes]


def notebook(says: str) -> bytes:
    """A notebook that can be told from others."""
    return NOTEBOOK.replace(b"x = 1", f"x = {says!a}".replace('"', "'").encode())


def canvas(*students: tuple[str, str, int, str], late: Sequence[str] = ()) -> dict[str, bytes]:
    """Canvas's bulk download: (sortable name, user id, file id, file name) for each file."""
    found = {}
    for name, user, file_id, file in students:
        squeezed = "".join(letter for letter in name.lower() if letter.isalnum() or letter == "_")
        entry = f"{squeezed}{'_LATE' if user in late else ''}_{user}_{file_id}_{file}"
        found[entry] = notebook(entry) if file.endswith(".ipynb") else entry.encode()
    return found


def moodle(*students: tuple[str, int, str], flat: bool = False, old: bool = False) -> dict[str, bytes]:
    """Moodle's download: (full name, participant number, path) for each file."""
    found = {}
    for name, number, path in students:
        top = f"{name.replace('_', ' ')}_{number}_assignsubmission_file"
        entry = f"{top}_{path}" if flat else f"{top}{'_' if old else ''}/{path}"
        found[entry] = notebook(entry)
    return found


def gradescope(*submissions: tuple[int, Sequence[Mapping[str, str]], str, str], top: str = "") -> dict[str, bytes]:
    """Gradescope's export: (number, submitters, created at, file) for each submission."""
    lines = ["---"]
    found = {}
    for number, submitters, created, file in submissions:
        lines += [f"submission_{number}:", "  :submitters:"]
        for one in submitters:
            lines += [f"  - :name: {json.dumps(one['name'])}", f"    :sid: '{one.get('sid', '')}'"]
            lines += [f"    :email: {one['email']}"]
        lines += [f"  :created_at: {created}", "  :score: 3.0", "  :status: processed"]
        found[f"{top}submission_{number}/{file}"] = notebook(str(number))
        found[f"__MACOSX/{top}submission_{number}/._{file}"] = b"\0"
    return {f"{top}submission_metadata.yml": "\n".join(lines).encode(), **found}


def nbgrader(*students: tuple[str, str, str], top: str = "submitted/") -> dict[str, bytes]:
    """nbgrader's folder: (student, assignment, timestamp) for each."""
    found = {}
    for student, assignment, stamp in students:
        found[f"{top}{student}/{assignment}/{assignment}.ipynb"] = notebook(student)
        found[f"{top}{student}/{assignment}/timestamp.txt"] = stamp.encode()
    return found


def classroom(assignment: str, *logins: str, top: str = "") -> dict[str, bytes]:
    """Repositories of GitHub Classroom, cloned."""
    found = {}
    for login in logins:
        start = f"{top}{assignment}-{login}/"
        found[f"{start}.git/HEAD"] = b"ref: refs/heads/main\n"
        found[f"{start}README.md"] = b"# homework"
        found[f"{start}{assignment}.ipynb"] = notebook(login)
    return found


def plain(*names: str) -> dict[str, bytes]:
    return {name: notebook(name) if name.endswith(".ipynb") else name.encode() for name in names}


def as_zip(folder: Path, entries: Entries, name: str = "submissions.zip") -> Path:
    path = folder / name
    path.write_bytes(zipped(*entries.items()))
    return path


def as_folder(folder: Path, entries: Entries, name: str = "submissions") -> Path:
    for entry, content in entries.items():
        path = folder / name / entry
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / name


class Called:
    """The roll of some entries, and the shelf that they are read from."""

    def __init__(
        self,
        path: Path,
        assignment: str = "hw2",
        kind: str | None = None,
        roster: str = "",
        due: datetime | None = None,
        groups: bool = False,
        times: Roster | None = None,
    ) -> None:
        self.shelf: Shelf = open_shelf(path)
        students = None
        if roster:
            file = path.parent / "roster.csv"
            file.write_text(roster)
            students = read_roster(file)
        self.roll: Roll = call_roll(
            self.shelf.listing, assignment, kind=kind, roster=students, due=due, groups=groups, times=times
        )

    @property
    def of(self) -> dict[str, Handed]:
        """Each submission by its first student."""
        return {one.student: one for one in self.roll.handed}

    @property
    def taken(self) -> dict[str, str]:
        """The place of each student's notebook."""
        return {member.student: one.place for one in self.roll.handed for member in one.members}
