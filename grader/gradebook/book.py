"""The gradebook: attempts and events go in and come out; nothing in it is ever changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Select, func, select, union
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, with_polymorphic

from grader.gradebook.database import GradebookError, in_words, open_database
from grader.gradebook.events import Event
from grader.gradebook.marks import Marks, marks_of
from grader.gradebook.tables import Attempt, EventRow, row_of
from grader.grading.model import Grade

_ROWS_AT_ONCE = 50  # a grade with pictures may be a megabyte


class Gradebook:
    """A gradebook; opening one makes the database and brings its schema up to date.

    Args:
        place: A database URL, such as ``postgresql://...``, or the path of an SQLite file.

    Raises:
        GradebookError: It cannot be opened.
    """

    def __init__(self, place: str | Path) -> None:
        self._engine = open_database(place)

    @classmethod
    def at(cls, path: Path) -> Gradebook:
        """Open the SQLite gradebook in a file."""
        return cls(path)

    def next_number(self, assignment: str, student: str) -> int:
        """The number that a student's next attempt at an assignment gets, counted from 1."""
        newest = select(func.max(Attempt.number)).where(Attempt.assignment == assignment, Attempt.student == student)
        with self._session() as session:
            return (session.scalar(newest) or 0) + 1

    def add(self, grade: Grade, folder: Path) -> None:
        """Add an attempt.

        Args:
            grade: The grade; its attempt number must be new for this student and assignment.
            folder: Where its report and grade.json are.

        Raises:
            GradebookError: The row could not be written.
        """
        self.add_all([(grade, folder)])

    def add_all(self, rows: Iterable[tuple[Grade, Path]]) -> None:
        """Add attempts with their folders, all of them or none; as `add`."""
        with self._session(writes=True) as session:
            for grade, folder in rows:
                session.add(_row_of(grade, folder))
                session.flush()  # one at a time: their ids are in the order given
            session.commit()

    def numbers(self, assignment: str) -> list[tuple[str, int]]:
        """The attempts at an assignment as student and number, without the weight of whole grades."""
        query = select(Attempt.student, Attempt.number).where(Attempt.assignment == assignment)
        with self._session() as session:
            return [(student, number) for student, number in session.execute(query)]

    def folders(self, assignment: str) -> dict[tuple[str, int], str]:
        """Where the attempts at an assignment are, by student and number, without the weight of whole grades."""
        query = select(Attempt.student, Attempt.number, Attempt.folder).where(Attempt.assignment == assignment)
        with self._session() as session:
            return {(student, number): folder for student, number, folder in session.execute(query)}

    def append(self, *events: Event) -> None:
        """Add events, all of them or none.

        Raises:
            GradebookError: They could not be written.
        """
        with self._session(writes=True) as session:
            for event in events:
                session.add(row_of(event))
                session.flush()  # one at a time: their ids are in the order given
            session.commit()

    def attempts(self, assignment: str | None = None, student: str | None = None) -> list[Attempt]:
        """The attempts of an assignment, of a student, or all, oldest first."""
        query = _narrowed(select(Attempt).order_by(Attempt.id), Attempt, assignment, student)
        with self._session() as session:
            return list(session.scalars(query))

    def marks(self, assignment: str, student: str | None = None) -> list[Marks]:
        """The points of the attempts at an assignment, oldest first, without the weight of whole grades."""
        query = _narrowed(select(Attempt).order_by(Attempt.id), Attempt, assignment, student)
        with self._session() as session:
            rows = session.scalars(query.execution_options(yield_per=_ROWS_AT_ONCE))
            return [marks_of(row.grade_json, row.submitted_at) for row in rows]

    def events(self, assignment: str | None = None, student: str | None = None) -> list[Event]:
        """The events of an assignment, of a student, or all, oldest first."""
        every = with_polymorphic(EventRow, "*")
        query = _narrowed(select(every).order_by(every.id), every, assignment, student)
        with self._session() as session:
            return [row.event() for row in session.scalars(query)]

    def students(self) -> list[str]:
        """Everybody who is in the gradebook, in alphabetical order."""
        with self._session() as session:
            return sorted(session.scalars(union(select(Attempt.student), select(EventRow.student))))

    def assignments(self) -> set[str]:
        """The names of the assignments that anything is known of."""
        with self._session() as session:
            return set(session.scalars(union(select(Attempt.assignment), select(EventRow.assignment))))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def _session(self, writes: bool = False) -> Iterator[Session]:
        try:
            engine = self._engine.execution_options(writes=writes)
            with Session(engine, expire_on_commit=False) as session:
                yield session
        except SQLAlchemyError as error:
            said = in_words(error, self._engine.url.database)
            raise GradebookError(f"the gradebook could not be used: {said}") from error


def _row_of(grade: Grade, folder: Path) -> Attempt:
    return Attempt(
        assignment=grade.assignment,
        student=grade.student,
        number=grade.attempt,
        status=grade.status,
        reason=_storable(grade.reason),
        score=grade.score,
        max_score=grade.max_score,
        scope=grade.scope,
        seed=grade.seed,
        digest=grade.digest,
        submitted_at=datetime.fromisoformat(grade.submitted_at),
        folder=str(folder),
        grade_json=msgspec.json.encode(grade).decode(),
    )


def _storable(text: str) -> str:
    """Text without what some databases cannot hold; the grade's own JSON keeps it."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _narrowed(query: Select[Any], table: Any, assignment: str | None, student: str | None) -> Select[Any]:
    if assignment is not None:
        query = query.where(table.assignment == assignment)
    return query if student is None else query.where(table.student == student)
