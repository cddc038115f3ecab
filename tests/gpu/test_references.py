"""Each shipped reference gets full marks on the GPU too, compared with itself there and on the CPU."""

from pathlib import Path

import pytest
from support.proof import COURSE, NAMES

from grader.assignment import folder as course_folder
from grader.grading.run import GradingRun
from grader.grading.submission import Submission
from grader.notebook.read import read
from grader.observe.warm import Zygote


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_scores_everything_on_both_devices(name: str, gpu_engine: Zygote) -> None:
    path = Path(COURSE / "reference" / name / "solution.py")
    submission = Submission("alice", path.name, "0" * 64, "2026-11-23T10:00:00+00:00", 1, read(path))
    with GradingRun(course_folder.load(COURSE, name), gpu_engine, "a seed of this test", ("cpu", "cuda")) as run:
        grade = run.grade(submission).grade
    wrong = [
        f"{check.name} on {ran.device}: {ran.verdict}: {ran.message}"
        for exercise in grade.exercises
        for check in exercise.checks
        for ran in check.runs
        if ran.verdict not in ("pass", "not run")
    ]
    assert wrong == []
    assert (grade.score, grade.cells, grade.provisional) == (grade.max_score, (), ())
