"""A rehearsal runs what passes on the CPU once more, says plainly what would fail there, and errs towards silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from grader.authoring.spec import CheckSpec
from grader.grading import rehearsing
from grader.grading.model import Run
from grader.grading.recording import ReferenceOutcomes
from grader.grading.rehearsing import Rehearsal, order, told
from grader.judge.verdict import Verdict
from grader.observe.results import CheckResult
from grader.wire.outcome import Outcome, Raised, Returned, Stopped

ON_CPU, THERE, WRONG = Returned(b"cpu"), Returned(b"there"), Returned(b"wrong")
RAISED = Raised("RuntimeError", "two devices")
Behaviour = Callable[[int], Outcome]


def spec(name: str, devices: tuple[str, ...] = ("all",)) -> CheckSpec:
    return CheckSpec(
        name=name, exercise="e", points=1.0, visibility="public", description="d", compare={}, devices=devices
    )


def judge(
    checks: Sequence[CheckSpec], results: dict[str, CheckResult], references: Mapping[str, ReferenceOutcomes]
) -> dict[str, tuple[CheckResult, Verdict]]:
    def verdict(name: str) -> Verdict:
        outcome = results[name].outcomes[0]
        if isinstance(outcome, Raised):
            return Verdict("error", f"{outcome.error}: {outcome.message}")
        if isinstance(outcome, Stopped):
            return Verdict("timeout", outcome.detail)
        return (
            Verdict("pass") if outcome == references[name].float32 else Verdict("fail", "on cpu where it must not be")
        )

    return {check.name: (results[check.name], verdict(check.name)) for check in checks}


class Work:
    """A student's work: what each check comes to, given how many run in its process."""

    def __init__(self, **behaviours: Outcome | Behaviour) -> None:
        self.asked: list[tuple[str, ...]] = []
        self._behaviours = behaviours

    def __call__(self, checks: Sequence[CheckSpec], seconds: float) -> dict[str, CheckResult]:
        self.asked.append(tuple(check.name for check in checks))
        found = {check.name: self._behaviours[check.name] for check in checks}
        return {n: CheckResult((b(len(checks)) if callable(b) else b,), (0.1,), "") for n, b in found.items()}


def rehearse(
    work: Work,
    *checks: CheckSpec,
    passed: Sequence[str] | None = None,
    rehearsed: Mapping[str, Outcome] | None = None,
    recorded: bool = False,
) -> dict[str, Run]:
    rehearsal = Rehearsal(work, judge)
    names = [check.name for check in checks]
    rehearsal.wave(
        checks,
        names if passed is None else passed,
        {name: ReferenceOutcomes(ON_CPU, None) for name in names},
        None if recorded else dict.fromkeys(names, THERE) if rehearsed is None else rehearsed,
    )
    return rehearsal.runs


def test_what_observes_what_the_reference_does_there_passes_with_the_others_in_one_process() -> None:
    work = Work(a=THERE, b=THERE)
    assert [run.verdict for run in rehearse(work, spec("a"), spec("b")).values()] == ["pass", "pass"]
    assert work.asked == [("a", "b")]


def test_what_fails_says_what_it_means_for_a_gpu() -> None:
    runs = rehearse(Work(a=RAISED, b=ON_CPU), spec("a"), spec("b"))
    assert (runs["a"].verdict, runs["a"].message) == ("error", "would fail on a GPU: RuntimeError: two devices")
    assert (runs["b"].verdict, runs["b"].message) == ("fail", "would fail on a GPU: on cpu where it must not be")


def test_nothing_is_said_for_what_another_check_left_behind() -> None:
    work = Work(a=THERE, b=lambda together: RAISED if together > 1 else THERE)
    assert rehearse(work, spec("a"), spec("b"))["b"].verdict == "pass"
    assert work.asked == [("a", "b"), ("b",)]


def test_only_what_passes_on_the_cpu_and_may_run_elsewhere_is_tried() -> None:
    work = Work(a=THERE)
    runs = rehearse(work, spec("a"), spec("b"), spec("c", devices=("cpu",)), passed=["a", "c"])
    assert work.asked == [("a",)]
    assert (runs["b"].verdict, runs["b"].message) == ("not run", "not rehearsed: it does not pass on the CPU yet")
    assert (runs["c"].verdict, runs["c"].message) == ("not run", "this check runs on the CPU only")
    nobody = Work()
    rehearse(nobody, spec("a"), passed=[])
    assert nobody.asked == []


def test_what_has_to_be_stopped_accuses_nobody() -> None:
    run = rehearse(Work(a=Stopped("timeout", "too long")), spec("a"))["a"]
    assert (run.verdict, run.message) == ("not run", "not rehearsed: too long")


def test_what_the_reference_does_not_get_through_accuses_nobody() -> None:
    work = Work()
    run = rehearse(work, spec("a"), rehearsed={"a": RAISED})["a"]
    assert (run.verdict, run.message) == ("not run", "not rehearsed: the reference does not get through it there")
    assert work.asked == []


def test_where_only_the_cpu_was_recorded_errors_are_told_and_nothing_else() -> None:
    runs = rehearse(Work(a=WRONG, b=RAISED), spec("a"), spec("b"), recorded=True)
    assert [run.verdict for run in runs.values()] == ["pass", "error"]


def test_a_rehearsal_takes_no_longer_than_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr(rehearsing, "monotonic", lambda: next(clock))
    work = Work(a=RAISED, b=RAISED, c=RAISED)
    runs = rehearse(work, spec("a"), spec("b"), spec("c"))
    assert work.asked == [("a", "b", "c"), ("a",)]
    assert [run.verdict for run in runs.values()] == ["error", "not run", "not run"]
    assert runs["c"].message == "not rehearsed: the time for rehearsing was used up"


def test_it_is_added_where_the_checks_run_on_no_gpu() -> None:
    assert order(("cpu",), ("cpu", "rehearsal"), forks=True) == ("cpu", "rehearsal")
    assert order(("cpu", "cuda"), ("cpu", "rehearsal"), forks=True) == ("cpu", "cuda", "rehearsal")
    assert order(("cpu", "cuda"), ("cpu", "cuda", "rehearsal"), forks=True) == ("cpu", "cuda")
    assert order(("cpu", "rehearsal"), ("cpu", "rehearsal"), forks=True) == ("cpu", "rehearsal")
    assert order(("cuda",), ("cpu", "rehearsal"), forks=True) == ("cuda",)
    assert order(("cpu",), ("cpu", "rehearsal"), forks=False) == ("cpu",)


def test_what_it_came_to_is_one_sentence() -> None:
    def run(verdict: str) -> Run:
        return Run(device="rehearsal", verdict=verdict, seconds=0.1)  # type: ignore[arg-type]

    good, bad, none = run("pass"), run("error"), run("not run")
    assert told([good, good, none]) == "rehearsed on a simulated GPU: 2 of 2 checks pass there, too"
    assert told([good, bad]) == (
        "rehearsed on a simulated GPU: 1 of 2 checks would fail there; no points are lost by that here"
    )
    assert told([none]) == told([]) == ""
