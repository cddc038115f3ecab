"""A course of one small assignment, and a student's repository beside it."""

import os
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from support.shared import Shared

from grader.observe.engine import Engine

SETTINGS = """
title = "Small numbers"

[limits]
notebook_seconds = 20
cell_seconds = 2
check_seconds = 2

[[exercise]]
id = "double"
title = "Twice as much"
points = 4

[[exercise]]
id = "negate"
title = "The other sign"
points = 6
"""
SOLUTION = """# %%
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %%
def negate(x):
    ### BEGIN SOLUTION
    return -x
    ### END SOLUTION
"""
CHECKS = '''
from grader.authoring import check

@check(exercise="double", points=4)
def doubles_a_vector(work, rng):
    """Every element is doubled."""
    return {"result": work.double(rng.normal(5))}

@check(exercise="negate", points=2)
def negates(work, rng):
    """Every element changes its sign."""
    return {"result": work.negate(rng.normal(5))}

@check(exercise="negate", points=4, visibility="hidden")
def negates_a_matrix(work, rng):
    """Hidden description canary."""
    return {"hidden leaf canary": work.negate(rng.normal(3, 4))}
'''
DOUBLE, NEGATE = "def double(x):\n    return 2 * x", "def negate(x):\n    return -x"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Path:
    """The course folder; the tests' own engine grades by it."""
    monkeypatch.setattr("grader.ci.grading.open_engine", lambda *_: Shared(engine))
    for name in ("GITHUB_BASE_REF", "GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS", "CI_COMMIT_BEFORE_SHA"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "course" / "reference" / "small"
    folder.mkdir(parents=True)
    for name, text in (("assignment.toml", SETTINGS), ("solution.py", SOLUTION), ("checks.py", CHECKS)):
        (folder / name).write_text(text)
    return tmp_path / "course"


class Repository:
    """A student's repository."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "--quiet", "--initial-branch", "main")
        self.write("README.md", "My homework.\n")
        self.commit()

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
        environment = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ("git", *who, "-C", str(self.root), *arguments)
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def notebook(self, name: str, *cells: str) -> Path:
        """A notebook with a heading and these code cells."""
        made = new_notebook(cells=[new_markdown_cell("# Homework"), *map(new_code_cell, cells)])
        return self.write(name, nbformat.writes(made))

    def commit(self) -> str:
        """Commit everything; the commit's name."""
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--message", "work")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def student(tmp_path: Path) -> Repository:
    """The repository, with one commit that holds no notebook."""
    return Repository(tmp_path / "student")
