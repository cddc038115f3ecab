"""A total leaves out what is excused and the lowest that the course drops."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from grader.gradebook.events import Excuse
from grader.gradebook.final import FinalGrade
from grader.gradebook.total import Total, totals

EXCUSE = Excuse(assignment="x", student="alice", by="ta", at=datetime(2026, 1, 1, tzinfo=UTC), reason="ill")


def final(points: float | None, worth: float = 10.0, student: str = "alice") -> FinalGrade:
    return FinalGrade(
        student=student, attempt=1, raw=5.0, final=points, max=worth, excused=EXCUSE if points is None else None
    )


def total(*points: float | None, lowest: int = 0) -> Total:
    (only,) = totals({f"hw{n}": [final(each)] for n, each in enumerate(points, start=1)}, lowest)
    return only


def test_points_and_what_there_is_to_earn_are_added_up() -> None:
    assert (total(5, 7.5, 10).points, total(5, 7.5, 10).max) == (22.5, 30)


def test_the_lowest_share_is_dropped_whatever_it_is_worth() -> None:
    (only,) = totals({"small": [final(2, 2)], "large": [final(20, 50)], "middle": [final(8, 10)]}, 1)
    assert (only.dropped, only.points, only.max) == ({"large"}, 10, 12)


def test_what_is_excused_neither_counts_nor_is_dropped() -> None:
    assert (total(None, 4, 9, lowest=1).points, total(None, 4, 9, lowest=1).max) == (9, 10)
    assert (total(None, None).points, total(None, None).max) == (0, 0)


def test_one_assignment_is_never_dropped() -> None:
    assert (total(4, lowest=3).points, total(4, 9, lowest=3).points) == (4, 9)


def test_students_come_in_order_each_with_their_own() -> None:
    listed = totals({"hw1": [final(1, student="bob"), final(2)], "hw2": [final(3, student="bob")]}, 0)
    assert [(each.student, each.points, list(each.grades)) for each in listed] == [
        ("alice", 2, ["hw1"]),
        ("bob", 4, ["hw1", "hw2"]),
    ]


@given(st.lists(st.none() | st.integers(0, 10), min_size=1, max_size=8), st.integers(0, 4))
def test_dropping_never_lowers_the_share(points: list[float | None], lowest: int) -> None:
    with_all, without = total(*points), total(*points, lowest=lowest)
    if with_all.max:
        assert without.points / without.max >= with_all.points / with_all.max - 1e-9
