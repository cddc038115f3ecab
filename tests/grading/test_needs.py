"""An exercise whose package is not here is skipped, visibly, and the others bear its points."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.assignment.folder import Assignment, load
from grader.authoring.spec import CheckSpec
from grader.grading.needs import checks_left, rescaling, skipped
from grader.grading.points import add_up

SETTINGS = """title = "Needs"
[[exercise]]
id = "plain"
title = "Plain"
points = 1
[[exercise]]
id = "weighty"
title = "Weighty"
points = 2
needs = [{needs}]
"""


def assignment(folder: Path, *needs: str) -> Assignment:
    home = folder / "reference" / "hw5"
    home.mkdir(parents=True)
    (home / "assignment.toml").write_text(SETTINGS.format(needs=", ".join(f'"{name}"' for name in needs)))
    return load(folder, "hw5")


def check(name: str, exercise: str, points: float) -> CheckSpec:
    return CheckSpec(name=name, exercise=exercise, points=points, visibility="public", description="d", compare={})


def test_nothing_is_skipped_where_everything_is_installed(tmp_path: Path) -> None:
    assert skipped(assignment(tmp_path, "torch", "json")) == {}


def test_a_missing_module_skips_its_exercise_and_says_what_to_install(tmp_path: Path) -> None:
    assert skipped(assignment(tmp_path, "torch", "no_such_weights")) == {
        "weighty": "Skipped: it needs `no_such_weights`, which is not installed here. "
        "Install it with `uv sync --extra hw5` to have this exercise checked."
    }


def test_a_module_is_looked_for_and_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "harmful_when_imported.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    assert skipped(assignment(tmp_path, "harmful_when_imported")) == {}


SHARES = st.lists(st.tuples(st.integers(1, 200), st.sampled_from(["plain", "weighty", "other"])), max_size=60)


@given(SHARES)
def test_whatever_is_left_is_worth_what_everything_was(shares: list[tuple[int, str]]) -> None:
    checks = [check(f"c{n}", exercise, tenths / 10) for n, (tenths, exercise) in enumerate(shares)]
    left = checks_left(checks, {"weighty": "why"})
    assert [c.name for c in left] == [c.name for c in checks if c.exercise != "weighty"]
    if left:
        assert add_up(c.points for c in left) == add_up(c.points for c in checks)


def test_without_a_skipped_exercise_points_stay_to_the_last_digit() -> None:
    checks = (check("a", "plain", 0.1), check("b", "plain", 0.2))
    assert checks_left(checks, {}) == checks
    assert rescaling(checks, {}) == ""


def test_the_change_is_told() -> None:
    checks = (check("a", "plain", 88), check("b", "weighty", 12))
    told = "points rescaled: 88 → 100, because `weighty` could not be checked here"
    assert rescaling(checks, {"weighty": "why"}) == told
    assert "no other exercise is left" in rescaling(checks[1:], {"weighty": "why"})
