"""Final grades, as ``grader grades`` prints them, as the rows that exports are made from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from grader.export.model import ExerciseRow, Row
from grader.gradebook.classroom import Classroom
from grader.gradebook.final import FinalGrade
from grader.grading.points import add_up
from grader.roll.roster import Roster


def class_rows(classroom: Classroom, name: str, roster: Roster | None = None) -> list[Row]:
    """Everybody of whom there is anything to tell.

    Left out is who handed in nothing, with nothing decided, and whose only attempts met the public checks alone: that
    is no grade of the assignment, and would pass for one where points are scaled (see `unfinished`).

    Args:
        classroom: The class.
        name: The assignment's name.
        roster: The class, for names, addresses and logins; a gradebook knows ids alone.

    Returns:
        Rows in the order of the students.

    Raises:
        BadInput: There is no such assignment.
    """
    folders = classroom.book.folders(name)
    return [
        _row(final, folders.get((final.student, final.attempt or 0)), _who(final.student, roster))
        for final in classroom.finals(name)
        if final.told and not _is_unfinished(final)
    ]


def unfinished(classroom: Classroom, name: str) -> list[str]:
    """The students that `class_rows` leaves out because only the public checks were run."""
    return [final.student for final in classroom.finals(name) if _is_unfinished(final)]


def _is_unfinished(final: FinalGrade) -> bool:
    return final.scope == "public" and final.excused is None and not final.total_set


def _who(student: str, roster: Roster | None) -> dict[str, str]:
    enrolled = roster.get(student) if roster else None
    if enrolled is None:
        return {}
    login = next((hint.value for hint in enrolled.hints if hint.kind == "login"), "")
    return {"name": enrolled.name, "email": enrolled.email, "login": login}


def _row(final: FinalGrade, folder: str | None, who: Mapping[str, str]) -> Row:
    report = Path(folder) / "report.html" if folder else None
    after = (final.handed_in - final.due).total_seconds() if final.handed_in and final.due else 0.0
    return Row(
        student_id=final.student,
        **who,
        points=final.final,
        max_points=final.max,
        excused=final.excused is not None,
        submitted_at=final.handed_in,
        arrival=final.arrival,
        due=final.due,
        late_seconds=max(0.0, after),
        attempt=final.attempt or 0,
        raw_points=final.raw,
        late_points=0.0 if final.total_set else float(add_up(each.points for each in final.deductions)),
        exercises=tuple(ExerciseRow(each.id, each.title, each.score, each.max_score) for each in final.exercises),
        steps=final.lines,
        report_path=str(report) if report and report.is_file() else None,
    )
