"""Two grades of an attempt are compared check by check, and said in a line each."""

from __future__ import annotations

from support.grades import grade

from grader.grading.model import CheckGrade, ExerciseGrade, Grade, Hint, Run
from grader.regrade.compared import check_changes, other_versions, same_to_readers


def checked(points: float, *runs: Run, name: str = "c") -> Grade:
    check = CheckGrade(name=name, visibility="public", description="", points=points, max_points=2.0, runs=runs)
    return grade(exercises=(ExerciseGrade(id="e", title="E", score=points, max_score=2.0, checks=(check,)),))


def run(verdict: str, device: str = "cpu", **more: object) -> Run:
    return Run(device=device, verdict=verdict, seconds=0.1, **more)


def said(before: Grade, after: Grade) -> list[str]:
    return [str(change) for change in check_changes(before, after)]


def test_the_same_verdicts_and_points_are_no_change() -> None:
    before, after = checked(0, run("fail", message="off by 1")), checked(0, run("fail", message="off by 2"))
    assert said(before, after) == []
    assert not same_to_readers(before, after)


def test_a_verdict_is_told_with_its_points() -> None:
    assert said(checked(0, run("fail")), checked(2, run("pass"))) == ["c: fail, 0 of 2 -> pass, 2 of 2"]


def test_devices_are_told_where_there_are_several() -> None:
    before, after = checked(2, run("pass"), run("not run", "cuda")), checked(0, run("pass"), run("fail", "cuda"))
    assert said(before, after) == [
        "c: pass on cpu, not run on cuda, 2 of 2 -> pass on cpu, fail on cuda, 0 of 2",
    ]
    assert said(checked(2, run("pass")), after) == [
        "c: pass on cpu, nothing on cuda, 2 of 2 -> pass on cpu, fail on cuda, 0 of 2"
    ]


def test_a_misconception_is_part_of_what_is_said() -> None:
    named = checked(0, run("fail", misconception=Hint("adds_two", "hint")))
    assert said(named, checked(0, run("fail"))) == ["c: fail (adds_two) -> fail"]


def test_checks_that_only_one_grade_has_are_told() -> None:
    assert said(checked(2, run("pass"), name="a"), checked(2, run("pass"), name="b")) == [
        "b: no such check -> pass",
        "a: pass -> no such check",
    ]


def test_versions_are_told_where_they_differ() -> None:
    assert other_versions(grade(environment={"torch": "1.0"})).keys() == {"torch"}
    assert other_versions(grade(environment={})) == {}
