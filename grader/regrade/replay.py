"""Grade one attempt again from its record, by running it: the same files and seed must give the same grade."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.errors import BadInput
from grader.gradebook.classroom import Classroom
from grader.grading.model import Grade
from grader.grading.run import GradingRun
from grader.grading.submission import Submission
from grader.observe.engine import Engine
from grader.regrade.compared import CheckChange, check_changes, other_versions
from grader.regrade.held import Held, held
from grader.submission.kept import Kept, kept_in
from grader.submission.submit import recording_of


@dataclass(frozen=True)
class Attempt:
    """An attempt's record: all that is needed to grade it once more.

    Attributes:
        assignment: The assignment, as it was when the attempt was graded.
        grade: The grade to be reached.
        kept: What was handed in.
        files: What came along with it, by name.
    """

    assignment: Assignment
    grade: Grade
    kept: Kept
    files: dict[str, bytes]


@dataclass(frozen=True)
class Replay:
    """What became of grading an attempt once more.

    Attributes:
        before: Its grade.
        after: The grade now.
        changes: The checks that differ; none where the grade is the same.
        versions: Packages of another version now, each with the one then and the one now.
    """

    before: Grade
    after: Grade
    changes: tuple[CheckChange, ...]
    versions: dict[str, tuple[str, str]]

    @property
    def same(self) -> bool:
        """Whether the same grade was reached."""
        return not self.changes and (self.before.score, self.before.max_score) == (
            self.after.score,
            self.after.max_score,
        )


def find(classroom: Classroom, name: str, student: str, number: int | None = None) -> Attempt:
    """Find an attempt's record.

    Args:
        classroom: The class.
        name: The assignment's name.
        student: Whose attempt.
        number: Which; None for the newest.

    Returns:
        The record.

    Raises:
        BadInput: There is no such attempt, nothing was graded, the assignment has changed since, or what is kept is
            not there or is not what was graded.
    """
    assignment = course_folder.load(classroom.root, name)
    each = _chosen(held(classroom, name, student), student, number, name)
    grade = _of_this_version(each, assignment)
    if grade.status != "graded":
        raise BadInput(f"{each.name} was not graded ({grade.status}): there is nothing to replay")
    kept = kept_in(each.folder, assignment)
    files = dict(kept.files(assignment))
    if kept.handed_in.digest(files) != grade.digest:
        raise BadInput(f"{each.folder}: what is kept there is not what was graded (its SHA-256 is another)")
    return Attempt(assignment, grade, kept, files)


def replay(attempt: Attempt, engine: Engine, progress: Callable[[str], None] = lambda _: None) -> Replay:
    """Grade an attempt once more, confined as ever; nothing is written.

    Args:
        attempt: Its record.
        engine: Where processes come from.
        progress: Told in a few words what is being done.

    Returns:
        Both grades, and where they differ.

    Raises:
        BadCheckFile: The assignment itself is broken.
        EngineFault: The grader's own machinery failed.
    """
    before = attempt.grade
    submission = Submission(
        student=before.student,
        name=before.submission,
        digest=before.digest,
        submitted_at=before.submitted_at,
        arrival=before.arrival,
        attempt=before.attempt,
        notebook=attempt.kept.notebook,
        files=attempt.files,
    )
    recording = recording_of(attempt.assignment)
    with GradingRun(attempt.assignment, engine, before.seed, before.devices, recording) as run:
        after = run.grade(submission, progress).grade
    return Replay(before, after, check_changes(before, after), other_versions(before))


def _chosen(attempts: list[Held], student: str, number: int | None, name: str) -> Held:
    if not attempts:
        raise BadInput(f"{student} has handed in nothing for {name}: there is nothing to replay")
    found = [each for each in attempts if number in (None, each.attempt.number)]
    if not found:
        there = ", ".join(str(each.attempt.number) for each in attempts)
        raise BadInput(f"{student} has no attempt {number} at {name}; there are {there}")
    return found[-1]


def _of_this_version(each: Held, assignment: Assignment) -> Grade:
    """The grade that this version of the assignment gave; the one that holds where it does not say which did."""
    for grade in each.grades():
        if grade.version in ("", assignment.digest) or grade.status != "graded":
            return grade
    raise BadInput(
        f"{assignment.name} has changed since {each.name} was graded: its version was {each.grade().version[:12]} and "
        f"is {assignment.digest[:12]}; replay it with the files of that version, or see `grader rejudge`"
    )
