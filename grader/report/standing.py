"""What counts of an assignment after people's decisions and the course's rules, as a report shows it."""

from __future__ import annotations

from typing import Literal

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step from the points of the attempt that counts to what counts.

    Attributes:
        what: The step, in words.
        points: What it adds, or takes off where negative.
        reason: What the person who decided it said; "" for the rules.
        by: Who decided; for the instructor's edition alone.
        at: When, ISO 8601 with a zone; for the instructor's edition alone.
    """

    what: str
    points: float
    reason: str = ""
    by: str = ""
    at: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What counts of an assignment for a student.

    Attributes:
        attempt: The attempt that counts; None where nothing was handed in.
        points: The points that count; None for an excused student.
        max_points: Points to earn.
        steps: How they come about: the attempt's own points first.
    """

    attempt: int | None
    points: float | None
    max_points: float
    steps: tuple[Step, ...]


def standing_for(standing: Standing, edition: Literal["student", "instructor"]) -> Standing:
    """The standing as one reader may see it: a student sees every reason, and not who decided when."""
    if edition == "instructor":
        return standing
    return Standing(
        attempt=standing.attempt,
        points=standing.points,
        max_points=standing.max_points,
        steps=tuple(Step(what=step.what, points=step.points, reason=step.reason) for step in standing.steps),
    )
