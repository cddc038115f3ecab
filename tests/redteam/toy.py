"""A toy course to attack: one assignment with three exercises, as a real course folder."""

import dataclasses
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.assignment.model import Limits
from grader.gradebook import Gradebook
from grader.grading.model import Grade, Timing
from grader.grading.submission import Submission, ungraded
from grader.notebook.model import Cell, Notebook

SETTINGS = """
title = "A toy"

[limits]
notebook_seconds = 8
cell_seconds = 3
check_seconds = 2
memory_bytes = 1_500_000_000
output_bytes = 300_000
scratch_bytes = 20_000_000
processes = 64

[[exercise]]
id = "softmax"
title = "Softmax along a dimension"
points = 4
names = ["my_softmax"]

[[exercise]]
id = "mlp"
title = "Two layers"
points = 3
names = ["MLP"]

[[exercise]]
id = "sgd"
title = "One step downhill"
points = 4
names = ["sgd_step"]
"""
CHECKS = '''
from grader.authoring import check, parameters, raises

@check(exercise="softmax", points=2)
def softmax_of_rows(work, rng):
    """Rows of positive numbers that add up to one."""
    return {"rows": work.my_softmax(rng.normal(4, 7), 1)}

@check(exercise="softmax", points=1, visibility="hidden", needs=("softmax_of_rows",))
def softmax_along_any_dimension(work, rng):
    """HIDDEN_DESCRIPTION"""
    marker = "HIDDEN_SOURCE"
    return {"HIDDEN_LEAF": work.my_softmax(rng.normal(3, 5, 2, std=3), 0)}

@check(exercise="softmax", points=1, visibility="hidden", needs=("softmax_of_rows",))
def softmax_leaves_its_input_alone(work, rng):
    """The input is the same afterwards."""
    x = rng.normal(4, 7)
    work.my_softmax(x, 1)
    return {"input": x}

@check(exercise="mlp", points=2)
def mlp_computes(work, rng):
    """Layer, ReLU, layer."""
    return {"output": rng.fill(work.MLP(6, 8, 3))(rng.normal(5, 6))}

@check(exercise="mlp", points=1, visibility="hidden", needs=("mlp_computes",))
def mlp_registers_its_layers(work, rng):
    """Both layers are known by name."""
    return {"parameters": parameters(work.MLP(2, 3, 4))}

@check(exercise="sgd", points=2)
def sgd_moves_in_place(work, rng):
    """Each parameter moves against its gradient."""
    params = [rng.normal(3, 2), rng.normal(4)]
    work.sgd_step(params, [rng.normal(3, 2), rng.normal(4)], 0.1)
    return {"parameters": params}

@check(exercise="sgd", points=1, visibility="hidden", needs=("sgd_moves_in_place",))
def sgd_leaves_gradients_alone(work, rng):
    """The gradients are the same afterwards."""
    grads = [rng.normal(5)]
    work.sgd_step([rng.normal(5)], grads, 0.5)
    return {"gradients": grads}

@check(exercise="sgd", points=1, visibility="hidden")
def sgd_refuses_to_climb(work, rng):
    """A negative rate is an error."""
    return {"negative rate": raises(lambda: work.sgd_step([rng.normal(2)], [rng.normal(2)], -0.1), ValueError)}
'''
MISCONCEPTIONS = '''
from grader.authoring import misconception

@misconception(exercise="softmax")
def without_exponential(work):
    """Divided by the sum, but never exponentiated."""
    def my_softmax(x, dim):
        return x / x.sum(dim, keepdim=True)
    return my_softmax
'''
IMPORTS = "import torch\nfrom torch import nn"
CORRECT = (
    IMPORTS,
    "def my_softmax(x, dim):\n    e = (x - x.amax(dim, keepdim=True)).exp()\n    return e / e.sum(dim, keepdim=True)",
    "class MLP(nn.Module):\n"
    "    def __init__(self, d_in, d_hid, d_out):\n"
    "        super().__init__()\n"
    "        self.fc1, self.fc2 = nn.Linear(d_in, d_hid), nn.Linear(d_hid, d_out)\n"
    "    def forward(self, x):\n"
    "        return self.fc2(torch.relu(self.fc1(x)))",
    "def sgd_step(params, grads, lr):\n"
    "    if lr < 0:\n"
    "        raise ValueError(lr)\n"
    "    with torch.no_grad():\n"
    "        for p, g in zip(params, grads):\n"
    "            p -= lr * g",
)
# Plausible and wrong, each exercise in its own way.
WRONG = (
    IMPORTS,
    "def my_softmax(x, dim):\n    return x / x.sum(dim, keepdim=True)",
    CORRECT[2].replace("torch.relu(self.fc1(x))", "self.fc1(x)"),
    CORRECT[3].replace("-=", "+=").replace("if lr < 0", "if lr is None"),
)
EXERCISES = ("softmax", "mlp", "sgd")
BASES = {"correct": CORRECT, "wrong": WRONG}


@dataclass(frozen=True)
class Secrets:
    """Random tokens, one for each thing that no student may learn."""

    reference: str = field(default_factory=lambda: secrets.token_hex(16))
    hidden_checks: str = field(default_factory=lambda: secrets.token_hex(16))
    other_submission: str = field(default_factory=lambda: secrets.token_hex(16))
    gradebook: str = field(default_factory=lambda: secrets.token_hex(16))
    environment: str = field(default_factory=lambda: secrets.token_hex(16))
    network: str = field(default_factory=lambda: secrets.token_hex(16))


def build(root: Path, tokens: Secrets, feedback: str = "verdict") -> Assignment:
    """Write the course folder, with a gradebook and another student's attempt in it.

    Args:
        root: An empty folder; everybody may read what is written there, so that only the confinement hides it.
        tokens: What to hide in it.
        feedback: What students see of hidden checks.

    Returns:
        The assignment.
    """
    home = root / "reference" / "toy"
    home.mkdir(parents=True)
    given, *written = CORRECT
    secret = f"SECRET = '{tokens.reference}'"
    marked = [f"### BEGIN SOLUTION\n{cell}\n{secret}\n### END SOLUTION" for cell in written]
    solution = "\n".join(f"# %%\n{cell}" for cell in (given, *marked))
    (home / "assignment.toml").write_text(f'feedback = "{feedback}"\n{SETTINGS}')
    (home / "solution.py").write_text(f"{solution}\n")
    (home / "checks.py").write_text(hidden_words(CHECKS, tokens) + f"\n# {tokens.reference}\n")
    (home / "misconceptions.py").write_text(f"{MISCONCEPTIONS}\n# {tokens.reference}\n")
    assignment = course_folder.load(root, "toy")
    other = root / "reports" / "toy" / "bob" / "attempt-1"
    other.mkdir(parents=True)
    (other / "submission.ipynb").write_text(f'{{"cells": [], "answer": "{tokens.other_submission}"}}')
    book = Gradebook.at(root / "reports" / "gradebook.sqlite")
    bob = Submission("bob", tokens.gradebook, "", "2026-01-01T00:00:00+00:00", 1, None)
    book.add(ungraded(assignment, bob, "unreadable", tokens.gradebook), other)
    book.close()
    return assignment


def hidden_words(checks: str, tokens: Secrets) -> str:
    """Put one token into a hidden check's source, description and leaf name."""
    for word in ("HIDDEN_DESCRIPTION", "HIDDEN_SOURCE", "HIDDEN_LEAF"):
        checks = checks.replace(word, tokens.hidden_checks)
    return checks


def limited(assignment: Assignment, **limits: float) -> Assignment:
    """The assignment with some other limits."""
    kept: Limits = msgspec.structs.replace(assignment.settings.limits, **limits)
    return dataclasses.replace(assignment, settings=msgspec.structs.replace(assignment.settings, limits=kept))


def write_notebook(path: Path, cells: tuple[str, ...]) -> Path:
    """Write a notebook file."""
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), path)
    return path


def submission(cells: list[str] | tuple[str, ...], student: str = "mallory") -> Submission:
    """What a student hands in, as the grader reads it."""
    code = tuple(Cell(number, source, "code") for number, source in enumerate(cells, start=1))
    return Submission(student, "toy.ipynb", "", "2026-01-02T00:00:00+00:00", 1, Notebook("toy.ipynb", code, {}, {}))


def without_times(grade: Grade) -> Grade:
    """A grade with everything in it but how long it took."""
    exercises = tuple(
        msgspec.structs.replace(
            exercise,
            checks=tuple(
                msgspec.structs.replace(
                    check, runs=tuple(msgspec.structs.replace(run, seconds=0.0) for run in check.runs)
                )
                for check in exercise.checks
            ),
        )
        for exercise in grade.exercises
    )
    none = Timing(start_seconds=0, notebook_seconds=0, checks_seconds=0, total_seconds=0)
    return msgspec.structs.replace(grade, exercises=exercises, timing=none)
