import jupytext
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from grader.notebook.percent import percent_document, percent_text


def read(text: str) -> list[tuple[str, str]]:
    return [(cell["cell_type"], cell["source"]) for cell in percent_document(text)["cells"]]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("# %%\nx = 1\n\n\n#%%\ny", [("code", "x = 1"), ("code", "y")]),
        ("x = 1\n# %% Title [markdown] a=1\n# # A\n#\n# b", [("code", "x = 1"), ("markdown", "# A\n\nb")]),
        ('# %% [md]\n"""\nA\n\nb\n"""\n# %% [raw]\n# r', [("markdown", "A\n\nb"), ("raw", "r")]),
        ("# %%\nx = '''\n# %%\n'''\n# %%\ny", [("code", "x = '''\n# %%\n'''"), ("code", "y")]),
        ("# %%\nx = '''\n# %%\ny", [("code", "x = '''"), ("code", "y")]),
        ("# In[3]:\n\nx\n\n# In[ ]:\n\ny\n", [("code", "\nx"), ("code", "\ny")]),
        ("# %%time\nx = 1", [("code", "%%time\nx = 1")]),
        (
            "# %%\n# %matplotlib inline\n# !ls\n# a = !ls\n# # %time",
            [("code", "%matplotlib inline\n!ls\na = !ls\n# %time")],
        ),
        (
            "# %%\n# copy the weights\n# ls is short\n# is it ok?",
            [("code", "# copy the weights\n# ls is short\n# is it ok?")],
        ),
    ],
)
def test_cells_are_read_as_their_marks_say(text, cells):
    assert read(text) == cells


SOURCES = st.sampled_from(
    [
        *(
            "import torch\nx = 1",
            "%matplotlib inline\nimport a",
            "!ls -l\nx = 1",
            "# comment\n%time f()",
            "files = !ls",
        ),
        *("def f():\n    return 1\n\n\ny = 2", "# Title\n\ntext `a`\n# not", "plain", "", "a\n\n\nb", "%%time\nx = 1"),
        *("'''doc'''", '"""doc\n"""', "?torch", "é = 'ü'"),
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([new_code_cell, new_markdown_cell, new_raw_cell]), SOURCES), min_size=1))
def test_what_jupytext_writes_comes_back(cells):
    notebook = new_notebook(cells=[make(source) for make, source in cells])
    written = jupytext.writes(notebook, fmt="py:percent")
    assert read(written) == [(cell.cell_type, cell.source) for cell in notebook.cells]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["markdown", "raw"]), st.text(st.sampled_from("ab#% \"'[]\n`")))))
def test_text_that_was_written_is_read_as_it_was(cells):
    assume(not any(line.lstrip("# ").startswith("%%") for _, text in cells for line in text.split("\n")))
    assert read(percent_text(cells)) == (cells or [("code", "")])


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.just("code"),
            st.lists(
                st.sampled_from(
                    ["x = 1", "", "%time x", "# %time", "!ls", "# # a = !ls", "    %%time", "# text", "y = , "]
                )
            ).map(lambda lines: "\n".join(lines).rstrip("\n")),
        ).filter(lambda cell: cell[1].count("'''") % 2 == 0),
        min_size=1,
    )
)
def test_code_that_was_written_is_read_as_it_was(cells):
    assert [source for _, source in read(percent_text(cells))] == [source for _, source in cells]
