"""Old observations are judged only where they answer what is asked now."""

from __future__ import annotations

import pytest
from support.grades import grade

from grader.authoring.spec import CheckSpec
from grader.grading.evidence import Asked, Evidence
from grader.regrade.fits import why_not
from grader.wire.outcome import Missing

CHECK = CheckSpec(name="c", exercise="e", points=1, visibility="public", description="", compare={})
ASKED = Asked({"c": "1"}, "data")
OUTCOMES = {"cpu": {"c": Missing("f")}}


def why(evidence: Evidence, scope: str = "full", asked: Asked = ASKED, here: tuple[str, ...] = ("cpu",)) -> str:
    return why_not(grade(scope=scope), evidence, [CHECK], asked, here)


def test_observations_of_the_same_checks_and_data_fit() -> None:
    assert why(Evidence(OUTCOMES, ASKED)) == ""


def test_a_device_that_nothing_ran_on_is_no_hindrance() -> None:
    assert why(Evidence({**OUTCOMES, "cuda": {}}, ASKED)) == ""


@pytest.mark.parametrize(
    ("evidence", "changes", "said"),
    [
        (Evidence(OUTCOMES, ASKED), {"scope": "public"}, "only the public checks were run"),
        (Evidence(OUTCOMES), {}, "an older grader did not keep what its checks were"),
        (Evidence(OUTCOMES, Asked({"c": "1"}, "other")), {}, "the assignment's data has changed"),
        (Evidence(OUTCOMES, Asked({"c": "2"}, "data")), {}, "check c observes something else now"),
        (Evidence(OUTCOMES, Asked({}, "data")), {}, "check c was not there"),
        (Evidence({"cuda": OUTCOMES["cpu"]}, ASKED), {}, "its checks ran on cuda, which is not here"),
        (Evidence({"cpu": {"d": Missing("f")}}, ASKED), {}, "check c was not run on cpu"),
    ],
)
def test_what_does_not_fit_is_told(evidence: Evidence, changes: dict[str, str], said: str) -> None:
    assert why(evidence, **changes) == said
