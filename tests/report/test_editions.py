"""The student's copy holds what it may hold, whatever is added to a grade later."""

from __future__ import annotations

import msgspec
import pytest

from grader.grading.model import Hint
from grader.judge.verdict import Difference, Picture
from grader.report.editions import edition_of
from grader.report.html import render
from grader.wire.outcome import Frame

CANARY = "canary-4711"
FEEDBACK = ("verdict", "message", "nothing")


@pytest.fixture
def leaky(samples):
    """A grade with the canary in everything of a hidden check that a student must not see."""
    hint = Hint(CANARY, CANARY)
    png = samples.png("expected")
    hidden = samples.check(
        "a_hidden_check",
        "fail",
        visibility="hidden",
        description=f"description {CANARY}",
        run={
            "message": "the hidden message",
            "misconception": Hint(f"run {CANARY}", f"run {CANARY}"),
            "output": f"output {CANARY}",
            "frames": (Frame(1, 1, f"function_{CANARY}", f"text {CANARY}"),),
            "differences": (
                Difference(f"path {CANARY}", "values", f"difference {CANARY}", Picture("images", png, png, png)),
                Difference(
                    "loss", "values", CANARY, Picture("curve", expected_values=(1.25, 47.11), got_values=(0.0,))
                ),
            ),
        },
    )
    exercise = samples.exercise(samples.check("a_public_check"), hidden, misconception=hint)
    return samples.grade(exercise, seed=CANARY, environment={"torch": "2.13.0", "hostname": CANARY})


@pytest.mark.parametrize("feedback", ["verdict", "nothing"])
def test_nothing_of_a_hidden_check_reaches_the_student(leaky, feedback) -> None:
    page = render(leaky, "student", feedback=feedback)
    assert CANARY not in page
    assert "the hidden message" not in page
    assert "data:image" not in page
    assert "47.11" not in page


def test_feedback_message_adds_the_message_and_the_hint_and_nothing_else(leaky) -> None:
    page = render(leaky, "student", feedback="message")
    assert "the hidden message" in page
    for part in ("description", "path", "difference", "output", "function_", "text", "run"):
        assert f"{part} {CANARY}" not in page
        assert f"{part}{CANARY}" not in page
    assert "data:image" not in page


def test_the_instructor_sees_all_of_it(leaky) -> None:
    page = render(leaky, "instructor")
    for part in ("description", "path", "output"):
        assert f"{part} {CANARY}" in page
    assert f"difference {CANARY}" in page
    assert "data:image/png" in page
    assert "do not hand it on" in page


def test_a_student_sees_name_verdict_and_points_of_a_hidden_check(leaky) -> None:
    page = render(leaky, "student")
    assert "a_hidden_check" in page
    assert 'class="g-tag">hidden' in page


def test_feedback_nothing_shows_one_line_with_the_sum(samples) -> None:
    checks = [samples.check(f"secret_{i}", visibility="hidden", points=2) for i in range(3)]
    page = render(samples.grade(samples.exercise(samples.check(), *checks)), "student", feedback="nothing")
    assert "3 hidden checks, shown as one sum." in page
    assert "secret_" not in page
    assert "<b>6</b>" in page


def test_the_seed_is_shown_for_a_public_run_only(samples) -> None:
    assert "5f1c-the-seed" not in render(samples.good(), "student")
    assert "5f1c-the-seed" in render(samples.public(), "student")


def test_a_hint_that_a_public_check_shows_is_shown(samples) -> None:
    assert "where does the factor go?" in render(samples.bad(), "student")


@pytest.mark.parametrize("feedback", FEEDBACK)
def test_public_checks_are_whole_in_every_setting(samples, feedback) -> None:
    full, shown = samples.bad(), edition_of(samples.bad(), "student", feedback)
    for before, after in zip(full.exercises, shown.exercises, strict=True):
        public = [check for check in before.checks if check.visibility == "public"]
        assert [check for check in after.checks if check.visibility == "public"] == public
        assert (after.score, after.max_score) == (before.score, before.max_score)


def test_the_students_edition_names_every_field_that_it_keeps(samples) -> None:
    """A new field of a grade must be decided on: this list is what was decided for a hidden run."""
    shown = edition_of(samples.bad(), "student", "verdict")
    hidden = [c for e in shown.exercises for c in e.checks if c.visibility == "hidden"]
    assert hidden
    for check in hidden:
        run = msgspec.to_builtins(check.runs[0])
        kept = {name for name, value in run.items() if value}
        assert kept == {"device", "verdict"}


def test_the_instructor_sees_what_needs_a_look_with_its_place_and_that_it_is_no_proof(samples) -> None:
    page = render(samples.needs_a_look(), "instructor")
    assert "2 exercises need a look." in page
    assert "no proof and has cost no points" in page
    assert page.count("no proof, and no points lost") == 3
    for part in ("cell 3, line 1", "getattr", "is replaced", "was called while", "cell 7 could not be parsed"):
        assert part in page.replace("</a>", ""), part


def test_a_student_sees_direct_uses_kindly_and_nothing_else_of_what_needs_a_look(samples) -> None:
    page = render(samples.needs_a_look(), "student")
    assert "This exercise is to be written without <code>torch.nn.functional.softmax</code>; here it is used." in page
    assert "cell 6, line 2" in page.replace("</a>", "")
    for part in ("need a look", "Needs a look", "getattr", "is replaced", "was called while", "could not be parsed"):
        assert part not in page, part


def test_a_grade_without_looks_says_nothing_of_them(samples) -> None:
    assert "a look" not in render(samples.good(), "instructor")
