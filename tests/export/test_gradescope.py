"""What Gradescope shows a student is what the report shows, and of hidden checks only points."""

import json
from types import ModuleType
from typing import Any

import pytest

from grader.export.gradescope import results_json
from grader.grading.model import Grade

TOP = {
    "score": (int, float),
    "execution_time": (int, float),
    "output": str,
    "output_format": str,
    "test_output_format": str,
    "test_name_format": str,
    "visibility": str,
    "stdout_visibility": str,
    "extra_data": dict,
    "tests": list,
}
TEST = {
    "score": (int, float),
    "max_score": (int, float),
    "status": str,
    "name": str,
    "number": str,
    "output": str,
    "tags": list,
    "visibility": str,
}
VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}
SAMPLES = ("good", "bad", "needs_a_look", "every_verdict", "crashed", "public", "hostile")


def results(grade: Grade, **options: Any) -> dict[str, Any]:
    return json.loads(results_json(grade, **options))


@pytest.mark.parametrize("name", SAMPLES)
def test_every_grade_is_of_the_documented_form(samples: ModuleType, name: str) -> None:
    made = results(getattr(samples, name)())
    for kinds, entries in ((TOP, [made]), (TEST, made["tests"])):
        for entry in entries:
            assert set(entry) == set(kinds)
            assert all(isinstance(entry[key], kind) for key, kind in kinds.items())
            assert entry["visibility"] in VISIBILITIES
    assert {test["status"] for test in made["tests"]} <= {"passed", "failed"}
    assert made["output_format"] == made["test_output_format"] == "text"


@pytest.mark.parametrize("name", SAMPLES)
def test_the_points_are_the_grades_own(samples: ModuleType, name: str) -> None:
    grade = getattr(samples, name)()
    made = results(grade)
    assert made["score"] == grade.score
    assert sum(test["score"] for test in made["tests"]) == pytest.approx(grade.score)
    assert sum(test["max_score"] for test in made["tests"]) == pytest.approx(
        sum(exercise.max_score for exercise in grade.exercises)
    )


def test_public_checks_are_shown_in_full(samples: ModuleType) -> None:
    tests = {test["number"]: test for test in results(samples.bad())["tests"]}
    hook, error = tests["1.1"], tests["3.1"]
    assert hook["name"] == "Scale with a hook: hook_scales_every_linear"
    assert (hook["status"], hook["visibility"], hook["tags"]) == ("failed", "visible", ["scale_hook"])
    assert "it looks transposed" in hook["output"]
    assert "hint: Your hook multiplies by two" in hook["output"]
    assert "cell 7, line 12: grads = torch.autograd.grad" in error["output"]
    assert "kernel: torch.Size" in tests["2.1"]["output"]


def test_nothing_hidden_is_in_the_file(secretive: Grade) -> None:
    text = results_json(secretive).decode()
    assert "4711" not in text
    public, hidden = json.loads(text)["tests"]
    assert (public["visibility"], hidden["visibility"]) == ("visible", "hidden")
    assert hidden["name"] == "Scale with a hook: hidden checks"
    assert hidden["output"] == "1 hidden check, shown as one sum."


def test_the_sum_of_hidden_checks_may_be_shown(secretive: Grade) -> None:
    assert results(secretive, hidden="after_published")["tests"][1]["visibility"] == "after_published"


def test_what_could_not_be_graded_says_why(samples: ModuleType) -> None:
    made = results(samples.crashed())
    assert made["score"] == 0
    assert made["output"].startswith("crashed: Cell 4 ended Python with signal 11")


def test_students_text_is_no_terminal_code_and_is_cut(samples: ModuleType) -> None:
    text = results_json(samples.hostile()).decode()
    loaded = json.loads(text)
    everything = loaded["output"] + "".join(test["name"] + test["output"] for test in loaded["tests"])
    assert not set(everything) & set("\x00\x1b\u202e\u200b\x07")
    long = samples.exercise(samples.check("long", "fail", run={"message": "x" * 100_000}))
    assert len(results_json(samples.grade(long))) < 20_000
