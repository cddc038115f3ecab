"""Cells reach Python as IPython would hand them on, also where IPython is not asked."""

import warnings
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from grader.assignment import folder
from grader.observe import shell

COURSE = Path(__file__).parents[2]
PLAIN = [
    "x = 1\ny = 2",
    "# a remark\n\nx = 'a % b ! c ?'\n",
    "def f():\n    '''%timeit\n!ls\n'''\n    return (1\n% 2)\n",
    "if 1 is 1:\n    pass",
]
ELSE = [
    "",
    "pwd",
    "x = 1",
    "\nx = 1\ny = 2",
    "   # indented\nx = 1",
    "%matplotlib inline\nx = 1",
    "!pip install torch\nx = 1",
    "x = !ls\ny = 1",
    "x?\ny = 1",
    "%%time\nx = 1",
    ">>> x = 1\n>>> y = 2",
    "In [1]: x\ny: int = 1",
    "In [2]: x = 1\n   ...: y = 2",
    "x = (\n",
]


@pytest.mark.parametrize("cell", PLAIN)
def test_plain_python_of_several_lines_needs_no_transformation(cell: str) -> None:
    assert shell._is_python(cell)


@pytest.mark.parametrize("cell", ELSE)
def test_whatever_ipython_may_change_is_left_to_it(cell: str) -> None:
    assert not shell._is_python(cell)


def test_what_needs_none_would_not_have_been_changed() -> None:
    cells = [*PLAIN, *ELSE]
    for name in folder.names(COURSE):
        cells += [cell.source for cell in folder.load(COURSE, name).solution_cells()]
    plain = [cell for cell in cells if shell._is_python(cell)]
    assert len(plain) > 100
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [TransformerManager().transform_cell(cell) for cell in plain] == [
            c if c.endswith("\n") else f"{c}\n" for c in plain
        ]
