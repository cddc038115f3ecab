import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.notebook.magics import without_cell_magic, without_magics, without_prompts


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("%matplotlib inline\nx = 1", "'________________'\nx = 1"),
        ("files = !ls\nx", "files = '_'\nx"),
        ("if a:\n    !ls\n", "if a:\n    '_'\n"),
        ("f?\n?f\n!\nx = 1", "''\n''\n0\nx = 1"),
        ("!pip install \\\n  torch\nx", "'____________'\n#\nx"),
        ("# why?\nx = 'what?'\ny = a % b\nz = (a\n% b)", "# why?\nx = 'what?'\ny = a % b\nz = (a\n% b)"),
        ("x = '''\n%time\n!ls\n'''", "x = '''\n%time\n!ls\n'''"),
        ("a == %b\na != !b\n", "a == %b\na != !b\n"),
        ("ü = !ls é", "ü = '____'"),
    ],
)
def test_lines_that_are_no_python_give_way_to_text_of_the_same_length(source, python):
    assert without_magics(source) == python


@given(
    st.lists(
        st.sampled_from(["!ls", "%a b", "x = !é", "f?", "def f():\n  %t\n  return 1", "x = 1", "? a", "y = [\n%a\n]"])
    )
)
def test_nothing_moves(pieces):
    source = "\n".join(pieces)
    python = without_magics(source)
    assert [len(line.encode()) for line in python.split("\n")] == [len(line.encode()) for line in source.split("\n")]


@given(st.text("!%?=xf# \t\n'\\(é,;/\ud800", max_size=40))
def test_any_text_keeps_its_lines(source):
    for simpler in (without_magics, without_prompts):
        assert simpler(source).count("\n") == source.count("\n")
    assert without_cell_magic(source).count("\n") <= source.count("\n")


def test_magics_are_told_apart_from_python_that_parses():
    source = "x = a % b\ny = {}\nz = not x\n@d\ndef f(a, /, b): pass"
    ast.parse(source)
    assert without_magics(source) == source


def test_prompts_and_an_indent_of_the_whole_cell_come_off():
    assert without_prompts(">>> def f():\n...     return 1\n>>> f()") == "def f():\n    return 1\nf()"
    assert without_prompts("In [12]: x = 1") == "x = 1"
    assert without_prompts(">>> x[..., 1]\ny[...]") == "x[..., 1]\ny[...]"
    assert without_prompts("\n  x = 1\n  if x:\n    y = 2") == "\nx = 1\nif x:\n  y = 2"
