"""What is kept in an attempt's folder of what was handed in: read again for reports, judging again and replays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment, files_below
from grader.errors import BadInput
from grader.intake.handin import HandedIn, extra_files, open_notebook, receive
from grader.intake.model import Opened
from grader.notebook.model import Notebook
from grader.notebook.read import read_bytes


@dataclass(frozen=True)
class Kept:
    """The kept copy of a hand-in.

    Attributes:
        handed_in: The file.
        opened: The notebook in it, unread.
        notebook: The notebook.
    """

    handed_in: HandedIn
    opened: Opened
    notebook: Notebook

    def files(self, assignment: Assignment) -> Mapping[str, bytes]:
        """The files that came along, by relative path: from the archive, or kept beside it.

        Raises:
            BadInput: One of them cannot be read.
        """
        if self.handed_in.is_archive:
            settings = assignment.settings
            return extra_files(self.handed_in, self.opened, settings.files, settings.data).files
        beside = self.handed_in.path.parent / "files"
        return {path.relative_to(beside).as_posix(): path.read_bytes() for path in files_below(beside)}


def kept_in(folder: Path, assignment: Assignment) -> Kept:
    """Read the kept copy of what was handed in.

    Args:
        folder: An attempt's folder.
        assignment: The assignment; of several notebooks in an archive the one that is named after it is meant.

    Returns:
        The copy.

    Raises:
        BadInput: The folder or the copy is not there, or it is no notebook that can be read.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder}: the attempt's folder is not there; run this where the reports were written")
    copies = sorted(folder.glob("submission.*"))
    if not copies:
        raise BadInput(f"{folder}: no copy of what was handed in is kept there")
    known = course_folder.names(assignment.root)
    handed_in = receive(copies[0])
    opened = open_notebook(handed_in, lambda inside: course_folder.named_in(inside, known) == assignment.name)
    return Kept(handed_in, opened, read_bytes(opened.name.rpartition("/")[2], opened.data))
