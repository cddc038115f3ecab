"""Whether an assignment of a course made for a test is fair: right work gets everything, wrong work is named."""

from pathlib import Path

from support.course import grade_of, released
from support.proof import Proof, failed

from grader.assignment.folder import load
from grader.observe.engine import Engine


def assert_fair(course: Path, name: str, engine: Engine) -> None:
    """Release it, and grade its solution, what students start from, and every solution that it knows."""
    students = released(course, name, engine) / f"{name}.ipynb"
    assignment = load(course, name)
    solved = grade_of(course, name, course / "reference" / name / assignment.settings.solution, engine)
    assert (solved.score, solved.cells) == (solved.max_score, ())
    assert grade_of(course, name, students, engine).score == 0
    proof = Proof(assignment, engine, in_full=True)
    try:
        for alternative in proof.alternatives:
            assert failed(proof.grade(proof.outcomes_of(alternative))) == [], alternative.name
        for misconception in proof.misconceptions:
            named = proof.graded[misconception.name].hints.get(misconception.exercise)
            assert named is not None and named.name == misconception.name
    finally:
        proof.close()
