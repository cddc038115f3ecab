"""Comments at the ends of lines in otter's code cells."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.assignment.errors import BadAssignment
from grader.importing.errors import BadImport
from grader.importing.otter_code import is_ignored, otter_code
from grader.release.stub import CODE_PLACE, stub

REGION = "### BEGIN SOLUTION\n{}\n### END SOLUTION"


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("x = f() # SOLUTION", REGION.format("x = f()")),
        ("x = f()  #SOLUTION", REGION.format("x = f()")),
        ("x = f() # SOLUTION NO PROMPT\ny = 2", REGION.format("x = f()") + "\ny = 2"),
        ("for x in y: # SOLUTION\n    z # SOLUTION", REGION.format("for x in y:\n    z")),
        ("# BEGIN SOLUTION NO PROMPT\nx\n# END SOLUTION", REGION.format("x")),
        ('# BEGIN SOLUTION\nx\n# END SOLUTION\n""" # BEGIN PROMPT\nx = ...\n"""; # END PROMPT', REGION.format("x")),
        ("x = 1\n# BEGIN IGNORE\ny = 2\n# END IGNORE\nz = 3 # IGNORE", "x = 1"),
        ("rng = 42 # SEED", "rng = 42"),
        ("## solution ##\nx = 1", "## solution ##\nx = 1"),
        ("import otter\ngrader = otter.Notebook('x')\ngrader.check('q1')\nx = 1", "x = 1"),
    ],
)
def test_each_comment_does_what_otter_says(source, read):
    assert otter_code(source, "cell 1").source == read


@pytest.mark.parametrize("source", ["# IGNORE\nx", "## Ignore ##\nx", "#ignore"])
def test_cells_of_nobody_are_known(source):
    assert is_ignored(source)
    assert not is_ignored(f"x\n{source}")


LINES = st.lists(
    st.sampled_from(
        [
            *("x = 1", "x = 1 # SOLUTION", "# BEGIN SOLUTION", "# END SOLUTION", "if x:", "    z = 3 # SOLUTION"),
            *(
                '""" # BEGIN PROMPT',
                '""" # END PROMPT',
                "# BEGIN IGNORE",
                "# END IGNORE",
                "y = 2 # IGNORE",
                "    z = 4",
            ),
        ]
    ),
    max_size=12,
)


@settings(deadline=None)
@given(LINES)
def test_what_is_read_can_be_released_or_the_mistake_is_told_with_its_cell(lines):
    try:
        source = otter_code("\n".join(lines), "cell 7").source
    except BadImport as error:
        assert str(error).startswith("cell 7: ")
        return
    try:
        students = stub(source, CODE_PLACE, "")
    except BadAssignment as error:
        pytest.fail(f"{error}: {source!r}")
    assert "SOLUTION" not in students and "IGNORE" not in students and "PROMPT" not in students


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a = 1", "b = a", "c = [a, b]"]), min_size=1).map("\n".join))
def test_plain_code_is_left_alone(source):
    assert otter_code(source, "").source == source
    ast.parse(source)
