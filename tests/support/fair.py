"""Whether an assignment of a course made for a test is fair, as `grader verify` says it."""

from pathlib import Path

from grader.assignment.folder import load
from grader.observe.engine import Engine
from grader.verify.verify import Options, verify


def assert_fair(course: Path, name: str, engine: Engine) -> None:
    """Verify it, mutants included; nothing at all may be found."""
    proof = verify(load(course, name), engine, Options(runs=2), lambda what, done, total: None)
    assert proof.findings == ()
    assert all(exercise.mutants for exercise in proof.exercises)
