"""Gather a class from its gradebook, one student at a time: whole grades with pictures are too much for memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.classpage.model import Member, Work
from grader.errors import BadInput
from grader.export.finals import why
from grader.gradebook.classroom import Classroom
from grader.gradebook.course import Terms, terms_of
from grader.gradebook.events import Decided, by_student, decided
from grader.gradebook.final import FinalGrade
from grader.gradebook.tables import Attempt
from grader.notebook.cells import source_of
from grader.notebook.errors import BadNotebook
from grader.notebook.model import Cell
from grader.notebook.read import read


def gather(classroom: Classroom, name: str) -> list[Member]:
    """Gather everybody who is in the gradebook.

    Args:
        classroom: The class.
        name: The assignment's name.

    Returns:
        One member for each student, in alphabetical order.

    Raises:
        BadInput: There is no such assignment, or nobody has handed in anything for it.
    """
    assignment = course_folder.load(classroom.root, name)
    terms = terms_of(assignment, classroom.course)
    finals = classroom.finals(name)
    if all(final.attempt is None for final in finals):
        raise BadInput(f"nobody has handed in anything for {name}: there is no class page to write")
    decisions = by_student(classroom.book.events(name))
    return [_member(classroom, name, final, decided(decisions.get(final.student, ())), terms) for final in finals]


def stub_codes(assignment: Assignment) -> Mapping[str, str]:
    """The code that students were given for each exercise, by its id; "" where the assignment was not released."""
    path = assignment.public / f"{assignment.name}.ipynb" if assignment.public else None
    try:
        cells: Sequence[Cell] = read(path).code if path is not None and path.is_file() else ()
    except BadNotebook:
        cells = ()
    return {exercise.id: source_of(cells, exercise.names)[0] for exercise in assignment.settings.exercise}


def _member(classroom: Classroom, name: str, final: FinalGrade, decisions: Decided, terms: Terms) -> Member:
    blank = Member(student=final.student, points=final.final, max_points=final.max, changes=_changes(final))
    if final.attempt is None:
        return blank
    found = [row for row in classroom.book.attempts(name, final.student) if row.number == final.attempt]
    row = found[0]
    zone = terms.due.tzinfo if terms.due else None
    return msgspec.structs.replace(
        blank,
        handed_in=final.handed_in.astimezone(zone).isoformat(timespec="minutes") if final.handed_in else "unknown",
        late=final.late,
        work=msgspec.json.decode(_grade_json(row, decisions), type=Work),
        folder=Path(row.folder),
    )


def _changes(final: FinalGrade) -> str:
    """The steps by which the points that count are others than the checks gave."""
    first, *steps = final.lines
    changed = [step for step in steps if step.points or step.by]
    begin = msgspec.structs.replace(first, what=f"{first.what}: {first.points:g}", points=0.0)
    return why((begin, *changed)) if changed else ""


def _grade_json(row: Attempt, decisions: Decided) -> str:
    regrade = decisions.regrades.get(row.number)
    return regrade.grade_json if regrade else row.grade_json
