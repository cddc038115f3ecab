"""Weights rather than claims: a trained model is judged on labels that never entered the student's process."""

from pathlib import Path

import msgspec
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from support.shared import Shared

from grader.assignment.extract import extract
from grader.cli import main
from grader.grading.model import Grade, Run
from grader.observe.engine import Engine

SETTINGS = """
title = "A classifier"
data = ["data"]

[limits]
check_seconds = 10

[[exercise]]
id = "train"
title = "Train a classifier"
points = 3
names = ["train"]
"""
CHECKS = '''
import torch
from grader.authoring import accuracy, check

TEACHER = "canary-4711", [[1.5, -0.5, 0.25], [-1.0, 1.25, 0.5], [0.75, 0.5, -1.75], [0.25, -1.5, 1.0]]

def points(rng):
    return rng.normal(300, 4)

def secret_labels(rng):
    return (points(rng) @ torch.tensor(TEACHER[1])).argmax(-1)

@check(exercise="train", points=1)
def gives_a_score_for_each_class(work, rng):
    """Three scores a point."""
    return {"shape": tuple(work.train("data/train.txt")(points(rng)).shape)}

@check(exercise="train", points=2, visibility="hidden", compare=accuracy(against=secret_labels, at_least=0.9))
def is_right_about_new_points(work, rng):
    """Nine of ten new points are classified rightly."""
    return work.train("data/train.txt")(points(rng))
'''
TRAIN = """
import torch
from torch import nn

def train(path):
    rows = torch.tensor([[float(word) for word in line.split()] for line in open(path)])
    x, y = rows[:, :4], rows[:, 4].long()
    model = nn.Linear(4, 3, dtype=torch.get_default_dtype())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return lambda points: model(points).detach()
"""
LAZY = """
import torch

def train(path):
    return lambda points: torch.zeros(len(points), 3)
"""
# Looks wherever a Python program can look for the labels, for what makes them, or for what names them.
HUNTER = """
import gc, linecache, sys, torch

WANTED = ("secret" + "_labels", "canary-" + "4711", "TEACH" + "ER", "at_" + "least")

def texts():
    frame = sys._getframe()
    while frame is not None:
        yield from map(str, (*frame.f_code.co_names, *frame.f_code.co_consts, *frame.f_locals))
        yield from (repr(value) for value in frame.f_locals.values() if isinstance(value, (str, bytes, tuple, list)))
        yield from (repr(v) for v in frame.f_locals.values() if type(v).__module__.startswith("grader."))
        yield from map(str, frame.f_globals)
        frame = frame.f_back
    for name in list(linecache.cache):
        if name.startswith("<"):
            yield "".join(linecache.getlines(name))
    for thing in gc.get_objects():
        if isinstance(thing, dict):
            yield from (value for value in list(thing.values()) if type(value) is str)
        elif isinstance(thing, (list, tuple)):
            yield from (value for value in thing if type(value) is str)
        elif type(thing).__name__ == "function":
            yield thing.__name__
            yield from map(str, (*thing.__code__.co_names, *thing.__code__.co_consts))
            for cell in thing.__closure__ or ():
                try:
                    yield str(cell.cell_contents)[:500]
                except Exception:
                    pass

def train(path):
    def guess(points):
        seen, loot = 0, set()
        for text in texts():
            seen += 1
            loot.update(word for word in WANTED if word in text and "WANTED" not in text)
        check = "is_right_about_new" + "_points"
        sees_the_check = any(check in "".join(linecache.getlines(name)) for name in linecache.cache)
        print("looked at many:", seen > 1000, "the check itself:", sees_the_check, "loot:", sorted(loot))
        return torch.zeros(len(points), 3)
    return guess
"""


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Path:
    import torch

    monkeypatch.setattr("grader.cli.submit.start_engine", lambda *_: Shared(engine))
    folder = tmp_path / "reference" / "small"
    (folder / "data").mkdir(parents=True)
    x = torch.randn(400, 4, generator=torch.Generator().manual_seed(1))
    y = (x @ torch.tensor([[1.5, -0.5, 0.25], [-1.0, 1.25, 0.5], [0.75, 0.5, -1.75], [0.25, -1.5, 1.0]])).argmax(-1)
    rows = ["".join(f"{v:.6f} " for v in point) + str(int(label)) for point, label in zip(x, y, strict=True)]
    (folder / "data" / "train.txt").write_text("\n".join(rows) + "\n")
    (folder / "assignment.toml").write_text(SETTINGS)
    (folder / "checks.py").write_text(CHECKS)
    (folder / "solution.py").write_text(f"# %%{TRAIN}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def judged(course: Path, cell: str) -> Run:
    path = course / "small.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(cell)]), path)
    assert main(["submit", str(path), "--assignment", "small", "--student", "a"]) == 0
    report = course / "reports" / "small" / "a" / "attempt-1" / "grade.json"
    grade = msgspec.json.decode(report.read_bytes(), type=Grade)
    runs = {check.name: check.runs[0] for check in grade.exercises[0].checks}
    assert runs["gives_a_score_for_each_class"].verdict == "pass"
    return runs["is_right_about_new_points"]


def test_a_trained_model_passes_by_its_scores(course: Path) -> None:
    assert judged(course, TRAIN).verdict == "pass"


def test_an_untrained_one_fails_with_its_accuracy(course: Path) -> None:
    run = judged(course, LAZY)
    assert run.verdict == "fail"
    assert "where at least 0.9 is expected" in run.message


def test_a_hunt_for_the_labels_finds_the_check_and_nothing_that_makes_labels(course: Path) -> None:
    run = judged(course, HUNTER)
    assert run.verdict == "fail"
    assert "looked at many: True the check itself: True loot: []" in run.output


def test_what_a_session_is_given_holds_no_labels_and_no_bar() -> None:
    given = extract(CHECKS, ["is_right_about_new_points"], "checks.py", strip_compare=True)
    assert "def points" in given
    for word in ("secret_labels", "TEACHER", "4711", "compare", "accuracy", "0.9"):
        assert word not in given
