"""Every problem of a grade is shown at the place in the file where the student can mend it, and nothing hidden is."""

import msgspec
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from report import samples

from grader.assignment.model import Exercise, Settings
from grader.ci.findings import Remarks, defined_at
from grader.ci.model import Finding
from grader.ci.places import places_of
from grader.grading.model import CellProblem, ExerciseGrade, Grade, Hint
from grader.looks.model import Look
from grader.notebook.read import read_bytes
from grader.report.editions import Feedback, edition_of
from grader.wire.outcome import Frame

CANARY = "canary-4711"
CELLS = ("import torch", "import math\n\ndef hook(x):\n    y = x\n    return y", "hook = 3")
SETTINGS = Settings(title="T", exercise=(Exercise(id="scale_hook", title="Scale", points=3, names=("hook",)),))


def findings(grade: Grade, feedback: Feedback = "verdict", cells: tuple[str, ...] = CELLS) -> list[tuple[Finding, str]]:
    """What is found, each with the line of the file that it points to."""
    made = new_notebook(cells=[new_markdown_cell("# Homework\n\nText"), *map(new_code_cell, cells)])
    data = nbformat.writes(made).encode()
    notebook = read_bytes("hw2.ipynb", data)
    shown = edition_of(grade, "student", feedback)
    found = list(Remarks("work/hw2.ipynb", shown, SETTINGS, notebook, places_of(notebook, data)).all())
    rows = data.decode().split("\n")
    return [(each, rows[each.line - 1].strip()) for each in found]


def exercise(*checks: object, **fields: object) -> ExerciseGrade:
    return samples.exercise(*checks, **{"id": "scale_hook", "title": "Scale", "code_cells": (2,)} | fields)


def test_an_error_is_shown_at_the_innermost_line_in_a_cell() -> None:
    frames = (Frame(2, 4, "hook", "y = x"), Frame(2, 5, "hook", "return y"), Frame(0, 9, "", "in torch"))
    failed = samples.check("runs", "error", 0, run={"message": "NameError: z", "frames": frames})
    ((found, row),) = findings(samples.grade(exercise(failed)))
    assert (found.level, found.severity, found.path) == ("error", "major", "work/hw2.ipynb")
    assert (found.title, found.message) == ("cell 2, Scale: runs", "NameError: z")
    assert "return y" in row


def test_a_difference_is_shown_where_the_exercise_is_defined_with_its_hint() -> None:
    hint = Hint("off_by_one", "Count from zero.")
    failed = samples.check("runs", "fail", 0, run={"message": "shape (3,)", "misconception": hint})
    ((found, row),) = findings(samples.grade(exercise(failed)))
    assert "def hook(x):" in row
    assert found.message == "shape (3,)\nHint: Count from zero."
    assert found.check == "hw2.scale_hook.runs"


def test_what_is_not_defined_is_said_at_the_start_of_the_file() -> None:
    ((found, _),) = findings(samples.grade(exercise(samples.check("runs", "missing", 0), code_cells=())))
    assert (found.line, found.title) == (1, "Scale: runs")
    assert found.message == "The notebook does not define what this check asks for."


def test_a_cell_that_stopped_is_a_warning_at_its_line() -> None:
    problem = CellProblem(
        cell=2,
        first_line="import math",
        reason="error",
        error="ValueError",
        message="no",
        frames=(Frame(2, 3, "", ""),),
    )
    ((found, row),) = findings(msgspec.structs.replace(samples.grade(), exercises=(), cells=(problem,)))
    assert (found.level, found.title, found.message) == ("warning", "cell 2: ValueError", "no")
    assert "def hook(x):" in row


def test_what_could_not_be_graded_is_critical() -> None:
    (found, _) = findings(samples.crashed())[0]
    assert (found.level, found.severity, found.line) == ("error", "critical", 1)
    assert found.title.startswith("not graded: ")


def test_passes_and_what_was_not_tried_are_no_findings() -> None:
    fine = [samples.check(f"c{n}", verdict) for n, verdict in enumerate(("pass", "blocked", "not run"))]
    assert findings(samples.grade(exercise(*fine))) == []


def test_an_avoided_name_is_a_warning_where_it_is_used() -> None:
    look = Look(kind="source", cell=2, line=4, what="uses torch.softmax", why="write it yourself", avoided="softmax")
    ((found, row),) = findings(samples.grade(exercise(samples.check(), looks=(look,))))
    assert (found.level, found.message) == ("warning", "write it yourself")
    assert "y = x" in row


@pytest.mark.parametrize("feedback", ["verdict", "nothing"])
def test_nothing_hidden_is_told_but_what_the_course_allows(feedback: Feedback) -> None:
    secret = {"message": CANARY, "misconception": Hint(CANARY, CANARY), "frames": (Frame(2, 5, CANARY, CANARY),)}
    hidden = samples.check("hidden_one", "fail", 0, visibility="hidden", description=CANARY, run=secret, max_points=3)
    ((found, row),) = findings(samples.grade(exercise(hidden, misconception=Hint(CANARY, CANARY))), feedback)
    assert CANARY not in repr(found)
    assert "def hook(x):" in row
    name = "hidden check hidden_one" if feedback == "verdict" else "hidden checks"
    assert found.title == f"cell 2, Scale: {name}"


@pytest.mark.parametrize("name", ["good", "bad", "needs_a_look", "every_verdict", "crashed", "public", "hostile"])
def test_every_grade_has_findings_with_text_on_lines_of_the_file(name: str) -> None:
    for found, _ in findings(getattr(samples, name)()):
        assert found.message
        assert len(found.title.splitlines()) == 1
        assert not set("\x00\x1b\u202e") & set(found.title + found.message + found.check)


def test_where_a_name_is_defined() -> None:
    assert defined_at("x = 1\nasync  def f(): pass", ["g", "f"]) == 2
    assert defined_at("class Netting: pass\nNet: type = int", ["Net"]) == 2
    assert defined_at("if True:\n    f = 1", ["f"]) == 2
    assert defined_at("print(f)", ["f"]) == 1
