"""Grade one submission in Gradescope's image and write its results.json."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.ci.autograder.build import Which
from grader.ci.autograder.failed import failed_results
from grader.ci.autograder.handed_in import Metadata, notebook_of, read_metadata
from grader.ci.grading import Options, grade_works, read_works
from grader.confine.plan import Wanted
from grader.export.gradescope import results_json
from grader.files import write_atomically
from grader.grading.model import Grade
from grader.grading.submission import Submission, ungraded
from grader.report.text import line, points


def write_results(root: Path, confinement: Wanted) -> None:
    """Grade what was handed in and write results.json, whatever happens.

    What is printed is for the course's staff: the reason where the grader itself failed, which may name what students
    must not see.

    Args:
        root: The folder that Gradescope lays everything into: /autograder.
        confinement: How the student's code is confined.
    """
    try:
        results = results_json(_graded(root, confinement))
    except Exception:  # noqa: BLE001 - whatever it is, the student has to be told something and staff has to see it
        traceback.print_exc()
        results = failed_results()
    place = root / "results" / "results.json"
    place.parent.mkdir(exist_ok=True)
    write_atomically(place, results)
    place.chmod(0o644)


def _graded(root: Path, confinement: Wanted) -> Grade:
    which = msgspec.json.decode((root / "source" / "autograder.json").read_bytes(), type=Which)
    metadata = read_metadata(root / "submission_metadata.json")
    assignment = course_folder.load(root / "source" / "course", which.assignment)
    handed_in = (root / "submission").resolve()
    name, reason = notebook_of(handed_in, assignment.name)
    options = Options(handed_in, assignment.root, assignment.name, metadata.student, confinement=confinement)
    if name:
        works, _ = read_works(options, [name])
        ((_, grade),) = grade_works(options, works)
    else:
        grade = _nothing(assignment, metadata, reason)
    _tell(grade, metadata)
    return msgspec.structs.replace(
        grade, attempt=len(metadata.previous_submissions) + 1, submitted_at=metadata.created_at or grade.submitted_at
    )


def _nothing(assignment: Assignment, metadata: Metadata, reason: str) -> Grade:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    submission = Submission(metadata.student, "", "", now, attempt=1, notebook=None)
    return ungraded(assignment, submission, "unreadable", reason)


def _tell(grade: Grade, metadata: Metadata) -> None:
    """Say for staff how it went, and whether Gradescope counts other points."""
    print(line(f"{grade.assignment}: {grade.status}: {points(grade.score)} of {points(grade.max_score)} points"))
    print("confined by: " + ("; ".join(grade.confinement) or "nothing"))
    for notice in grade.notices:
        print(line(f"note: {notice}"))
    told = metadata.assignment.total_points
    if told is not None and f"{told}" not in (f"{grade.max_score:g}", f"{grade.max_score:.1f}"):
        here = points(grade.max_score)
        print(line(f"note: this assignment has {told} points on Gradescope and {here} here: make them equal"))
