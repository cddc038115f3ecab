"""The figures of a class: what they add up to, and when they are undefined."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.members import exercise, member, work

from grader.classpage.figures import counted_points, counts, discrimination, exercise_figures, histogram

POINTS = st.floats(0, 100).map(lambda number: round(number * 4) / 4)
PAIRS = st.lists(st.tuples(POINTS, POINTS), min_size=3, max_size=60)


def varied(pairs: list[tuple[float, float]]) -> bool:
    return len({x for x, _ in pairs}) > 1 and len({y for _, y in pairs}) > 1


def of(pairs: list[tuple[float, float]]) -> float | None:
    return discrimination([x for x, _ in pairs], [y for _, y in pairs])


@given(st.lists(st.floats(-10, 130), max_size=80), st.floats(1, 100), st.integers(1, 40))
def test_every_student_is_in_one_bin(points: list[float], most: float, bins: int) -> None:
    found = histogram(points, most, bins)
    assert sum(each.number for each in found) == len(points)
    assert len(found) == bins
    assert found[0].low == 0
    assert found[-1].high == pytest.approx(most)


@given(st.integers(0, 400), st.integers(1, 40))
def test_points_are_in_the_bin_that_holds_them(quarters: int, bins: int) -> None:
    points = quarters / 4
    (where,) = [each for each in histogram([points], 100, bins) if each.number]
    assert where.low - 1e-9 <= points <= where.high + 1e-9


@given(PAIRS)
def test_discrimination_is_a_correlation(pairs: list[tuple[float, float]]) -> None:
    assume(varied(pairs))
    found = of(pairs)
    assert found is not None
    mean_x, mean_y = (math.fsum(each) / len(pairs) for each in zip(*pairs, strict=True))
    together = math.fsum((x - mean_x) * (y - mean_y) for x, y in pairs)
    alone = math.sqrt(math.fsum((x - mean_x) ** 2 for x, _ in pairs) * math.fsum((y - mean_y) ** 2 for _, y in pairs))
    assert -1 <= found <= 1
    assert found == pytest.approx(together / alone, abs=1e-9)


@given(PAIRS, st.integers(1, 8), st.integers(-50, 50))
def test_discrimination_does_not_depend_on_order_nor_on_the_scale(
    pairs: list[tuple[float, float]], factor: int, offset: int
) -> None:
    assume(varied(pairs))
    assert of(sorted(pairs)) == pytest.approx(of(pairs), abs=1e-9)
    assert of([(factor * x + offset, y) for x, y in pairs]) == pytest.approx(of(pairs), abs=1e-6)
    assert of([(-x, y) for x, y in pairs]) == pytest.approx(-(of(pairs) or 0.0), abs=1e-9)


@pytest.mark.parametrize(
    ("scores", "rests"),
    [([], []), ([1, 2], [1, 2]), ([3, 3, 3], [1, 2, 3]), ([1, 2, 3], [5, 5, 5])],
    ids=["nobody", "two", "all alike here", "all alike elsewhere"],
)
def test_discrimination_is_undefined_where_nothing_can_be_told(scores: list[float], rests: list[float]) -> None:
    assert discrimination(scores, rests) is None


def test_an_exercise_is_not_correlated_with_itself() -> None:
    """The whole total would give an exercise that is independent of the others a correlation above zero."""
    others, own = (0, 4, 0, 4), (0, 0, 4, 4)
    class_ = [
        member(str(n), work(exercise("a", score=a), exercise("b", score=b)))
        for n, (a, b) in enumerate(zip(own, others, strict=True))
    ]
    first, second = exercise_figures(class_, set())
    assert first.discrimination == second.discrimination == 0
    assert (first.solved, first.mean, first.students) == (2, 2.0, 4)


def test_who_has_begun_is_counted_by_exercise() -> None:
    class_ = [member(name, work(exercise("a"), exercise("b"))) for name in ("ann", "bob")]
    first, second = exercise_figures(class_, {("ann", "a"), ("bob", "a"), ("bob", "b")})
    assert (first.not_begun, second.not_begun) == (0, 1)


def test_everybody_is_counted_once_by_status() -> None:
    class_ = [
        member("ann", work(exercise()), late=True),
        member("bob", work(status="unreadable")),
        member("cy", work(status="foreign")),
        member("di", work(status="timeout")),
        member("eve", points=None),
        member("fay", work(exercise()), points=None),
    ]
    found = counts(class_)
    assert (found.graded, found.unreadable, found.foreign, found.otherwise, found.missing) == (2, 1, 1, 1, 1)
    assert (found.students, found.late, found.excused) == (6, 1, 2)
    assert counted_points(class_) == [2.0] * 4
