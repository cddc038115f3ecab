"""Each shipped assignment is fair: right work gets full marks, known wrong work is caught and named."""

import hashlib
from pathlib import Path

import msgspec
import pytest
from support.proof import COURSE, NAMES, Proof, exercises_of, failed

from grader.assignment import folder as course_folder
from grader.grading import assemble
from grader.grading.model import Grade
from grader.grading.recording import load
from grader.grading.run import GradingRun
from grader.grading.submission import Submission, ungraded
from grader.notebook.read import read
from grader.observe.engine import Engine
from grader.release.record import outdated
from grader.release.release import differences
from grader.report.html import render


def submission(path: Path) -> Submission:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Submission("alice", path.name, digest, "2026-11-23T10:00:00+00:00", 1, read(path))


def grade(name: str, path: Path, engine: Engine) -> Grade:
    with GradingRun(course_folder.load(COURSE, name), engine, "a seed of this test") as run:
        return run.grade(submission(path)).grade


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_scores_everything(name: str, engine: Engine) -> None:
    graded = grade(name, COURSE / "reference" / name / "solution.py", engine)
    assert graded.cells == ()
    assert (graded.score, graded.max_score) == (100.0, 100.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_untouched_stub_scores_nothing(name: str, engine: Engine) -> None:
    graded = grade(name, COURSE / "assignments" / name / f"{name}.ipynb", engine)
    earned = {check.name: check.points for e in graded.exercises for check in e.checks if check.points}
    assert earned == {}
    assert (graded.score, graded.max_score) == (0.0, 100.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_complete_submission_scores_everything(name: str, engine: Engine) -> None:
    assert grade(name, COURSE / "reference" / name / "submissions" / "complete.ipynb", engine).score == 100.0


def test_every_exercise_has_public_and_hidden_checks_misconceptions_and_alternatives(proof: Proof) -> None:
    for exercise in proof.assignment.settings.exercise:
        visibilities = {c.visibility for c in proof.checks if c.exercise == exercise.id}
        assert visibilities == {"public", "hidden"}, exercise.id
        assert sum(m.exercise == exercise.id for m in proof.misconceptions) >= 3, exercise.id
        assert sum(a.exercise == exercise.id for a in proof.alternatives) >= 2, exercise.id


def test_every_alternative_scores_everything(proof: Proof) -> None:
    refused = {a.name: failed(proof.grade(proof.outcomes_of(a), proof.judged(a))) for a in proof.alternatives}
    assert {name: found for name, found in refused.items() if found} == {}


def test_every_misconception_loses_points_on_its_own_exercise_and_on_no_other(proof: Proof) -> None:
    for misconception in proof.misconceptions:
        observed = proof.graded[misconception.name]
        assert exercises_of(proof.checks, observed) == {misconception.exercise}, (misconception.name, failed(observed))


def test_every_misconception_is_named_in_the_report_with_its_hint(proof: Proof) -> None:
    unnamed: list[str] = []
    base = Submission("alice", "x.ipynb", "0" * 64, "2026-11-23T10:00:00+00:00", 1, None)
    for misconception in proof.misconceptions:
        observed = proof.graded[misconception.name]
        found = observed.hints.get(misconception.exercise)
        if found is None:  # for some seeds two wrong random orders coincide, and then none is named
            unnamed.append(misconception.name)
            continue
        assert (found.name, found.hint) == (misconception.name, misconception.text)
        own = [e for e in proof.assignment.settings.exercise if e.id == misconception.exercise]
        checks = tuple(check for check in proof.checks if check.exercise == misconception.exercise)
        exercises = assemble.exercises(own, checks, [observed], ())
        graded = msgspec.structs.replace(ungraded(proof.assignment, base, "graded", ""), exercises=exercises)
        page = render(graded, "instructor")
        assert misconception.name.replace("_", " ") in page
    assert len(unnamed) <= 0.02 * len(proof.misconceptions), unnamed


@pytest.mark.parametrize("name", NAMES)
def test_what_students_get_is_up_to_date(name: str, engine: Engine) -> None:
    assignment = course_folder.load(COURSE, name)
    recorded = load(COURSE / "assignments" / name / "observations.bin")
    public = [check.name for check in recorded.checks]
    advice = f"run: python -m grader release {name}"
    assert differences(assignment, COURSE / "assignments", public) == [], advice
    assert outdated(assignment, recorded, engine) == [], advice


@pytest.mark.parametrize("name", NAMES)
def test_nothing_hidden_is_in_what_students_get(name: str) -> None:
    hidden = [
        line.split("def ")[1].split("(")[0]
        for line in _after_hidden((COURSE / "reference" / name / "checks.py").read_text())
    ]
    assert len(hidden) > 5
    for path in (COURSE / "assignments" / name).rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for check in hidden:
                assert check.encode() not in data, f"{path} names the hidden check {check}"
            assert b"BEGIN SOLUTION" not in data


def _after_hidden(source: str) -> list[str]:
    found, inside = [], False
    for line in source.splitlines():
        inside = inside or 'visibility="hidden"' in line
        if inside and line.startswith("def "):
            found.append(line)
            inside = False
    return found
