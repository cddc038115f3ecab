"""A course folder made for a test: release an assignment of it, and grade notebooks, with one warm engine."""

from pathlib import Path

from grader.assignment.folder import load
from grader.grading.model import Grade
from grader.grading.recording import dump
from grader.grading.run import GradingRun
from grader.grading.submission import Submission
from grader.notebook.read import read
from grader.observe.engine import Engine
from grader.release.record import record
from grader.release.release import release


def released(course: Path, name: str, engine: Engine) -> Path:
    """The folder that students get."""
    assignment = load(course, name)
    recording = record(assignment, engine)
    release(assignment, course / "assignments", dump(recording), [check.name for check in recording.checks])
    return course / "assignments" / name


def grade_of(course: Path, name: str, notebook: Path, engine: Engine, seed: str = "seed") -> Grade:
    """The grade of a notebook, in full."""
    submission = Submission(
        student="ada",
        name=notebook.name,
        digest="",
        submitted_at="2026-11-25T12:00:00+00:00",
        attempt=1,
        notebook=read(notebook),
    )
    with GradingRun(load(course, name), engine, seed) as run:
        return run.grade(submission).grade


def points(grade: Grade) -> dict[str, float]:
    """Points by exercise."""
    return {exercise.id: exercise.score for exercise in grade.exercises}
