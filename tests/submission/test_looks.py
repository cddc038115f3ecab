"""What needs a look, end to end: found, shown to the right reader, and never worth a point."""

from pathlib import Path

import msgspec
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from support.shared import Shared

from grader.cli import main
from grader.grading.model import Grade
from grader.observe.engine import Engine

from .conftest import StudentsCopy

SETTINGS = """
title = "Softmax"

[[exercise]]
id = "my_softmax"
title = "A softmax of your own"
points = 2
avoid = ["torch.softmax", "torch.nn.functional.softmax", "torch.nn.Softmax"]

[[exercise]]
id = "double"
title = "Twice as much"
points = 1
"""
SOLUTION = """# %%
import torch
import torch.nn.functional as F

# %%
def my_softmax(x, dim):
    ### BEGIN SOLUTION
    e = (x - x.amax(dim, keepdim=True)).exp()
    return e / e.sum(dim, keepdim=True)
    ### END SOLUTION

# %%
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
"""
CHECKS = '''
import torch
from grader.authoring import check

@check(exercise="my_softmax", points=1)
def rows_and_columns(work, rng):
    """Rows and columns add up to one."""
    x = rng.normal(3, 4)
    return {"rows": work.my_softmax(x, 1), "columns": work.my_softmax(x, 0)}

@check(exercise="my_softmax", points=1, visibility="hidden")
def its_input_stays(work, rng):
    """The input is not changed."""
    x = torch.softmax(rng.normal(3, 4), 0)
    return {"output": work.my_softmax(x, 0), "input": x}

@check(exercise="double", points=1)
def doubles(work, rng):
    """Every number is doubled."""
    return {"doubled": work.double(rng.normal(3))}
'''
IMPORTS, DOUBLE = "import torch\nimport torch.nn.functional as F", "def double(x):\n    return 2 * x"
HONEST = (
    "def my_softmax(x, dim):\n    e = (x - x.amax(dim, keepdim=True)).exp()\n    return e / e.sum(dim, keepdim=True)"
)
DIRECT = "def my_softmax(x, dim):\n    return F.softmax(x, dim)"
HIDDEN = (
    "import importlib\ndef my_softmax(x, dim):\n"
    '    return getattr(importlib.import_module("torch.nn." + "funct" + "ional"), "soft" + "max")(x, dim)'
)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Path:
    monkeypatch.setattr("grader.cli.submit.start_engine", lambda *_: Shared(engine))
    monkeypatch.setattr("grader.cli.release.Zygote", lambda *_: Shared(engine))
    folder = tmp_path / "reference" / "soft"
    folder.mkdir(parents=True)
    (folder / "assignment.toml").write_text(SETTINGS)
    (folder / "solution.py").write_text(SOLUTION)
    (folder / "checks.py").write_text(CHECKS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def submit(course: Path, *cells: str) -> tuple[Grade, Path]:
    path = course / "soft.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in (IMPORTS, *cells)]), path)
    assert main(["submit", str(path), "--assignment", "soft", "--student", "a"]) == 0
    folder = course / "reports" / "soft" / "a" / "attempt-1"
    return msgspec.json.decode((folder / "grade.json").read_bytes(), type=Grade), folder


def test_honest_work_needs_no_look(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grade, folder = submit(course, HONEST, DOUBLE)
    assert grade.score == 3.0
    assert (grade.looks, [exercise.looks for exercise in grade.exercises]) == ((), [(), ()])
    assert "a look" not in capsys.readouterr().out + (folder / "instructor.html").read_text()


def test_a_direct_use_keeps_its_points_and_is_shown_to_both_readers(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grade, folder = submit(course, DIRECT, DOUBLE)
    assert grade.score == 3.0
    found = [(each.kind, each.cell, each.line, each.what) for each in grade.exercises[0].looks]
    assert found == [
        ("source", 2, 2, "`F.softmax`"),
        ("calls", 0, 0, "`torch.nn.functional.softmax` was called while `rows_and_columns` and `its_input_stays` ran"),
    ]
    assert grade.exercises[1].looks == ()
    assert "1 exercise needs a look (see instructor.html)" in capsys.readouterr().out
    assert "1 exercise needs a look" in (folder / "instructor.html").read_text()
    assert "is to be written without" in (folder / "report.html").read_text()


def test_a_shortcut_by_a_hidden_name_passes_and_is_left_to_a_person(course: Path) -> None:
    grade, folder = submit(course, HIDDEN, DOUBLE)
    assert grade.score == 3.0
    assert [(each.kind, each.what) for each in grade.exercises[0].looks] == [
        ("source", "`getattr` with the name `softmax`"),
        ("source", "`importlib.import_module`"),
        ("calls", "`torch.nn.functional.softmax` was called while `rows_and_columns` and `its_input_stays` ran"),
    ]
    student = (folder / "report.html").read_text()
    assert "a look" not in student
    assert "no proof" not in student


def test_a_patched_comparison_hides_nothing_and_is_shown(course: Path) -> None:
    cell = (
        "_s = my_softmax\ntorch.Tensor.__eq__ = lambda a, b: torch.ones(1, dtype=torch.bool)\n"
        "def my_softmax(x, dim):\n    y = _s(x, dim)\n    x.zero_()\n    return y"
    )
    grade, _ = submit(course, HONEST, cell, DOUBLE)
    assert grade.exercises[0].score == 0.0
    assert [(each.cell, each.line, each.what) for each in grade.looks] == [(3, 2, "`torch.Tensor.__eq__` is replaced")]


def test_a_parser_bomb_is_named_and_the_rest_is_graded(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grade, _ = submit(course, HONEST, DOUBLE, "(" * 100_000 + ")" * 100_000)
    assert grade.score == 3.0
    assert [each.what for each in grade.looks] == ["cell 4 could not be parsed for the source check"]
    assert "the notebook needs a look (see instructor.html)" in capsys.readouterr().out


def test_a_students_own_run_shows_direct_uses_only(course: Path, students_copy: StudentsCopy) -> None:
    copy = students_copy(course, "soft")
    grade, folder = submit(copy, DIRECT, DOUBLE, "torch.allclose = print\neval('1')")
    assert grade.scope == "public"
    assert [each.what for each in grade.exercises[0].looks if each.kind == "source"] == ["`F.softmax`"]
    assert grade.looks == ()
    assert "is to be written without" in (folder / "report.html").read_text()


def test_a_check_that_computes_its_verdict_is_refused_with_its_line_and_what_to_return(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = CHECKS.replace(
        '"doubled": work.double(rng.normal(3))', '"right": bool((work.double(rng.normal(3)) > 0).all())'
    )
    (course / "reference" / "soft" / "checks.py").write_text(checks)
    path = course / "soft.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(DOUBLE)]), path)
    assert main(["submit", str(path), "--assignment", "soft", "--student", "a"]) == 2
    assert (
        "soft/checks.py: line 20: doubles returns a verdict on data, `(work.double(rng.normal(3)) > 0).all()`, which a "
        "student's code can forge; return `work.double(rng.normal(3))` and let the judge compare, or end the line with "
        "`# fact` if it is none"
    ) in " ".join(capsys.readouterr().err.split())
