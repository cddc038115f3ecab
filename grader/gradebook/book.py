"""The gradebook's one table, and the few things that are done with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlalchemy import DateTime, Float, String, Text, UniqueConstraint, create_engine, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from grader.errors import BadInput
from grader.grading.model import Grade


class GradebookError(BadInput):
    """The gradebook cannot be opened or written; the message says which and what to do."""


class Base(DeclarativeBase):
    """The gradebook's tables."""


class Attempt(Base):
    """One graded submission of one student; rows are added and never overwritten."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("assignment", "student", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment: Mapped[str] = mapped_column(String(200), index=True)
    student: Mapped[str] = mapped_column(String(300), index=True)
    number: Mapped[int]
    status: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
    score: Mapped[float] = mapped_column(Float)
    max_score: Mapped[float] = mapped_column(Float)
    scope: Mapped[str] = mapped_column(String(20))
    seed: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64))
    submitted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    folder: Mapped[str] = mapped_column(Text)
    grade_json: Mapped[str] = mapped_column(Text)

    def grade(self) -> Grade:
        """The whole grade, as in grade.json."""
        return msgspec.json.decode(self.grade_json, type=Grade)


class Gradebook:
    """A gradebook; opening one makes the database and its table where they are missing.

    Args:
        url: A SQLAlchemy URL, such as ``sqlite:///reports/gradebook.sqlite`` or ``postgresql://...``.

    Raises:
        GradebookError: It cannot be opened.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
            if parsed.drivername.startswith("sqlite") and parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine = create_engine(parsed)
            Base.metadata.create_all(self._engine)
        except (ArgumentError, NoSuchModuleError) as error:
            raise GradebookError(
                f"--gradebook {url!r} is no database URL; write one such as sqlite:///gradebook.sqlite"
            ) from error
        except (SQLAlchemyError, OSError, ImportError) as error:
            raise GradebookError(f"the gradebook {url!r} cannot be opened: {_first_line(error)}") from error

    @classmethod
    def at(cls, path: Path) -> Gradebook:
        """Open the SQLite gradebook in a file."""
        return cls(f"sqlite:///{path}")

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
        row = Attempt(
            assignment=grade.assignment,
            student=grade.student,
            number=grade.attempt,
            status=grade.status,
            reason=grade.reason,
            score=grade.score,
            max_score=grade.max_score,
            scope=grade.scope,
            seed=grade.seed,
            digest=grade.digest,
            submitted_at=datetime.fromisoformat(grade.submitted_at).astimezone(UTC),
            folder=str(folder),
            grade_json=msgspec.json.encode(grade).decode(),
        )
        with self._session() as session:
            session.add(row)
            session.commit()

    def attempts(self, assignment: str | None = None, student: str | None = None) -> list[Attempt]:
        """The attempts of an assignment, of a student, or all, oldest first."""
        query = select(Attempt).order_by(Attempt.id)
        if assignment is not None:
            query = query.where(Attempt.assignment == assignment)
        if student is not None:
            query = query.where(Attempt.student == student)
        with self._session() as session:
            return list(session.scalars(query))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            with Session(self._engine, expire_on_commit=False) as session:
                yield session
        except SQLAlchemyError as error:
            raise GradebookError(f"the gradebook could not be used: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
