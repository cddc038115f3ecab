"""What counts of what was earned: lateness, which attempt, which assignments, rounding; pure functions all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Literal

import msgspec

from grader.assignment.model import Late
from grader.grading.model import Arrival
from grader.grading.points import add_up

Count = Literal["best", "last", "first"]
_DAY_SECONDS = 86_400
_DIRECTIONS = {"nearest": ROUND_HALF_UP, "up": ROUND_CEILING, "down": ROUND_FLOOR}


class Rounding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How final points are rounded.

    Attributes:
        step: They become a multiple of this.
        direction: To the "nearest" one (halves up), always "up" or always "down".
    """

    step: float = 0.01
    direction: Literal["nearest", "up", "down"] = "nearest"


class Deduction(msgspec.Struct, frozen=True):
    """Points taken off, and why; never taken silently.

    Attributes:
        reason: Why, in words for the student.
        points: How many are taken off, 0 or more.
    """

    reason: str
    points: float


def own_due(due: datetime | None, until: datetime | None) -> datetime | None:
    """When an assignment is due for one student.

    Args:
        due: When it is due for everybody, with a zone; None for never.
        until: What the student's own extension says; None without one. It never shortens what everybody has.

    Returns:
        The moment, in the zone of `due`; None for never.
    """
    if due is None or until is None:
        return due
    return max(due, until.astimezone(due.tzinfo))


def days_late(handed_in: datetime, due: datetime, grace_minutes: float = 0.0) -> int:
    """Count the days begun after the due date and its grace; moments of any zones compare as moments.

    Example:
        >>> due = datetime.fromisoformat("2026-11-20T23:59:00+01:00")
        >>> days_late(due, due), days_late(due + timedelta(seconds=1), due), days_late(due + timedelta(days=1), due)
        (0, 1, 1)
        >>> days_late(datetime.fromisoformat("2026-11-20T22:59:00+00:00"), due)
        0
    """
    seconds = (handed_in - due) / timedelta(seconds=1) - 60 * grace_minutes
    return max(0, math.ceil(seconds / _DAY_SECONDS))


def late_deduction(points: float, handed_in: datetime, due: datetime | None, late: Late) -> Deduction | None:
    """What handing in late takes off.

    Args:
        points: What was earned.
        handed_in: When, with a zone.
        due: When it was due for this student; None for never.
        late: What lateness costs.

    Returns:
        The deduction, never more than was earned; None where nothing is taken off.
    """
    days = 0 if due is None else days_late(handed_in, due, late.grace_minutes)
    if due is None or not days:
        return None
    return _taken(points, days, f"{_days(days)} late (due {due:%Y-%m-%d %H:%M %Z})", late)


def untimed(
    points: float, arrival: Arrival, due: datetime | None, late: Late, extended: bool
) -> tuple[Deduction | None, str]:
    """What becomes of lateness where the moment of handing in is not known: no more is taken off than is certain.

    A platform's mark means a day begun, and nothing where an extension or a grace may cover it.

    Args:
        points: What was earned.
        arrival: What is known instead.
        due: When it was due for this student; None for never.
        late: What lateness costs.
        extended: Whether the student has an extension.

    Returns:
        The deduction, if there is one, and otherwise what a reader is to know; "" where lateness costs nothing.
    """
    if not late.percent_per_day and late.max_days is None:
        return None, ""
    match arrival:
        case "late" if extended or late.grace_minutes:
            cover = "an extension" if extended else "the grace"
            return None, f"marked late, but {cover} may cover it: hand-in time unknown: no late deduction"
        case "late":
            marked = "marked late, hand-in time unknown, so that only one day is counted"
            return _taken(points, 1, marked, late), ""
        case "in time":
            return None, "not marked late; hand-in time unknown: no late deduction"
        case _:
            return None, "hand-in time unknown: no late deduction" if due else ""


def _taken(points: float, days: int, lateness: str, late: Late) -> Deduction | None:
    if late.max_days is not None and days > late.max_days:
        percent = 100.0
        reason = f"{lateness}: nothing later than {_days(late.max_days)} counts"
    else:
        percent = min(days * late.percent_per_day, late.max_percent)
        most = f", at most {late.max_percent:g}%" if percent < days * late.percent_per_day else ""
        reason = f"{lateness}: {late.percent_per_day:g}% for each day begun{most}"
    taken = min(points, round(points * percent / 100, 6))
    return Deduction(reason, taken) if taken > 0 else None


def _days(number: int) -> str:
    return f"{number} {'day' if number == 1 else 'days'}"


def counted(points: Mapping[int, float], count: Count) -> int:
    """Which attempt counts.

    Args:
        points: What each attempt earned in the end, by its number; at least one.
        count: The "best", the "last" or the "first".

    Returns:
        The attempt's number; of several that are best, the first.

    Example:
        >>> counted({1: 3.0, 2: 5.0, 3: 5.0, 4: 1.0}, "best"), counted({1: 3.0, 4: 1.0}, "last")
        (2, 4)
    """
    match count:
        case "first":
            return min(points)
        case "last":
            return max(points)
        case "best":
            return min(points, key=lambda number: (-points[number], number))


def dropped(shares: Mapping[str, float], lowest: int) -> frozenset[str]:
    """Which assignments are left out of a student's total; one always stays.

    Args:
        shares: What was earned of each assignment, as a share of what could be, in the course's order.
        lowest: How many of the lowest are left out.

    Returns:
        Their names; of equal ones the earlier.

    Example:
        >>> sorted(dropped({"hw1": 0.5, "hw2": 0.9, "hw3": 0.5}, 1))
        ['hw1']
    """
    in_order = sorted(shares, key=lambda name: shares[name])
    return frozenset(in_order[: max(0, min(lowest, len(shares) - 1))])


def rounded(points: float, rounding: Rounding) -> float:
    """Round points as people do on paper: 0.125 to steps of 0.01 is 0.13.

    Example:
        >>> rounded(17.25, Rounding(step=0.5)), rounded(17.01, Rounding(step=1, direction="up"))
        (17.5, 18.0)
    """
    step = Decimal(repr(float(rounding.step)))
    steps = (Decimal(repr(add_up([points]))) / step).to_integral_value(_DIRECTIONS[rounding.direction])
    return float(steps * step)
