"""Write the report of an attempt again, with what people have decided and what rules take off since."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.errors import BadInput
from grader.gradebook import Attempt
from grader.gradebook.classroom import Classroom
from grader.gradebook.events import Decided, decided
from grader.gradebook.final import FinalGrade
from grader.grading.model import Grade
from grader.report.html import render, write
from grader.report.notebook import notebook_html
from grader.report.standing import Standing, Step
from grader.submission.kept import kept_in
from grader.submission.record import folder_name

_ATTEMPT = re.compile(r"attempt-\d+")


def report_again(classroom: Classroom, name: str, student: str, number: int | None = None) -> tuple[Path, ...]:
    """Write an attempt's report again, from its row in the gradebook and the kept copy of what was handed in.

    Args:
        classroom: The class.
        name: The assignment's name.
        student: Whose report.
        number: Which attempt's; None for the one that counts.

    Returns:
        The files written.

    Raises:
        BadInput: There is no such assignment, student or attempt, or its folder is not there.
    """
    (final,) = classroom.finals(name, student)
    assignment = course_folder.load(classroom.root, name)
    attempt, grade = _chosen(classroom, name, final, number)
    folder = Path(attempt.folder)
    if not folder.is_dir():
        raise BadInput(f"{folder}: the attempt's folder is not there; run this where the reports were written")
    try:
        notebook = _notebook(folder, assignment)
        own = _own_folder(folder, student)
        return write(grade, own, notebook, assignment.settings.feedback, standing_of(final))
    except OSError as error:
        raise BadInput(f"{folder}: the report cannot be written there ({error.strerror})") from error


def student_page(classroom: Classroom, name: str, student: str) -> str:
    """A student's own edition of the report of the attempt that counts, with what counts; nothing is written.

    Args:
        classroom: The class.
        name: The assignment's name.
        student: Whose report.

    Raises:
        BadInput: There is no such assignment or student, or nothing was handed in.
    """
    (final,) = classroom.finals(name, student)
    assignment = course_folder.load(classroom.root, name)
    attempt, grade = _chosen(classroom, name, final, None)
    notebook = _notebook(Path(attempt.folder), assignment)
    return render(grade, "student", notebook, assignment.settings.feedback, standing_of(final))


def counted_grade(classroom: Classroom, name: str, student: str) -> tuple[Grade, Standing]:
    """The grade of the attempt that counts, and what counts of it.

    Args:
        classroom: The class.
        name: The assignment's name.
        student: Whose grade.

    Raises:
        BadInput: There is no such assignment or student, or nothing was handed in.
    """
    (final,) = classroom.finals(name, student)
    return _chosen(classroom, name, final, None)[1], standing_of(final)


def grade_now(attempt: Attempt, decisions: Decided) -> Grade:
    """An attempt's grade as it is now: graded anew, and with what became known of when it was handed in.

    Args:
        attempt: The attempt.
        decisions: What holds for its student.
    """
    regrade, arrived = decisions.regrades.get(attempt.number), decisions.arrivals.get(attempt.number)
    grade = regrade.grade() if regrade else attempt.grade()
    if arrived is None:
        return grade
    submitted_at = arrived.handed_in.isoformat() if arrived.handed_in else grade.submitted_at
    return msgspec.structs.replace(grade, arrival=arrived.arrival, submitted_at=submitted_at)


def standing_of(final: FinalGrade) -> Standing:
    """A final grade as a report shows it."""
    return Standing(
        attempt=final.attempt,
        points=final.final,
        max_points=final.max,
        steps=tuple(
            Step(
                what=line.what,
                points=line.points,
                reason=line.reason,
                by=line.by,
                at=line.at.isoformat() if line.at else "",
            )
            for line in final.lines
        ),
    )


def _chosen(classroom: Classroom, name: str, final: FinalGrade, number: int | None) -> tuple[Attempt, Grade]:
    attempt = _attempt(classroom.book.attempts(name, final.student), final, number, name)
    return attempt, grade_now(attempt, decided(classroom.book.events(name, final.student)))


def _attempt(attempts: Sequence[Attempt], final: FinalGrade, number: int | None, name: str) -> Attempt:
    wanted = final.attempt if number is None else number
    found = [attempt for attempt in attempts if attempt.number == wanted]
    if found:
        return found[0]
    if not attempts:
        raise BadInput(f"{final.student} has handed in nothing for {name}: there is no report to write")
    there = ", ".join(str(attempt.number) for attempt in attempts)
    raise BadInput(f"{final.student} has no attempt {number} at {name}; there are {there}")


def _own_folder(folder: Path, student: str) -> Path:
    """Where a student's report goes: a group shares an attempt's folder, and what is decided is each member's own."""
    own = folder.parent.parent / folder_name(student) / folder.name
    if _ATTEMPT.fullmatch(folder.name) is None or own == folder:
        return folder
    own.mkdir(parents=True, exist_ok=True, mode=0o700)
    return own


def _notebook(folder: Path, assignment: Assignment) -> str:
    """The notebook as it was handed in, for the report; a sentence where it cannot be read."""
    try:
        return notebook_html(kept_in(folder, assignment).notebook.node)
    except BadInput:
        return notebook_html(None)
