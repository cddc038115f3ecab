"""The reference's side of a grading run: misconceptions are observed together, and named after being seen alone."""

from pathlib import Path

import pytest

from grader.assignment import folder as course_folder
from grader.grading.run import GradingRun
from grader.grading.submission import Submission
from grader.notebook.read import read
from grader.observe.engine import Engine
from grader.wire.outcome import Returned, Stopped

SETTINGS = """
title = "Toy"
[limits]
check_seconds = 2
[[exercise]]
id = "double"
title = "Double"
points = 2
"""
SOLUTION = "# %%\nseen = []\ndef double(x):\n    return 2 * x\n"
CHECKS = '''
from grader.authoring import check

@check(exercise="double", points=1)
def doubled(work, rng):
    """It is doubled."""
    return {"got": work.double(rng.integer(5, 9)), "seen": len(work.seen)}

@check(exercise="double", points=1, visibility="hidden")
def doubled_negative(work, rng):
    """Negative ones too."""
    return {"got": work.double(-rng.integer(5, 9)), "seen": len(work.seen)}
'''
HEAD = "import os, time\nfrom grader.authoring import misconception\n"
VARIANT = '\n@misconception(exercise="double")\ndef {name}(work):\n    """A hint."""\n    {body}\n'
ADDS_TWO = VARIANT.format(name="adds_two", body='return {"double": lambda x: x + 2}')
LITTERS = VARIANT.format(name="litters", body='work.seen.append(1); return {"double": lambda x: x + 3}')
HANGS = VARIANT.format(name="hangs", body='return {"double": lambda x: time.sleep(60)}')
CRASHES = VARIANT.format(name="crashes", body='return {"double": lambda x: os.abort()}')


def course(folder: Path, misconceptions: str) -> Path:
    home = folder / "reference" / "toy"
    home.mkdir(parents=True)
    (home / "assignment.toml").write_text(SETTINGS)
    (home / "solution.py").write_text(SOLUTION)
    (home / "checks.py").write_text(CHECKS)
    (home / "misconceptions.py").write_text(HEAD + misconceptions)
    return folder


def test_one_that_crashes_or_hangs_leaves_the_others_their_observations(tmp_path: Path, engine: Engine) -> None:
    assignment = course_folder.load(course(tmp_path, ADDS_TWO + HANGS + CRASHES), "toy")
    with GradingRun(assignment, engine, "seed") as run:
        reference = run.live_reference()
        reference.prepare()
        found = reference.variants("double", run.checks)
        reference.close()
    reasons = {name: {o.reason for o in by.values() if isinstance(o, Stopped)} for name, by in found.items()}
    assert reasons == {"adds_two": set(), "hangs": {"timeout"}, "crashes": {"crash"}}
    assert all(isinstance(outcome, Returned) for outcome in found["adds_two"].values())


@pytest.mark.parametrize("first", [LITTERS + ADDS_TWO, ADDS_TWO + LITTERS])
def test_what_another_misconception_leaves_behind_names_nobody(tmp_path: Path, engine: Engine, first: str) -> None:
    assignment = course_folder.load(course(tmp_path, first), "toy")
    (tmp_path / "x.py").write_text("# %%\nseen = [1]\ndef double(x):\n    return x + 2\n")
    submission = Submission("alice", "x.py", "0" * 64, "2026-11-25T10:00:00+00:00", 1, read(tmp_path / "x.py"))
    with GradingRun(assignment, engine, "seed") as run:
        (exercise,) = run.grade(submission).grade.exercises
    # Beside the one that litters, `adds_two` observes just this; by itself it does not.
    assert [run.misconception for check in exercise.checks for run in check.runs] == [None, None]
