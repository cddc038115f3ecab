"""The figures of a class: how points are spread, and how well each exercise tells students apart; pure functions."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Iterable, Sequence

import msgspec

from grader.classpage.model import Member, WorkExercise
from grader.grading.points import add_up

_FEWEST = 3


class Bin(msgspec.Struct, frozen=True):
    """How many students have points from `low` up to, but without, `high`; the last bin holds its `high` too."""

    low: float
    high: float
    number: int


class ExerciseFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How one exercise went.

    Attributes:
        id: The exercise's id.
        title: Its title.
        max_score: Points it is worth.
        students: Of how many students it was graded.
        solved: How many of them have all of its points.
        mean: The mean of their points.
        not_begun: How many handed in nothing for it but what they were given.
        discrimination: See `discrimination`.
    """

    id: str
    title: str
    max_score: float
    students: int
    solved: int
    mean: float
    not_begun: int
    discrimination: float | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many students there are of each kind; a student may be late and graded, or graded and excused."""

    students: int
    graded: int
    unreadable: int
    foreign: int
    otherwise: int
    late: int
    missing: int
    excused: int


def histogram(points: Iterable[float], max_points: float, bins: int = 20) -> tuple[Bin, ...]:
    """Count points in bins of one width.

    Args:
        points: Anybody's points; more than there are to earn falls into the last bin, less than none into the first.
        max_points: Points to earn.
        bins: How many bins.

    Returns:
        The bins from 0 to `max_points`.

    Example:
        >>> [each.number for each in histogram([0, 5, 9.9, 10], 10, bins=2)]
        [1, 3]
    """
    counts = [0] * bins
    for each in points:
        place = math.floor(bins * each / max_points) if max_points > 0 else 0
        counts[min(max(place, 0), bins - 1)] += 1
    width = max_points / bins
    return tuple(Bin(width * index, width * (index + 1), number) for index, number in enumerate(counts))


def discrimination(scores: Sequence[float], rests: Sequence[float]) -> float | None:
    """How far an exercise tells strong students from weak ones.

    It is Pearson's correlation between the points in the exercise and the points in all others together: 1 where who
    is good at the rest is good at it, 0 where the two have nothing to do with each other, and negative where it is
    the strong students who fail. An exercise is not correlated with itself, hence the rest.

    Args:
        scores: Points in the exercise, one for each student.
        rests: The same students' points in all other exercises.

    Returns:
        Between -1 and 1; None where it is undefined: under three students, or all alike in one of the two.

    Example:
        >>> discrimination([0, 1, 2], [10, 20, 30])
        1.0
        >>> discrimination([1, 1, 1], [10, 20, 30]) is None
        True
    """
    if len(scores) < _FEWEST:
        return None
    try:
        return max(-1.0, min(1.0, statistics.correlation(scores, rests)))
    except statistics.StatisticsError:
        return None


def exercise_figures(members: Iterable[Member], begun: Collection[tuple[str, str]]) -> tuple[ExerciseFigures, ...]:
    """The figures of each exercise, in the assignment's order.

    Args:
        members: The class.
        begun: Pairs of a student and an exercise's id: where there is code other than what was given out.

    Returns:
        One for each exercise that anybody was graded on.
    """
    works = [(m.student, m.work) for m in members if m.work is not None and m.work.exercises]
    totals = [add_up(exercise.score for exercise in work.exercises) for _, work in works]
    found: dict[str, list[tuple[str, WorkExercise, float]]] = {}
    for (student, work), total in zip(works, totals, strict=True):
        for exercise in work.exercises:
            found.setdefault(exercise.id, []).append((student, exercise, add_up([total, -exercise.score])))
    return tuple(_figures(each, begun) for each in found.values())


def counts(members: Sequence[Member]) -> Counts:
    """Count students by what became of what they handed in."""
    statuses = [member.work.status for member in members if member.work is not None]
    known = {status: statuses.count(status) for status in ("graded", "unreadable", "foreign")}
    return Counts(
        students=len(members),
        graded=known["graded"],
        unreadable=known["unreadable"],
        foreign=known["foreign"],
        otherwise=len(statuses) - sum(known.values()),
        late=sum(member.late for member in members),
        missing=len(members) - len(statuses),
        excused=sum(member.points is None for member in members),
    )


def counted_points(members: Iterable[Member]) -> list[float]:
    """The points of everybody who handed in and is not excused, from the fewest up."""
    return sorted(m.points for m in members if m.points is not None and m.work is not None)


def _figures(each: Sequence[tuple[str, WorkExercise, float]], begun: Collection[tuple[str, str]]) -> ExerciseFigures:
    first = each[0][1]
    scores = [exercise.score for _, exercise, _ in each]
    return ExerciseFigures(
        id=first.id,
        title=first.title,
        max_score=first.max_score,
        students=len(each),
        solved=sum(exercise.score >= exercise.max_score for _, exercise, _ in each),
        mean=statistics.fmean(scores),
        not_begun=sum((student, first.id) not in begun for student, _, _ in each),
        discrimination=discrimination(scores, [rest for _, _, rest in each]),
    )
