"""A class: its gradebook, its rules and its assignments together; what the commands of course staff ask for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.errors import BadInput
from grader.gradebook.book import Gradebook
from grader.gradebook.course import Course, read_course, terms_of
from grader.gradebook.database import GradebookError
from grader.gradebook.events import Excuse, Extension, Override, Regrade
from grader.gradebook.final import FinalGrade, final_grades
from grader.gradebook.history import Entry, history
from grader.gradebook.students import checked_id, near
from grader.gradebook.tables import Attempt
from grader.gradebook.total import Total, totals
from grader.grading.model import Grade

_REASON_LETTERS = 2_000


@dataclass(frozen=True)
class Change:
    """Whom a change is about and who makes it, as a person writes it.

    Attributes:
        assignment: The assignment's name.
        student: Whose grade is changed.
        reason: Why.
        by: Who decides.
        at: When, with a zone.
        new: Whether the student may be one that is not in the gradebook yet.
    """

    assignment: str
    student: str
    reason: str
    by: str
    at: datetime
    new: bool = False


@dataclass(frozen=True)
class Classroom:
    """A class.

    Attributes:
        book: Its gradebook; whoever opens the class closes it.
        root: The course folder.
        course: What course.toml says.
    """

    book: Gradebook
    root: Path
    course: Course

    @classmethod
    def open(cls, place: str | Path, root: Path, make: bool = False) -> Classroom:
        """Open a class's gradebook and read its rules.

        Args:
            place: The gradebook: a database URL, or the path of an SQLite file.
            root: A path in the course folder.
            make: Whether a gradebook may be made where there is none.

        Raises:
            BadInput: There is no such gradebook or course folder, or its course.toml is wrong.
        """
        root = course_folder.find_course(root)
        course = read_course(root, course_folder.names(root))
        if not make and "://" not in str(place) and not Path(place).is_file():
            raise GradebookError(
                f"there is no gradebook at {place}; submit a notebook first, or say with --gradebook where it is"
            )
        return cls(Gradebook(place), root, course)

    def finals(self, name: str, student: str | None = None) -> list[FinalGrade]:
        """The final grades of an assignment: everybody's in the gradebook, or one student's.

        Raises:
            BadInput: There is no such assignment or student.
        """
        terms = terms_of(self._assignment(name), self.course)
        students = self.book.students() if student is None else [self._student(student)]
        return final_grades(self.book.marks(name, student), self.book.events(name, student), terms, students)

    def attempts(self, name: str, student: str | None = None) -> list[Attempt]:
        """The attempts at an assignment, everybody's or one student's, oldest first.

        Raises:
            BadInput: There is no such assignment or student.
        """
        self._assignment(name)
        return self.book.attempts(name, student if student is None else self._student(student))

    def totals(self) -> list[Total]:
        """Everybody's totals over the assignments that anybody has an attempt or a decision at."""
        used = self.book.assignments()
        finals = {name: self.finals(name) for name in course_folder.names(self.root) if name in used}
        return totals(finals, self.course.drop.lowest)

    def history(self, name: str, student: str) -> list[Entry]:
        """Everything that happened to a student's grade of an assignment, oldest first.

        Raises:
            BadInput: There is no such assignment or student.
        """
        self._assignment(name)
        self._student(student)
        return history(self.book.marks(name, student), self.book.events(name, student))

    def override(self, change: Change, exercise: str | None, points: float | None) -> None:
        """Give points in place of those that the checks gave.

        Args:
            change: Whom it is about, and why.
            exercise: The exercise's id; None for the total.
            points: The points; None takes an earlier override back.

        Raises:
            BadInput: There is no such assignment, student or exercise, or the points are impossible.
        """
        assignment = self._assignment(change.assignment)
        worth = {each.id: each.points for each in assignment.settings.exercise}
        if exercise is not None and exercise not in worth:
            raise BadInput(f"{assignment.name} has no exercise {exercise!r}; {_instead(exercise, list(worth))}")
        most = math.fsum(worth.values()) if exercise is None else worth[exercise]
        if points is not None and not 0 <= points <= most:
            what = f"{assignment.name} is" if exercise is None else f"{exercise} is"
            raise BadInput(f"--points {points:g} cannot be given: {what} worth 0 to {most:g} points")
        self.book.append(Override(**self._who(change), exercise=exercise, points=points))

    def excuse(self, change: Change, excused: bool = True) -> None:
        """Leave an assignment out of a student's grades, or count it after all.

        Raises:
            BadInput: There is no such assignment or student.
        """
        self._assignment(change.assignment)
        self.book.append(Excuse(**self._who(change), excused=excused))

    def extend(self, change: Change, days: float | None = None, until: datetime | None = None) -> datetime:
        """Give a student more time; with neither days nor a moment, take an earlier extension back.

        Args:
            change: Whom it is about, and why.
            days: How many days after everybody's due date.
            until: Or until when, with a zone.

        Returns:
            When the assignment is due for the student now.

        Raises:
            BadInput: There is no such assignment or student, it has no due date, or that would be no extension.
        """
        due = terms_of(self._assignment(change.assignment), self.course).due
        if due is None:
            raise BadInput(
                f"{change.assignment} has no due date to extend; give it one in course.toml: "
                f"[due] {change.assignment} = 2026-03-01T23:59:00+01:00"
            )
        if days is not None:
            if not 0 < days <= 1000:
                raise BadInput(f"--days {days:g} is no extension; give a number above 0, at most 1000")
            until = due + timedelta(days=days)
        if until is not None and until <= due:
            raise BadInput(f"--until {until.isoformat()} is no extension: due is {due.isoformat()}")
        self.book.append(Extension(**self._who(change), until=until))
        return until or due

    def regrade(self, grades: Sequence[Grade], version: str, by: str, at: datetime, reason: str) -> None:
        """Record that attempts were graded anew, all of them or none.

        Args:
            grades: The new grades, each with its attempt's own number.
            version: Which version of the assignment gave them.
            by: Who had them graded anew.
            at: When, with a zone.
            reason: Why.

        Raises:
            BadInput: Who or why is no such text, or the gradebook cannot be written.
        """
        events = []
        for grade in grades:
            who = self._who(Change(grade.assignment, grade.student, reason, by, at))
            events.append(Regrade.of(grade, version=version, by=who["by"], at=at, reason=who["reason"]))
        self.book.append(*events)

    def _assignment(self, name: str) -> Assignment:
        return course_folder.load(self.root, name)

    def _student(self, student: str, new: bool = False) -> str:
        known = self.book.students()
        if student in known:
            return student
        if new:
            return checked_id(student, "STUDENT")
        raise BadInput(f"there is no student {student!r} in the gradebook; {_instead(student, known)}")

    def _who(self, change: Change) -> dict[str, Any]:
        if not change.reason.strip():
            raise BadInput("--reason is empty; say why, in words that the student may read")
        if len(change.reason) > _REASON_LETTERS or "\0" in change.reason:
            raise BadInput(f"--reason is no text of at most {_REASON_LETTERS:,} letters")
        return {
            "assignment": change.assignment,
            "student": self._student(change.student, change.new),
            "by": checked_id(change.by, "--by"),
            "at": change.at,
            "reason": change.reason.strip(),
        }


def _instead(name: str, known: list[str]) -> str:
    close = near(name, known)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are {', '.join(known[:10])}{', ...' if len(known) > 10 else ''}" if known else "there is none at all"
