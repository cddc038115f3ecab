"""Reports for all students in one zip that Moodle takes as feedback files."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from grader.export.filled import Filled
from grader.export.model import Row
from grader.export.moodle import ENGLISH, Headers, Worksheet
from grader.export.people import Matched, Person, match
from grader.export.sheet import SheetError

# What the part after the student's name and number has to say; older sites end it with an underscore more.
_PLUGIN = "assignsubmission_file_"
_NUMBER = re.compile(r"\d+", re.ASCII)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|_\s]+')
_NAME_LETTERS = 100
Report = Callable[[Row], bytes | None]


class Participant(msgspec.Struct, frozen=True):
    """Whose feedback a folder of the zip is.

    Attributes:
        name: The full name, as it is to stand in the folder's name.
        number: The participant's number: what Moodle finds the student by.
    """

    name: str
    number: str

    @property
    def folder(self) -> str:
        """The folder's name: four parts that Moodle takes apart at the underscores."""
        name = _UNSAFE.sub(" ", self.name).strip(" .~")[:_NAME_LETTERS].strip(" .~")
        return f"{name or 'Participant'}_{self.number}_{_PLUGIN}"


def participants_of_names(names: Sequence[str], source: str) -> list[Participant]:
    """The participants of a download of submissions.

    Args:
        names: Paths in the zip or below the folder, with "/" between the parts.
        source: Its name, for messages.

    Returns:
        Each participant once, in the order of the names.

    Raises:
        SheetError: No name is one of a Moodle download's.
    """
    found: dict[str, Participant] = {}
    for name in names:
        for part in PurePosixPath(name).parts:
            pieces = part.split("_", 4)
            if len(pieces) >= 4 and _NUMBER.fullmatch(pieces[1]) and pieces[2] == "assignsubmission":
                found.setdefault(pieces[1], Participant(pieces[0], pieces[1]))
                break
    if not found:
        raise SheetError(
            f"{source}: nothing in it is named as Moodle's 'Download all submissions' names it; "
            "use that download, or the grading worksheet"
        )
    return list(found.values())


def participants_of_download(path: Path) -> list[Participant]:
    """The participants of a downloaded zip of submissions, or of the folder it was unpacked to; opens none of them.

    Raises:
        SheetError: It is neither, or holds nothing of that kind.
    """
    try:
        if path.is_dir():
            return participants_of_names([entry.name for entry in sorted(path.iterdir())], str(path))
        with zipfile.ZipFile(path) as archive:
            return participants_of_names(archive.namelist(), str(path))
    except (OSError, zipfile.BadZipFile) as error:
        raise SheetError(f"{path}: cannot be read as a zip or a folder of submissions; check the name") from error


def kept_report(row: Row) -> bytes | None:
    """A student's report as it lies on the disk.

    Raises:
        SheetError: It is none for students, or cannot be read.
    """
    if row.report_path is None:
        return None
    path = Path(row.report_path)
    if path.name != "report.html":  # the one file of an attempt that is made for students
        raise SheetError(f"student {row.label()!r}: {path} is not a report.html; only that one may go to students")
    try:
        return path.read_bytes()
    except OSError as error:
        raise SheetError(
            f"student {row.label()!r}: the report {path} cannot be read ({error.strerror}); grade the student again"
        ) from error


def feedback_of_download(
    rows: Sequence[Row], participants: Sequence[Participant], source: str, report: Report = kept_report
) -> Filled:
    """The feedback zip for the participants of a download.

    Args:
        rows: The class's results; their reports are read.
        participants: Who handed in.
        source: The download's name, for messages.
        report: Gives a student's report; None where there is none.

    Returns:
        The zip, and whom it misses.

    Raises:
        SheetError: A student is ambiguous, or a report cannot be read.
    """
    people = [Person(place=each.folder, keys=(("id", each.number),), name=each.name) for each in participants]
    return _zipped(match(rows, people, source), dict(enumerate(participants)), report)


def feedback_of_worksheet(
    data: bytes,
    rows: Sequence[Row],
    headers: Headers = ENGLISH,
    name: str = "the worksheet",
    report: Report = kept_report,
) -> Filled:
    """The feedback zip for the students of a grading worksheet (see `feedback_of_download`)."""
    worksheet = Worksheet(data, headers, name)
    participants = {
        person: Participant(worksheet.text(index, "name"), worksheet.participant(index))
        for person, index in enumerate(worksheet.students)
    }
    return _zipped(worksheet.match(rows), participants, report)


def _zipped(matched: Matched, participants: Mapping[int, Participant], report: Report) -> Filled:
    buffer = io.BytesIO()
    notes, written = [], 0
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for person, row in sorted(matched.pairs.items()):
            page = report(row)
            if page is None:
                notes.append(f"{row.label()} has no report")
                continue
            # Without a time of its own an entry is of 1980, so that the same input gives the same zip.
            entry = zipfile.ZipInfo(f"{participants[person].folder}/report.html")
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, page, zipfile.ZIP_DEFLATED)
            written += 1
    return Filled(buffer.getvalue(), written, matched.only_in_grades, matched.only_in_sheet, tuple(notes))
