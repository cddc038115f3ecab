"""A final grade is the sum of its lines, and each line says who or what made it."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from support.grades import exercises, grade

from grader.assignment.model import Late
from grader.gradebook.course import Terms
from grader.gradebook.events import Arrived, Decided, Event, Excuse, Extension, Override, Regrade, decided
from grader.gradebook.final import FinalGrade, final_grade, final_grades
from grader.gradebook.marks import ExerciseMarks, Marks
from grader.gradebook.policy import Deduction, Rounding
from grader.grading.points import add_up

DUE = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = Terms(max_score=20.0, due=DUE, late=Late(percent_per_day=10, max_percent=50))
WHO = {"assignment": "hw2", "student": "alice", "by": "ta", "at": DUE + DAY, "reason": "we spoke"}


def marks(attempt: int = 1, hook: float = 9.5, mlp: float = 8.0, after: timedelta = -DAY, **more: object) -> Marks:
    shares = (ExerciseMarks("hook", "Hooks", hook, 12.0), ExerciseMarks("mlp", "A perceptron", mlp, 8.0))
    made = Marks(
        student="alice", attempt=attempt, score=hook + mlp, max_score=20.0, handed_in=DUE + after, exercises=shares
    )
    return msgspec.structs.replace(made, **more)


def final(*attempts: Marks, events: tuple[Event, ...] = (), terms: Terms = TERMS) -> FinalGrade:
    return final_grade("alice", attempts, decided(events), terms)


def said(grade: FinalGrade) -> list[tuple[str, float]]:
    return [(line.what, line.points) for line in grade.lines]


def regrade(score: float, attempt: int = 1) -> Regrade:
    new = grade(attempt=attempt, score=score, exercises=exercises(hook=(score - 8, 12), mlp=(8, 8)))
    return Regrade.of(new, version="v2", by="ta", at=DUE + DAY, reason="we spoke")


def test_what_was_earned_in_time_is_the_grade() -> None:
    got = final(marks())
    assert (got.attempt, got.raw, got.final, got.max, got.deductions) == (1, 17.5, 17.5, 20, ())
    assert said(got) == [("attempt 1", 17.5)]


def test_who_handed_in_nothing_has_nothing_of_what_there_is() -> None:
    got = final()
    assert (got.attempt, got.raw, got.final, got.max) == (None, 0, 0, 20)
    assert said(got) == [("nothing handed in", 0)]


def test_a_grade_that_lacks_a_device_says_so_until_it_is_graded_there() -> None:
    assert said(final(marks(provisional=("cuda",)))) == [("attempt 1, provisional: not run on cuda", 17.5)]
    assert said(final(marks(provisional=("cuda",)), events=(regrade(18.0),))) == [("attempt 1, graded anew", 18.0)]


def test_lateness_is_a_line_of_its_own() -> None:
    got = final(marks(after=1.5 * DAY))
    reason = "2 days late (due 2026-11-20 23:59 UTC): 10% for each day begun"
    assert got.deductions == (Deduction(reason, 3.5),)
    assert (got.raw, got.final) == (17.5, 14)
    assert said(got) == [("attempt 1", 17.5), (reason, -3.5)]


def test_without_a_time_nothing_is_taken_off_and_that_is_said() -> None:
    got = final(marks(handed_in=None, arrival="unknown"))
    assert said(got) == [("attempt 1", 17.5), ("hand-in time unknown: no late deduction", 0)]
    assert (got.final, got.late) == (17.5, False)
    for nothing_to_lose in (TERMS, "late", Late()), (TERMS, "due", None):
        terms = msgspec.structs.replace(nothing_to_lose[0], **{nothing_to_lose[1]: nothing_to_lose[2]})
        assert said(final(marks(handed_in=None, arrival="unknown"), terms=terms)) == [("attempt 1", 17.5)]


def test_a_platforms_mark_counts_as_the_least_that_it_can_mean() -> None:
    marked = marks(handed_in=None, arrival="late")
    one_day = "marked late, hand-in time unknown, so that only one day is counted: 10% for each day begun"
    assert said(final(marked)) == [("attempt 1", 17.5), (one_day, -1.75)]
    assert final(marked).late
    extension = Extension(**WHO, until=DUE + DAY)
    assert [points for _, points in said(final(marked, events=(extension,)))] == [17.5, 0, 0]
    grace = msgspec.structs.replace(TERMS, late=Late(percent_per_day=10, grace_minutes=15))
    assert said(final(marked, terms=grace))[1] == (
        "marked late, but the grace may cover it: hand-in time unknown: no late deduction",
        0,
    )
    unmarked = marks(handed_in=None, arrival="in time")
    assert said(final(unmarked))[1] == ("not marked late; hand-in time unknown: no late deduction", 0)


def test_a_time_that_is_told_later_counts() -> None:
    told = Arrived(**WHO, attempt=1, arrival="timed", handed_in=DUE + DAY)
    got = final(marks(handed_in=None, arrival="unknown"), events=(told, regrade(16)))
    assert [points for _, points in said(got)] == [16, -1.6]
    assert got.handed_in == DUE + DAY


def test_the_best_is_the_best_after_lateness() -> None:
    assert final(marks(1, 9.5), marks(2, 12.0, after=3 * DAY)).attempt == 1
    assert final(marks(1, 4.0), marks(2, 12.0, after=DAY)).attempt == 2


def test_the_last_and_the_first_count_where_the_course_says_so() -> None:
    attempts = (marks(1, 5), marks(2, 12), marks(3, 1))
    counts = [
        final(*attempts, terms=msgspec.structs.replace(TERMS, count=count)) for count in ("first", "last", "best")
    ]
    assert [each.attempt for each in counts] == [1, 3, 2]


def test_what_could_not_be_read_counts_only_for_want_of_anything_else() -> None:
    last = msgspec.structs.replace(TERMS, count="last")
    broken = marks(2, 0, 0, status="unreadable", exercises=())
    assert final(marks(1), broken, terms=last).attempt == 1
    alone = final(broken, terms=last)
    assert (alone.attempt, alone.final) == (2, 0)
    assert said(alone) == [("attempt 2, which could not be graded", 0)]


def test_a_run_of_the_public_checks_counts_only_for_want_of_a_whole_one() -> None:
    public = marks(2, 12, 8, scope="public")
    assert final(marks(1, 1, 1), public).attempt == 1
    assert said(final(public)) == [("attempt 2, public checks only", 20)]


def test_an_override_of_an_exercise_changes_what_lateness_takes_its_share_of() -> None:
    got = final(marks(after=DAY), events=(Override(**WHO, exercise="hook", points=12.0),))
    assert (got.raw, got.final) == (17.5, 18)
    assert [(line.what, line.points, line.reason, line.by) for line in got.lines[:2]] == [
        ("attempt 1", 17.5, "", ""),
        ("Hooks set to 12 (was 9.5)", 2.5, "we spoke", "ta"),
    ]
    assert got.lines[2].points == -2


def test_an_override_gives_points_for_what_could_not_be_graded() -> None:
    broken = marks(1, 0, 0, status="unreadable", exercises=())
    got = final(broken, events=(Override(**WHO, exercise="hook", points=6.0),))
    assert said(got)[1] == ("hook set to 6 (was 0)", 6)
    assert got.final == 6


def test_an_override_of_the_total_is_the_last_word() -> None:
    got = final(marks(after=5 * DAY), events=(Override(**WHO, points=16.0),))
    assert got.final == 16
    assert said(got)[-1] == ("total set to 16 (was 8.75)", 7.25)


def test_the_newest_override_holds_until_it_is_taken_back() -> None:
    one, two, back = (Override(**WHO, exercise="hook", points=points) for points in (1.0, 2.0, None))
    assert final(marks(), events=(one, two)).final == 10
    assert final(marks(), events=(one, two, back)).final == 17.5
    assert final(marks(), events=(one, two, back)).overrides == ()


def test_who_is_excused_has_no_grade_but_keeps_the_reason() -> None:
    got = final(marks(), events=(Excuse(**WHO),))
    assert got.final is None
    assert got.excused == Excuse(**WHO)
    assert got.lines[-1].reason == "we spoke"
    assert final(marks(), events=(Excuse(**WHO), Excuse(**WHO, excused=False))).final == 17.5


def test_an_extension_moves_the_due_date_and_is_shown() -> None:
    longer = Extension(**WHO, until=DUE + 2 * DAY)
    assert said(final(marks(after=2 * DAY), events=(longer,))) == [
        ("attempt 1", 17.5),
        ("extended until 2026-11-22 23:59 UTC", 0),
    ]
    assert final(marks(after=3 * DAY), events=(longer,)).final == 15.75
    assert final(marks(after=2 * DAY), events=(longer, Extension(**WHO, until=None))).final == 14


def test_a_regrade_takes_the_place_of_the_grade_and_the_moment_stays() -> None:
    got = final(marks(after=DAY), events=(regrade(12.0), regrade(19.0)))
    assert (got.raw, got.final) == (19, 17.1)
    assert (got.lines[0].what, got.lines[0].reason) == ("attempt 1, graded anew", "we spoke")


def test_a_regrade_may_make_readable_what_was_not() -> None:
    broken = marks(2, 0, 0, status="unreadable", exercises=())
    assert final(marks(1), broken, events=(regrade(19.0, attempt=2),)).attempt == 2


def test_a_regrade_of_another_attempt_changes_nothing() -> None:
    assert final(marks(1), events=(regrade(20.0, attempt=2),)).final == 17.5


def test_rounding_is_a_line_too_and_goes_no_higher_than_there_is_to_earn() -> None:
    whole = msgspec.structs.replace(TERMS, rounding=Rounding(step=1, direction="up"))
    assert said(final(marks(), terms=whole)) == [("attempt 1", 17.5), ("rounded to 1", 0.5)]
    assert final(marks(1, 12, 7.75, max_score=19.75), terms=whole).final == 19.75


def test_everybody_is_listed_once_in_order() -> None:
    events = [Excuse(**{**WHO, "student": "carol"})]
    listed = final_grades([marks(), marks(2), marks(student="bob")], events, TERMS, ["dave", "alice"])
    assert [each.student for each in listed] == ["alice", "bob", "carol", "dave"]


MOMENTS = st.timedeltas(-10 * DAY, 30 * DAY)
POINTS = st.integers(0, 48).map(lambda quarters: quarters / 4)
EVENTS = st.one_of(
    st.builds(
        lambda exercise, points: Override(**WHO, exercise=exercise, points=points),
        st.sampled_from(["hook", "mlp", None]),
        st.none() | st.integers(0, 32).map(lambda quarters: quarters / 4),
    ),
    st.builds(lambda excused: Excuse(**WHO, excused=excused), st.booleans()),
    st.builds(lambda away: Extension(**WHO, until=None if away is None else DUE + away), st.none() | MOMENTS),
    st.builds(lambda score, attempt: regrade(score, attempt), POINTS.map(lambda p: p + 8), st.integers(1, 4)),
)
ATTEMPTS = st.lists(st.tuples(POINTS, st.integers(0, 8), MOMENTS), max_size=4).map(
    lambda found: [marks(number, hook, mlp, away) for number, (hook, mlp, away) in enumerate(found, start=1)]
)
ANY_TERMS = st.builds(
    Terms,
    max_score=st.just(20.0),
    due=st.none() | st.just(DUE),
    late=st.builds(Late, percent_per_day=st.sampled_from([0, 7.5, 33.0]), max_days=st.none() | st.integers(0, 9)),
    count=st.sampled_from(["best", "last", "first"]),
    rounding=st.builds(Rounding, step=st.sampled_from([0.01, 0.5, 1.0]), direction=st.sampled_from(["up", "down"])),
)


@given(ATTEMPTS, st.lists(EVENTS, max_size=8), ANY_TERMS)
def test_the_lines_add_up_to_a_grade_that_can_be(attempts: list[Marks], events: list[Event], terms: Terms) -> None:
    got = final(*attempts, events=tuple(events), terms=terms)
    total = add_up(line.points for line in got.lines)
    assert got.final == (None if got.excused else total)
    assert 0 <= total <= got.max
    assert got.attempt in {None, *(each.attempt for each in attempts)}
    assert add_up(each.points for each in got.deductions) == -add_up(
        line.points for line in got.lines if " late (due " in line.what
    )


@given(st.lists(EVENTS, max_size=12), st.lists(EVENTS, max_size=12))
def test_only_the_newest_of_each_kind_matters(earlier: list[Event], later: list[Event]) -> None:
    assert decided([*earlier, *later, *later]) == decided([*earlier, *later])
    assert decided([]) == Decided()
