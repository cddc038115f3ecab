"""What an export is made from: one plain record a student, whatever gradebook it comes from."""

from __future__ import annotations

from datetime import datetime

import msgspec

from grader.errors import BadInput
from grader.gradebook.final import Line
from grader.grading.model import Arrival

_TOO_LARGE = 1e12


class ExerciseRow(msgspec.Struct, frozen=True):
    """One student's points for one exercise.

    Attributes:
        id: The exercise's id.
        title: Its title.
        points: Points earned.
        max_points: Points it is worth.
    """

    id: str
    title: str
    points: float
    max_points: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One student's result for one assignment, as it is to be told to others.

    Attributes:
        student_id: What the gradebook knows the student by.
        name: "Ada Lovelace" or "Lovelace, Ada"; "" where it is not known.
        email: "" where it is not known.
        login: The account's name at the learning platform; "" where it is not known.
        points: The points that count; None for nothing to tell, which leaves what a platform has.
        max_points: Points to earn.
        excused: The assignment does not count for this student.
        submitted_at: When the attempt that counts was handed in, with a zone; None where that is not known.
        arrival: What is known of that moment.
        due: When it was due for this student, with a zone; None for never.
        late_seconds: How late that was; 0 for in time, and where it is not known.
        attempt: Which attempt counts, counted from 1; 0 for none.
        raw_points: What the checks gave, before people and rules.
        late_points: What lateness took off the points that count.
        exercises: Points by exercise, in the assignment's order; before anything was taken off.
        steps: How the points that count come about, as in the report: the attempt's own points first.
        report_path: The student's own edition of the report, where there is one.

    Raises:
        BadInput: A number is not finite or too large, a time has no zone or a text holds what no file can.
    """

    student_id: str
    name: str = ""
    email: str = ""
    login: str = ""
    points: float | None
    max_points: float
    excused: bool = False
    submitted_at: datetime | None = None
    arrival: Arrival = "timed"
    due: datetime | None = None
    late_seconds: float = 0.0
    attempt: int = 0
    raw_points: float | None = None
    late_points: float = 0.0
    exercises: tuple[ExerciseRow, ...] = ()
    steps: tuple[Line, ...] = ()
    report_path: str | None = None

    def __post_init__(self) -> None:
        numbers = [self.points or 0.0, self.max_points, self.late_seconds, self.raw_points or 0.0, self.late_points]
        numbers += [number for each in self.exercises for number in (each.points, each.max_points)]
        if not all(abs(number) < _TOO_LARGE for number in numbers):  # NaN is below nothing
            raise BadInput(
                f"student {self.student_id!a}: a number of this grade is not finite or 1e12 and more; grade it again"
            )
        if self.submitted_at is not None and self.submitted_at.tzinfo is None:
            raise BadInput(
                f"student {self.student_id!a}: the time of submission has no zone; give it one, such as +00:00"
            )
        texts = [self.student_id, self.name, self.email, self.login, self.report_path or ""]
        texts += [text for each in self.exercises for text in (each.id, each.title)]
        texts += [text for step in self.steps for text in (step.what, step.reason, step.by)]
        if any("\ud800" <= letter <= "\udfff" for text in texts for letter in text):
            raise BadInput(f"student {self.student_id!a}: a name holds bytes that are no text; correct it")

    def label(self) -> str:
        """The student for a person's eyes: the name and the id, as far as they are known."""
        return f"{self.name} ({self.student_id})" if self.name else self.student_id
