"""What had to be stopped is listed once a student and reason; the start of the grader is nobody's time."""

import msgspec
from support.members import exercise, member, work

from grader.classpage.troubles import devices, slowest, stops
from grader.grading.model import CellProblem, Timing


def test_each_reason_of_a_student_is_listed_once_with_the_cell_before_the_check() -> None:
    hung = CellProblem(cell=3, first_line="while True:", reason="timeout", message="no end within 30 s")
    raised = CellProblem(cell=4, first_line="f()", reason="error", error="NameError")
    slow, dead = exercise("a", verdict="timeout"), exercise("b", verdict="crash", message="signal 11 (SIGSEGV)")
    class_ = [member("ann"), member("bob", work(slow, dead, cells=(hung, raised)))]
    found = [(each.member, each.reason, each.where, each.times) for each in stops(class_)]
    assert found == [(1, "timeout", "cell 3", 1), (1, "crash", "runs on cpu", 0)]
    assert stops(class_)[1].message == "signal 11 (SIGSEGV)"


def test_the_slowest_are_those_whose_own_code_took_longest() -> None:
    times = [(90.0, 1.0, 1.0), (0.0, 5.0, 0.0), (0.0, 0.0, 3.0), (5.0, 0.0, 0.0)]
    made = [
        work(timing=Timing(start_seconds=start, notebook_seconds=cells, checks_seconds=checks, total_seconds=99))
        for start, cells, checks in times
    ]
    class_ = [member(str(n), each) for n, each in enumerate(made)]
    assert [each.member for each in slowest(class_, 5)] == [1, 2, 0]
    assert [each.member for each in slowest(class_, 1)] == [1]


def test_runs_are_counted_by_device() -> None:
    both = exercise("a", verdict="pass")
    gone = msgspec.structs.replace(both.checks[0].runs[0], device="cuda", verdict="not run")
    both = msgspec.structs.replace(
        both, checks=(msgspec.structs.replace(both.checks[0], runs=(*both.checks[0].runs, gone)),)
    )
    class_ = [
        member("ann", work(both, devices=("cpu", "cuda"))),
        member("bob", work(exercise("a"))),
        member("cy", work()),
    ]
    cpu, cuda = devices(class_)
    assert (cpu.device, cpu.works, cpu.passed, cpu.failed, cpu.not_run) == ("cpu", 2, 1, 1, 0)
    assert (cuda.device, cuda.works, cuda.passed, cuda.failed, cuda.not_run) == ("cuda", 1, 0, 0, 1)
