"""The attacks that do not care what is asked, on the assignments that students get."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import pytest
from redteam import corpus, toy
from redteam.conftest import SEED
from support.proof import COURSE

from grader.assignment import folder as course_folder
from grader.assignment.extract import extract
from grader.assignment.folder import Assignment
from grader.grading.model import Grade
from grader.grading.run import GradingRun
from grader.notebook.cells import definitions
from grader.notebook.parse import PARSING
from grader.notebook.read import read
from grader.observe.warm import Zygote

# Where each stands: an attack that patches what the notebook needs would only harm itself if it came first.
GENERAL = {
    "agree_with_the_toolkit": "last",
    "break_the_builtins": "last",
    "constant_inputs": "first",
    "end_the_process": "last",
    "exit_that_does_not_exit": "first",
    "forge_result_frames": "first",
    "hide_a_changed_input": "last",
    "kill_everything": "last",
    "patch_msgspec": "first",
    "patch_the_encoder": "first",
    "poison_loaded_modules": "last",
    "replay_an_earlier_answer": "first",
    "take_over_the_session": "last",
    "write_results_and_gradebook": "last",
}
# A few exercises of each, those first that ask for errors, hooks and state: a whole assignment takes ten times as long.
EXERCISES = {
    "hw2": ("chain", "init_weights", "capture_activations", "swish", "my_sgd"),
    "hw3": ("read_idx", "transforms", "pad_collate", "balanced_sampler"),
}
# What stands in the body of a function that was right before.
BODIES = {
    "exit": "import os; os._exit(0)",
    "crash": "import ctypes; ctypes.memset(8, 0, 8)",
    "loop": "while True: pass",
    "kill": "import os\n    os.kill(os.getppid(), 9)",
    "equal to all": "return type('Any', (), dict.fromkeys(('__eq__', '__call__', '__bool__'), lambda *args: True))()",
    "spoil": "import torch; torch.Tensor.__add__ = torch.nn.Module.__call__ = torch.randn = None",
}
LIMITS = {"cell_seconds": 5, "check_seconds": 3, "notebook_seconds": 20, "memory_bytes": 2_500_000_000}


@dataclass(frozen=True)
class Narrowed(Assignment):
    """A part of an assignment."""

    def checks_source(self) -> str:
        """The checks of the exercises that are left."""
        source, kept = super().checks_source(), {exercise.id for exercise in self.settings.exercise}
        return extract(
            source, [name for name, exercise in _exercises_of_checks(source) if exercise in kept], "checks.py"
        )


def _exercises_of_checks(source: str) -> Iterator[tuple[str, str]]:
    with PARSING:
        tree = ast.parse(source)
    for node in tree.body:
        for call in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
            for keyword in call.keywords if isinstance(call, ast.Call) else ():
                if keyword.arg == "exercise":
                    yield node.name, ast.literal_eval(keyword.value)


@dataclass(frozen=True)
class Shipped:
    """An assignment, its wrong but plausible submission, and what that gets."""

    assignment: Assignment
    cells: tuple[str, ...]
    honest: Grade

    def grade(self, cells: tuple[str, ...], engine: Zygote) -> Grade:
        """Grade other cells with the same seed."""
        with GradingRun(self.assignment, engine, SEED) as run:
            return run.grade(toy.submission(cells)).grade


@pytest.fixture(scope="module")
def confined(engine: Zygote) -> Zygote:
    """The tests' engine where it confines; nothing here may run anywhere else."""
    if engine.mode == "none":
        pytest.skip(f"nothing confines here: {engine.wait().missing}")
    return engine


@pytest.fixture(scope="module", params=EXERCISES)
def shipped(request: pytest.FixtureRequest, confined: Zygote) -> Shipped:
    whole = toy.limited(course_folder.load(COURSE, request.param), **LIMITS)
    exercises = tuple(each for each in whole.settings.exercise if each.id in EXERCISES[request.param])
    settings = msgspec.structs.replace(whole.settings, exercise=exercises)
    assignment = Narrowed(whole.name, settings, whole.root, whole.reference, whole.public)
    notebook = read(COURSE / "reference" / request.param / "submissions" / "mixed.ipynb")
    cells = tuple(cell.source for cell in notebook.code)
    with GradingRun(assignment, confined, SEED) as run:
        honest = run.grade(toy.submission(cells)).grade
    assert 0 < honest.score < honest.max_score
    return Shipped(assignment, cells, honest)


@pytest.mark.parametrize("name", GENERAL)
def test_no_exercise_gains_a_point(name: str, shipped: Shipped, confined: Zygote) -> None:
    filled = {"course": COURSE, "pid": os.getpid(), "port": 9, "socket": "/nowhere", "abstract": "nobody"}
    attack = corpus.load(name)
    source = attack.added_to((), **filled)
    cells = (*source, *shipped.cells) if GENERAL[name] == "first" else (*shipped.cells, *source)
    grade = shipped.grade(cells, confined)
    assert grade.status == "graded"
    gained = {e.id: e.score - h.score for e, h in zip(grade.exercises, shipped.honest.exercises, strict=True)}
    assert {exercise: points for exercise, points in gained.items() if points > 0} == {}


@pytest.mark.parametrize("kind", BODIES)
def test_a_function_that_attacks_costs_its_own_exercise_only(kind: str, shipped: Shipped, confined: Zygote) -> None:
    target = next(e.id for e in shipped.honest.exercises if e.score == e.max_score and e.id in _functions(shipped))
    grade = shipped.grade((*shipped.cells, f"def {target}(*args, **kwargs):\n    {BODIES[kind]}"), confined)
    scores = {exercise.id: exercise.score for exercise in grade.exercises}
    expected = {exercise.id: exercise.score for exercise in shipped.honest.exercises}
    assert scores.pop(target) < expected.pop(target)
    assert scores == expected


def _functions(shipped: Shipped) -> set[str]:
    """Exercises that are one function of the same name, and that no other exercise's function calls."""
    known = definitions(toy.submission(shipped.cells).notebook.code)
    text = "\n".join(shipped.cells)
    return {
        e.id
        for e in shipped.assignment.settings.exercise
        if e.names == (e.id,) and e.id in known and text.count(f"{e.id}(") <= 2
    }
