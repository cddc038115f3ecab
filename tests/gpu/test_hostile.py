"""Whatever a submission does to the GPU ends with it: the next one grades as if it had been alone."""

import pytest
from support.on_gpu import HOSTILE, OTHERS, Report, run_all

from grader.observe.warm import Zygote


@pytest.fixture(scope="module")
def report(gpu_engine: Zygote) -> Report:
    return run_all(gpu_engine)


@pytest.mark.parametrize("name", HOSTILE)
def test_it_costs_its_own_exercise_and_no_other(report: Report, name: str) -> None:
    told = report.told[name]
    if name == "its_cap_undone" and not report.watched:
        pytest.skip("the driver here does not say which process holds what; last run: docs/gpu.md")
    assert told.verdicts["softmax_of_rows"] in HOSTILE[name].verdicts
    assert {check: told.verdicts[check] for check in OTHERS} == dict.fromkeys(OTHERS, "pass")


@pytest.mark.parametrize("name", HOSTILE)
def test_the_honest_submission_after_it_gets_the_grade_that_it_gets_alone(report: Report, name: str) -> None:
    assert report.told[name].honest


def test_no_gpu_memory_stays_held(report: Report) -> None:
    if report.held_bytes is None:
        pytest.skip("the driver here does not say what is held; last run: docs/gpu.md")
    before, after = report.held_bytes
    assert after <= before + (64 << 20)


def test_an_index_out_of_range_is_explained_by_the_run_on_the_cpu(report: Report) -> None:
    runs = [
        run
        for exercise in report.told["an_index_out_of_range"].grade.exercises
        for check in exercise.checks
        for run in check.runs
        if check.name == "softmax_of_rows" and run.device == "cuda"
    ]
    assert "on the CPU the same check says why: IndexError: index out of range" in runs[0].message


def test_the_workspace_of_cublas_is_set_before_cuda_starts(report: Report) -> None:
    assert "workspace :4096:8" in report.told["rounding_as_it_likes"].grade.output
