"""The class that pages are tried on: mixed from hw2, the same for the same seed, and readable as notebooks."""

import ast
from pathlib import Path

from support.synthetic import notebooks, variants

from grader.assignment import folder as course_folder
from grader.notebook.cells import definitions
from grader.notebook.read import read_bytes

HW2 = course_folder.load(Path(__file__).resolve().parents[2], "hw2")


def test_equal_seeds_give_equal_classes_of_different_notebooks() -> None:
    class_ = dict(notebooks(HW2, 12, seed=1))
    assert class_ == dict(notebooks(HW2, 12, seed=1))
    assert class_ != dict(notebooks(HW2, 12, seed=2))
    assert len(set(class_.values())) > 6  # who has everything right writes as the reference does


def test_notebooks_define_most_of_what_is_asked_for() -> None:
    asked = {name for exercise in HW2.settings.exercise for name in exercise.names}
    for _, data in notebooks(HW2, 5):
        defined = set(definitions(read_bytes("hw2.ipynb", data).code))
        assert len(asked & defined) > len(asked) / 3


def test_wrong_and_different_solutions_are_cells_of_their_own() -> None:
    found = variants(HW2)
    assert all(found.values())
    for cell in (cell for cells in found.values() for cell in cells):
        assert ast.parse(cell).body
        assert "work." not in cell
