"""The gradebook's tables: rows are added and, by triggers in the database itself, never changed or deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

import msgspec
from sqlalchemy import DateTime, Dialect, Float, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from grader.gradebook.events import Arrived, Event, Excuse, Extension, Override, Regrade
from grader.grading.model import Grade


class Moment(TypeDecorator[datetime]):
    """A moment with a zone: UTC in every database, those that keep no zone included."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn a moment into UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that what comes back is UTC where the database does not."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The gradebook's tables."""


class Attempt(Base):
    """One graded submission of one student."""

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
    submitted_at: Mapped[datetime] = mapped_column(Moment)
    folder: Mapped[str] = mapped_column(Text)
    grade_json: Mapped[str] = mapped_column(Text)

    def grade(self) -> Grade:
        """The whole grade, as in grade.json."""
        return msgspec.json.decode(self.grade_json, type=Grade)


def _told_apart(**how: str) -> dict[str, str]:
    """How SQLAlchemy tells which of the tables a row of ``events`` goes on in."""
    return how


class EventRow(Base):
    """What all events have; the table alone is the audit trail."""

    __tablename__ = "events"
    struct: ClassVar[type[Event]] = Event

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    assignment: Mapped[str] = mapped_column(String(200), index=True)
    student: Mapped[str] = mapped_column(String(300), index=True)
    by: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Text)

    __mapper_args__ = _told_apart(polymorphic_on="kind")

    def event(self) -> Event:
        """The row as the frozen value that it was made from."""
        fields = self.struct.__struct_fields__
        return self.struct(**{name: getattr(self, name) for name in fields})


class OverrideRow(EventRow):
    """Points given by a person."""

    __tablename__ = "overrides"
    __mapper_args__ = _told_apart(polymorphic_identity="override")
    struct = Override

    id: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True)
    exercise: Mapped[str | None] = mapped_column(String(200))
    points: Mapped[float | None] = mapped_column(Float)


class ExcuseRow(EventRow):
    """An assignment that does not count for a student, or does after all."""

    __tablename__ = "excuses"
    __mapper_args__ = _told_apart(polymorphic_identity="excuse")
    struct = Excuse

    id: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True)
    excused: Mapped[bool]


class ExtensionRow(EventRow):
    """A due date of a student's own."""

    __tablename__ = "extensions"
    __mapper_args__ = _told_apart(polymorphic_identity="extension")
    struct = Extension

    id: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True)
    until: Mapped[datetime | None] = mapped_column(Moment)


class ArrivedRow(EventRow):
    """When an attempt was handed in, known after it was graded."""

    __tablename__ = "arrivals"
    __mapper_args__ = _told_apart(polymorphic_identity="arrived")
    struct = Arrived

    id: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True)
    attempt: Mapped[int]
    arrival: Mapped[str] = mapped_column(String(20))
    handed_in: Mapped[datetime | None] = mapped_column(Moment)


class RegradeRow(EventRow):
    """A new grade of an attempt."""

    __tablename__ = "regrades"
    __mapper_args__ = _told_apart(polymorphic_identity="regrade")
    struct = Regrade

    id: Mapped[int] = mapped_column(ForeignKey("events.id"), primary_key=True)
    attempt: Mapped[int]
    version: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(40))
    score: Mapped[float] = mapped_column(Float)
    max_score: Mapped[float] = mapped_column(Float)
    grade_json: Mapped[str] = mapped_column(Text)


def row_of(event: Event) -> EventRow:
    """The row that holds an event."""
    rows: tuple[type[EventRow], ...] = (OverrideRow, ExcuseRow, ExtensionRow, ArrivedRow, RegradeRow)
    (kind,) = (row for row in rows if row.struct is type(event))
    return kind(**msgspec.structs.asdict(event))
