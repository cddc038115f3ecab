"""Enter what was graded into the gradebook: every attempt that lies among the reports and is not in it yet."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from grader.batch.model import MARKER, Marker
from grader.batch.plan import WORK
from grader.batch.told import kept, news
from grader.gradebook import Gradebook
from grader.grading.model import Grade
from grader.submission.record import folder_name


class Entered(NamedTuple):
    """How many attempts a gradebook got, and how many hand-in times and extensions after that."""

    attempts: int
    times: int


def collect(assignment: str, reports: Path, book: Gradebook) -> Entered:
    """Enter attempts of batches, in the order of students and attempts, all or none; then what was told of times.

    Args:
        assignment: The assignment's name.
        reports: Where reports land.
        book: The gradebook.

    Returns:
        How much is new.
    """
    there = set(book.numbers(assignment))
    rows: list[tuple[Grade, Path]] = []
    for place in (reports / folder_name(assignment)).glob(f"*/attempt-*/{MARKER}"):
        folder = place.parent
        marker = msgspec.json.decode(place.read_bytes(), type=Marker)
        grade = msgspec.json.decode((folder / "grade.json").read_bytes(), type=Grade)
        for student in marker.students:
            if (student, grade.attempt) not in there:
                rows.append((msgspec.structs.replace(grade, student=student), folder))
    rows.sort(key=lambda row: (row[0].student, row[0].attempt))
    book.add_all(rows)
    told = kept(reports / folder_name(assignment) / WORK)
    new = news(told, assignment, book.marks(assignment), book.events(assignment)) if told else []
    book.append(*new)
    return Entered(len(rows), len(new))
