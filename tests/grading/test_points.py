"""Points: all for a pass wherever it ran, none otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.authoring.spec import CheckSpec
from grader.grading.model import Run
from grader.grading.points import add_up, grade_check, passes, spread

VERDICTS = st.sampled_from(["pass", "fail", "error", "missing", "timeout", "crash", "invalid", "not run"])


def spec(points: float = 3.0, needs: tuple[str, ...] = ()) -> CheckSpec:
    return CheckSpec(
        name="c", exercise="e", points=points, visibility="public", description="d", compare={}, needs=needs
    )


def run(verdict: str, device: str = "cpu") -> Run:
    return Run(device=device, verdict=verdict, seconds=0.1)


@given(st.lists(VERDICTS, min_size=1, max_size=4))
def test_only_passes_everywhere_earn_the_points(verdicts: list[str]) -> None:
    grade = grade_check(spec(), [run(v) for v in verdicts], {})
    ran = [v for v in verdicts if v != "not run"]
    assert grade.points == (3.0 if ran and set(ran) == {"pass"} else 0.0)


def test_a_check_that_ran_nowhere_earns_nothing() -> None:
    assert not passes([run("not run")])
    assert not passes([])


@given(VERDICTS, VERDICTS)
def test_a_rehearsal_neither_earns_nor_loses(verdict: str, rehearsed: str) -> None:
    alone = grade_check(spec(), [run(verdict)], {})
    beside = grade_check(spec(), [run(verdict), run(rehearsed, "rehearsal")], {})
    assert beside.points == alone.points
    assert not passes([run("pass", "rehearsal")])


def test_a_pass_without_what_it_needs_is_blocked_and_says_so() -> None:
    grade = grade_check(spec(needs=("gives_the_values",)), [run("pass")], {"gives_the_values": False})
    assert grade.points == 0.0
    assert grade.runs[0].verdict == "blocked"
    assert grade.runs[0].message == "earns its points once this passes: gives the values"


def test_a_failure_stays_a_failure_whatever_it_needs() -> None:
    grade = grade_check(spec(needs=("values",)), [run("fail")], {"values": False})
    assert grade.runs[0].verdict == "fail"


def test_a_pass_with_what_it_needs_earns_its_points() -> None:
    assert grade_check(spec(needs=("values",)), [run("pass")], {"values": True}).points == 3.0


@given(st.lists(st.integers(1, 40), max_size=20), st.integers(1, 8))
def test_shares_add_up_to_their_whole(parts: list[int], divisor: int) -> None:
    assert add_up([p / divisor for p in parts] * divisor) == float(sum(parts))


@given(st.lists(st.integers(1, 400), min_size=1, max_size=80), st.integers(1, 4000))
def test_spread_points_add_up_to_the_new_sum_and_keep_their_shares(tenths: list[int], total: int) -> None:
    points = [tenth / 10 for tenth in tenths]
    scaled = spread(points, total / 10)
    assert add_up(scaled) == total / 10
    for own, now in zip(points, scaled, strict=True):
        assert now == pytest.approx(own / sum(points) * total / 10, abs=1.1e-6)


def test_spread_over_nothing_is_nothing() -> None:
    assert spread([], 12) == []


@pytest.mark.parametrize(
    ("count", "cpu", "cuda", "earns"),
    [
        ("all", "pass", "pass", True),
        ("all", "pass", "fail", False),
        ("all", "pass", "not run", True),
        ("any", "fail", "pass", True),
        ("any", "fail", "fail", False),
        ("any", "not run", "not run", False),
        ("cpu", "pass", "fail", True),
        ("cpu", "fail", "pass", False),
        ("cpu", "not run", "pass", True),
        ("cpu", "not run", "fail", False),
    ],
)
def test_an_assignment_says_where_a_check_has_to_pass(count: str, cpu: str, cuda: str, earns: bool) -> None:
    runs = [run(cpu), run(cuda, "cuda")]
    assert passes(runs, count) is earns
    assert grade_check(spec(), runs, {}, count).points == (3.0 if earns else 0.0)


@pytest.mark.parametrize("count", ["all", "any", "cpu"])
def test_a_rehearsal_earns_nothing_by_any_rule(count: str) -> None:
    assert not passes([run("fail"), run("pass", "rehearsal")], count)
    assert passes([run("pass"), run("fail", "rehearsal")], count)
