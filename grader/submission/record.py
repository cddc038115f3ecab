"""Record a grade: one folder, one grade.json and one gradebook row for each attempt, never overwritten."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from grader.errors import BadInput
from grader.files import write_atomically
from grader.grading.evidence import Evidence
from grader.grading.model import Grade, grade_json
from grader.intake.handin import HandedIn
from grader.report.editions import Feedback
from grader.report.html import write

if TYPE_CHECKING:  # the slots of a batch write files and no rows: SQLAlchemy would be half of their start
    from grader.gradebook import Gradebook

_UNSAFE = re.compile(r"[^\w@+-]+")
# Ids that are file names on every system as they stand: no two differ by case or by how an accent is written.
_PLAIN = re.compile(r"[a-z0-9_](?:[a-z0-9._@+-]{0,78}[a-z0-9_@+])?")
# Windows keeps these for devices, whatever extension follows.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
_NAME_LETTERS, _HASH_LETTERS = 50, 24
_HASHED = re.compile(rf".*-[0-9a-f]{{{_HASH_LETTERS}}}")


def folder_name(text: str) -> str:
    """A file name for any text: readable, safe on every system, and different for different texts.

    Names are different also where the file system takes no account of case or of how accents are composed.

    Args:
        text: An id from anywhere.

    Returns:
        At most 80 letters: the text itself where that is a plain lower-case name, else what is readable of it and a
        part of its SHA-256.

    Example:
        >>> folder_name("alice")
        'alice'
        >>> folder_name("../etc/passwd").startswith("etc_passwd-")
        True
    """
    if _PLAIN.fullmatch(text) and not _DEVICE.fullmatch(text) and not _HASHED.fullmatch(text):
        return text
    readable = _UNSAFE.sub("_", text[: 4 * _NAME_LETTERS]).lower().strip("_-")[:_NAME_LETTERS]
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{readable or 'student'}-{digest[:_HASH_LETTERS]}"


def reserve(reports: Path, book: Gradebook, assignment: str, student: str) -> tuple[int, Path]:
    """Reserve the next attempt's number and its folder.

    Args:
        reports: Where reports land.
        book: The gradebook.
        assignment: The assignment's name.
        student: Who handed in.

    Returns:
        The number, counted from 1, and the new empty folder.

    Raises:
        BadInput: The folder cannot be made.
    """
    base = reports / folder_name(assignment) / folder_name(student)
    number = book.next_number(assignment, student)
    while True:
        folder = base / f"attempt-{number}"
        try:
            base.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700)  # fails where it is there: two commands at once get different numbers
            return number, folder
        except FileExistsError:
            number += 1
        except OSError as error:
            raise BadInput(
                f"{base}: the report cannot be written there ({error.strerror}); choose another folder with --reports"
            ) from error


def record(
    grade: Grade,
    folder: Path,
    book: Gradebook,
    handed_in: HandedIn,
    files: Mapping[str, bytes],
    notebook_html: str,
    feedback: Feedback,
    evidence: Evidence,
) -> None:
    """Write an attempt's files, then its gradebook row; the arguments are those of `write_files` and the gradebook."""
    write_files(grade, folder, handed_in, files, notebook_html, feedback, evidence)
    book.add(grade, folder)


def write_files(
    grade: Grade,
    folder: Path,
    handed_in: HandedIn,
    files: Mapping[str, bytes],
    notebook_html: str,
    feedback: Feedback,
    evidence: Evidence,
) -> None:
    """Write an attempt's files, grade.json last: where it is, all are.

    Args:
        grade: The grade.
        folder: The attempt's folder.
        handed_in: What was handed in; a copy is kept for replay.
        files: The files that were taken along; kept too where they did not come in an archive.
        notebook_html: The student's notebook, rendered and sanitised.
        feedback: What students see of hidden checks.
        evidence: What the grade was judged from.
    """
    write_atomically(folder / "observations.bin", msgspec.msgpack.encode(evidence))
    if handed_in.whole:
        write_atomically(folder / f"submission{handed_in.suffix or '.ipynb'}", handed_in.data)
    if not handed_in.is_archive:
        for name, data in files.items():
            kept = folder / "files" / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(kept, data)
    write(grade, folder, notebook_html, feedback)
    write_atomically(folder / "grade.json", grade_json(grade))
