"""What PrairieLearn shows a student is what the report shows, and of hidden checks only points."""

import json
from types import ModuleType

import msgspec
import pytest

from grader.export.prairielearn import prairielearn_json
from grader.grading.model import Grade


@pytest.mark.parametrize("name", ["good", "bad", "needs_a_look", "every_verdict", "crashed", "public", "hostile"])
def test_every_grade_is_of_the_documented_form(samples: ModuleType, name: str) -> None:
    grade = getattr(samples, name)()
    made = json.loads(prairielearn_json(grade))
    assert set(made) == {"gradable", "score", "message", "output", "tests"}
    assert made["gradable"] is True
    assert 0 <= made["score"] <= 1
    for test in made["tests"]:
        assert set(test) == {"name", "points", "max_points", "output"}
    assert sum(test["points"] for test in made["tests"]) == pytest.approx(grade.score)


def test_the_score_is_a_share(samples: ModuleType) -> None:
    half = samples.grade(samples.exercise(samples.check("a"), samples.check("b", "fail")))
    assert json.loads(prairielearn_json(half))["score"] == 0.5
    assert json.loads(prairielearn_json(half))["message"] == "3 of 6 points"


@pytest.mark.parametrize("status", ["unreadable", "foreign"])
def test_what_could_not_be_read_costs_no_attempt(samples: ModuleType, status: str) -> None:
    made = json.loads(prairielearn_json(msgspec.structs.replace(samples.crashed(), status=status, reason="Not JSON.")))
    assert made["gradable"] is False
    assert made["format_errors"][0].startswith(f"{status}: Not JSON.")


def test_nothing_hidden_is_in_the_file(secretive: Grade) -> None:
    text = prairielearn_json(secretive).decode()
    assert "4711" not in text
    assert [test["name"] for test in json.loads(text)["tests"]] == [
        "Scale with a hook: a_public_check",
        "Scale with a hook: hidden checks",
    ]


def test_the_file_stays_below_what_the_platform_takes(samples: ModuleType) -> None:
    text = "\U0001f600" * 20_000
    checks = (samples.check(f"{i}{text}", "fail", run={"message": text, "output": text}) for i in range(100))
    grade = samples.grade(samples.exercise(*checks), notices=(text,) * 20)
    assert 100_000 < len(prairielearn_json(grade)) < 1_000_000
