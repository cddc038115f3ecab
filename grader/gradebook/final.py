"""Final grades: attempts, decisions and rules in, points with every step to them out; pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from grader.gradebook.course import Terms
from grader.gradebook.events import Decided, Event, Excuse, Override, Regrade, by_student, decided
from grader.gradebook.marks import ExerciseMarks, Marks, marks_of
from grader.gradebook.policy import Deduction, counted, late_deduction, own_due, rounded, untimed
from grader.grading.model import Arrival
from grader.grading.points import add_up


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One step on the way to a final grade.

    Attributes:
        what: The step, in words for the student.
        points: What it adds, or takes off where negative; the points of all lines add up to the final points.
        reason: What the person who decided it said.
        by: Who decided; "" for the rules.
        at: When, for a person's decision.
    """

    what: str
    points: float
    reason: str = ""
    by: str = ""
    at: datetime | None = None


class FinalGrade(msgspec.Struct, frozen=True, kw_only=True):
    """What a student's grade of an assignment is, and why.

    Attributes:
        student: Who.
        attempt: The number of the attempt that counts; None where nothing was handed in.
        raw: Its points as graded, or as graded anew, before people and rules.
        deductions: What rules take off.
        overrides: The points that people gave and that hold, the total's last.
        excused: The excuse; the assignment does not count then.
        final: The points that count; None for an excused student.
        max: Points to earn.
        lines: The steps from raw to final.
        scope: "public" where only the public checks were run.
        exercises: The points of each exercise, with those that people gave, before lateness.
        handed_in: When the attempt that counts was handed in; None where that is not known.
        arrival: What is known of that moment.
        due: When it was due for this student; None for never.
    """

    student: str
    attempt: int | None
    raw: float
    deductions: tuple[Deduction, ...] = ()
    overrides: tuple[Override, ...] = ()
    excused: Excuse | None = None
    final: float | None
    max: float
    lines: tuple[Line, ...] = ()
    scope: Literal["full", "public"] = "full"
    exercises: tuple[ExerciseMarks, ...] = ()
    handed_in: datetime | None = None
    arrival: Arrival = "timed"
    due: datetime | None = None

    @property
    def late(self) -> bool:
        """Whether the attempt that counts came after the student's own due date, as far as that is known."""
        if self.handed_in is None:
            return self.arrival == "late"
        return self.due is not None and self.handed_in > self.due

    @property
    def total_set(self) -> bool:
        """Whether a person gave the total, which no rule changes any more."""
        return any(each.exercise is None for each in self.overrides)

    @property
    def told(self) -> bool:
        """Whether there is anything to tell: something was handed in, or a person decided."""
        return self.attempt is not None or self.excused is not None or bool(self.overrides)


def final_grades(
    marks: Iterable[Marks], events: Sequence[Event], terms: Terms, students: Iterable[str] = ()
) -> list[FinalGrade]:
    """The final grades of an assignment.

    Args:
        marks: The points of all attempts at it.
        events: Everything that people decided about it, oldest first.
        terms: Its rules.
        students: Who else is to be listed, such as who handed in nothing.

    Returns:
        One for each student, in alphabetical order.
    """
    attempts: dict[str, list[Marks]] = {}
    for each in marks:
        attempts.setdefault(each.student, []).append(each)
    decisions = by_student(events)
    everybody = {*attempts, *decisions, *students}
    return [
        final_grade(student, attempts.get(student, ()), decided(decisions.get(student, ())), terms)
        for student in sorted(everybody)
    ]


def final_grade(student: str, attempts: Sequence[Marks], decisions: Decided, terms: Terms) -> FinalGrade:
    """One student's final grade.

    Overrides of exercises change what an attempt earned, lateness takes its share of that, the attempt that counts is
    chosen by what is left, and that is rounded. An override of the total is the last word.

    Args:
        student: Who.
        attempts: The points of the student's attempts.
        decisions: What people decided.
        terms: The assignment's rules.

    Returns:
        The grade with every step to it.
    """
    best = _that_counts(student, attempts, decisions, terms)
    lines = [*best.lines]
    _round(lines, best.marks.max_score, terms)
    if decisions.total is not None:
        _add(lines, decisions.total, "total set", add_up(line.points for line in lines))
    final = add_up(line.points for line in lines)
    if decisions.excuse is not None:
        lines.append(_line(decisions.excuse, "excused: the assignment does not count", 0.0))
    return FinalGrade(
        student=student,
        attempt=best.marks.attempt or None,
        raw=best.marks.score,
        deductions=best.deductions,
        overrides=(*decisions.exercises.values(), *((decisions.total,) if decisions.total else ())),
        excused=decisions.excuse,
        final=None if decisions.excuse else final,
        max=best.marks.max_score,
        lines=tuple(lines),
        scope=best.marks.scope,
        exercises=_with_overrides(best.marks.exercises, decisions),
        handed_in=best.marks.handed_in,
        arrival=best.marks.arrival,
        due=_due(decisions, terms),
    )


class _Reckoned(msgspec.Struct, frozen=True):
    """One attempt with what people and rules make of it, before rounding."""

    marks: Marks
    lines: tuple[Line, ...]
    deductions: tuple[Deduction, ...] = ()


def _that_counts(student: str, attempts: Sequence[Marks], decisions: Decided, terms: Terms) -> _Reckoned:
    """The attempt that counts; one without points where nothing was handed in."""
    graded_now = [_graded_now(each, decisions) for each in attempts]
    nothing = Marks(student=student, attempt=0, score=0.0, max_score=terms.max_score)
    candidates = _worth_counting(graded_now) or [nothing]
    reckoned = {each.attempt: _reckon(each, decisions, terms) for each in candidates}
    left = {number: add_up(line.points for line in each.lines) for number, each in reckoned.items()}
    return reckoned[counted(left, terms.count)]


def _graded_now(marks: Marks, decisions: Decided) -> Marks:
    regrade, arrived = decisions.regrades.get(marks.attempt), decisions.arrivals.get(marks.attempt)
    handed_in, arrival = (arrived.handed_in, arrived.arrival) if arrived else (marks.handed_in, marks.arrival)
    graded = marks if regrade is None else marks_of(regrade.grade_json, marks.recorded)
    return msgspec.structs.replace(graded, handed_in=handed_in, arrival=arrival)


def _worth_counting(attempts: Sequence[Marks]) -> Sequence[Marks]:
    """The attempts to choose from: what could not be read, or met only the public checks, counts for want of others."""
    read = [each for each in attempts if each.was_read]
    whole = [each for each in read if each.scope == "full"]
    return whole or read or attempts


def _reckon(marks: Marks, decisions: Decided, terms: Terms) -> _Reckoned:
    lines = [_first_line(marks, decisions.regrades.get(marks.attempt))]
    earned = {exercise.id: exercise for exercise in marks.exercises}
    for name, override in decisions.exercises.items():
        exercise = earned.get(name)
        title = exercise.title if exercise else name.replace("_", " ")
        _add(lines, override, f"{title} set", exercise.score if exercise else 0.0)
    points = add_up(line.points for line in lines)
    due = _due(decisions, terms)
    taken, notice = _lateness(marks, points, decisions, terms)
    if decisions.extension is not None and due is not None:
        lines.append(_line(decisions.extension, f"extended until {due:%Y-%m-%d %H:%M %Z}", 0.0))
    if notice:
        lines.append(Line(what=notice, points=0.0))
    if taken is None:
        return _Reckoned(marks, tuple(lines))
    return _Reckoned(marks, (*lines, Line(what=taken.reason, points=-taken.points)), (taken,))


def _lateness(marks: Marks, points: float, decisions: Decided, terms: Terms) -> tuple[Deduction | None, str]:
    due = _due(decisions, terms)
    if marks.handed_in is not None:
        return late_deduction(points, marks.handed_in, due, terms.late), ""
    if not marks.attempt:
        return None, ""
    return untimed(points, marks.arrival, due, terms.late, extended=decisions.extension is not None)


def _with_overrides(exercises: Sequence[ExerciseMarks], decisions: Decided) -> tuple[ExerciseMarks, ...]:
    given = {name: each.points for name, each in decisions.exercises.items() if each.points is not None}
    return tuple(msgspec.structs.replace(each, score=given.get(each.id, each.score)) for each in exercises)


def _due(decisions: Decided, terms: Terms) -> datetime | None:
    return own_due(terms.due, decisions.extension.until if decisions.extension else None)


def _first_line(marks: Marks, regrade: Regrade | None) -> Line:
    if not marks.attempt:
        return Line(what="nothing handed in", points=0.0)
    what = f"attempt {marks.attempt}"
    if not marks.was_read:
        what += ", which could not be graded"
    elif marks.scope == "public":
        what += ", public checks only"
    elif marks.provisional:
        what += f", provisional: not run on {', '.join(marks.provisional)}"
    return _line(regrade, f"{what}, graded anew", marks.score) if regrade else Line(what=what, points=marks.score)


def _round(lines: list[Line], max_score: float, terms: Terms) -> None:
    points = add_up(line.points for line in lines)
    # No step beyond what there is to earn, unless a person gave more.
    result = min(rounded(points, terms.rounding), max(points, max_score))
    if difference := add_up([result, -points]):
        lines.append(Line(what=f"rounded to {terms.rounding.step:g}", points=difference))


def _add(lines: list[Line], override: Override, what: str, before: float) -> None:
    if override.points is not None:
        change = add_up([override.points, -before])
        lines.append(_line(override, f"{what} to {override.points:g} (was {before:g})", change))


def _line(event: Event, what: str, points: float) -> Line:
    return Line(what=what, points=points, reason=event.reason, by=event.by, at=event.at)
