"""What is handed in and never run: files that could not be read, and notebooks of another assignment."""

from __future__ import annotations

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.grading.model import Grade
from grader.grading.submission import Submission, ungraded
from grader.notebook.model import Notebook


def set_aside(assignment: Assignment, submission: Submission, problem: str) -> Grade | None:
    """The grade of a submission that is not run at all, with the reason; None for one that is.

    Args:
        assignment: The assignment that it is to be graded for.
        submission: What was handed in.
        problem: Why its notebook could not be read, where it could not.
    """
    if submission.notebook is None:
        return ungraded(assignment, submission, "unreadable", problem)
    if reason := _foreign_reason(assignment, submission.notebook, submission.name):
        return ungraded(assignment, submission, "foreign", reason)
    return None


def _foreign_reason(assignment: Assignment, notebook: Notebook, name: str) -> str:
    """Say why a notebook is not graded as one of an assignment; "" where it is.

    Args:
        assignment: The assignment that it is to be graded for.
        notebook: The notebook.
        name: What it is called in messages.

    Returns:
        A sentence where it clearly belongs to another assignment: it says so and defines nothing of this one.
    """
    found = course_folder.guess_name(assignment.root, notebook)
    if found is None or found == assignment.name:
        return ""
    from grader.notebook.cells import definitions

    wanted = {name for exercise in assignment.settings.exercise for name in exercise.names}
    if wanted & set(definitions(notebook.code)):
        return ""
    return (
        f"{name} is a notebook of {found}, not of {assignment.name}; "
        f"hand in the right file, or grade it with --assignment {found}"
    )
