"""What rules take off is arithmetic: never more than there is, never less for being later, and always with a reason."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.assignment.model import Late
from grader.gradebook.policy import Rounding, counted, days_late, dropped, late_deduction, own_due, rounded

DUE = datetime(2026, 11, 20, 23, 59, tzinfo=timezone(timedelta(hours=1)))
DAY = timedelta(days=1)
POINTS = st.integers(0, 4000).map(lambda quarters: quarters / 4)
AWAY = st.timedeltas(-30 * DAY, 400 * DAY)
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
LATE = st.builds(
    Late,
    grace_minutes=st.floats(0, 3000),
    percent_per_day=st.floats(0, 100),
    max_percent=st.floats(0, 100),
    max_days=st.none() | st.integers(0, 30),
)
ROUNDING = st.builds(
    Rounding,
    step=st.sampled_from([0.01, 0.1, 0.25, 0.5, 1.0, 5.0]),
    direction=st.sampled_from(["nearest", "up", "down"]),
)


@pytest.mark.parametrize(
    ("after", "grace", "days"),
    [
        (timedelta(0), 0, 0),
        (-DAY, 0, 0),
        (timedelta(microseconds=1), 0, 1),
        (DAY, 0, 1),
        (DAY + timedelta(microseconds=1), 0, 2),
        (timedelta(minutes=15), 15, 0),
        (timedelta(minutes=15, microseconds=1), 15, 1),
        (DAY + timedelta(minutes=15), 15, 1),
        (10 * DAY, 0, 10),
    ],
)
def test_each_day_begun_after_the_grace_counts(after: timedelta, grace: float, days: int) -> None:
    assert days_late(DUE + after, DUE, grace) == days


@given(AWAY, ZONES, ZONES)
def test_zones_change_nothing(away: timedelta, one: timezone, other: timezone) -> None:
    assert days_late((DUE + away).astimezone(one), DUE.astimezone(other)) == days_late(DUE + away, DUE)


def test_a_clock_change_between_due_and_hand_in_is_reckoned_in_real_hours() -> None:
    # 24 October 2026, 12:00 in summer time; a day by the wall clock later it is 25 hours.
    due = datetime.fromisoformat("2026-10-24T12:00:00+02:00")
    assert days_late(datetime.fromisoformat("2026-10-25T11:00:00+01:00"), due) == 1
    assert days_late(datetime.fromisoformat("2026-10-25T12:00:00+01:00"), due) == 2


@given(POINTS, AWAY, LATE)
def test_a_deduction_is_part_of_what_was_earned_and_says_why(points: float, away: timedelta, late: Late) -> None:
    taken = late_deduction(points, DUE + away, DUE, late)
    if taken is not None:
        assert 0 < taken.points <= points
        assert "late (due 2026-11-20 23:59 UTC+01:00)" in taken.reason
    if away <= timedelta(minutes=late.grace_minutes):
        assert taken is None


@given(POINTS, AWAY, st.timedeltas(timedelta(0), 50 * DAY), LATE)
def test_later_is_never_cheaper(points: float, away: timedelta, later: timedelta, late: Late) -> None:
    one, other = (late_deduction(points, DUE + when, DUE, late) for when in (away, away + later))
    assert (one.points if one else 0) <= (other.points if other else 0)


@given(POINTS, AWAY, st.timedeltas(timedelta(0), 50 * DAY), LATE)
def test_an_extension_never_costs(points: float, away: timedelta, more: timedelta, late: Late) -> None:
    without = late_deduction(points, DUE + away, DUE, late)
    extended = late_deduction(points, DUE + away, own_due(DUE, (DUE + more).astimezone(UTC)), late)
    assert (extended.points if extended else 0) <= (without.points if without else 0)


@given(POINTS, AWAY, LATE)
def test_no_more_is_taken_off_than_the_cap_while_late_work_is_taken(points: float, away: timedelta, late: Late) -> None:
    taken = late_deduction(points, DUE + away, DUE, late)
    if taken is not None and (late.max_days is None or days_late(DUE + away, DUE, late.grace_minutes) <= late.max_days):
        assert taken.points <= points * late.max_percent / 100 + 1e-6


@pytest.mark.parametrize(
    ("days", "late", "points", "reason"),
    [
        (2, Late(percent_per_day=10), 4, "2 days late (due 2026-11-20 23:59 UTC+01:00): 10% for each day begun"),
        (1, Late(percent_per_day=12.5), 2.5, "1 day late (due 2026-11-20 23:59 UTC+01:00): 12.5% for each day begun"),
        (
            9,
            Late(percent_per_day=10, max_percent=50),
            10,
            "9 days late (due 2026-11-20 23:59 UTC+01:00): 10% for each day begun, at most 50%",
        ),
        (
            4,
            Late(percent_per_day=10, max_percent=50, max_days=3),
            20,
            "4 days late (due 2026-11-20 23:59 UTC+01:00): nothing later than 3 days counts",
        ),
    ],
)
def test_what_lateness_takes_off_twenty_points(days: int, late: Late, points: float, reason: str) -> None:
    taken = late_deduction(20.0, DUE + days * DAY, DUE, late)
    assert taken is not None
    assert (taken.points, taken.reason) == (points, reason)


def test_without_a_due_date_nothing_is_late() -> None:
    assert late_deduction(20.0, DUE, None, Late(percent_per_day=10)) is None
    assert own_due(None, DUE) is None


def test_an_extension_is_shown_in_the_zone_of_the_due_date_and_never_shortens_it() -> None:
    extended = own_due(DUE, (DUE + DAY).astimezone(UTC))
    assert extended == DUE + DAY
    assert str(extended) == "2026-11-21 23:59:00+01:00"
    assert own_due(DUE, DUE - DAY) == DUE


@given(st.dictionaries(st.integers(1, 50), POINTS, min_size=1))
def test_the_attempt_that_counts_is_what_its_name_says(points: dict[int, float]) -> None:
    assert counted(points, "first") == min(points)
    assert counted(points, "last") == max(points)
    best = counted(points, "best")
    assert points[best] == max(points.values())
    assert all(points[number] < points[best] for number in points if number < best)


@given(st.dictionaries(st.text(max_size=4), st.floats(0, 1), max_size=8), st.integers(0, 10))
def test_the_lowest_are_dropped_and_one_stays(shares: dict[str, float], lowest: int) -> None:
    out = dropped(shares, lowest)
    assert len(out) == min(lowest, max(0, len(shares) - 1))
    assert all(shares[name] <= shares[other] for name in out for other in shares.keys() - out)


@given(POINTS | st.floats(0, 1000), ROUNDING)
def test_rounding_gives_a_step_that_is_near_and_on_the_right_side(points: float, rounding: Rounding) -> None:
    result = rounded(points, rounding)
    steps = result / rounding.step
    assert steps == pytest.approx(round(steps), abs=1e-6)
    room = {"nearest": (0.5, 0.5), "up": (0, 1), "down": (1, 0)}[rounding.direction]
    assert points - room[0] * rounding.step - 2e-6 <= result <= points + room[1] * rounding.step + 2e-6


@given(POINTS | st.floats(0, 1000), ROUNDING)
def test_what_is_rounded_stays(points: float, rounding: Rounding) -> None:
    once = rounded(points, rounding)
    assert rounded(once, rounding) == once


@pytest.mark.parametrize(
    ("points", "rounding", "result"),
    [
        (0.125, Rounding(), 0.13),
        (2.675, Rounding(), 2.68),  # as a float it is a little less
        (17.25, Rounding(step=0.5), 17.5),
        (17.01, Rounding(step=0.5, direction="up"), 17.5),
        (17.49, Rounding(step=0.5, direction="down"), 17.0),
        (0.1 + 0.2, Rounding(step=0.1, direction="up"), 0.3),
    ],
)
def test_rounding_is_as_on_paper(points: float, rounding: Rounding, result: float) -> None:
    assert rounded(points, rounding) == result
