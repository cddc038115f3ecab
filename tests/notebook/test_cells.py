import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.notebook.cells import definitions, definitions_only, source_of, uses_torchvision
from grader.notebook.model import Cell


def cells(*sources: str) -> list[Cell]:
    return [Cell(number, source, "code") for number, source in enumerate(sources, start=1)]


def test_every_way_to_define_a_name_at_the_top_level_counts():
    source = (
        "import os.path, numpy as np\nfrom torch import nn as n\nasync def f(): inner = 1\nclass C:\n    attr = 1\n"
        "a, (b, *c) = 1, (2, 3)\nd: int = 4\ne += 1\nfor g in h:\n    with i as j: pass\n"
        "if (k := 1):\n    def l(m): pass\ntry:\n    import o\nexcept E as p: pass\n[q for r in s]\nt.u = v[w] = 1\n"
        "match a:\n    case {'x': y, **z}: pass\n"
    )

    assert sorted(definitions(cells(source))) == sorted(
        ["os", "np", "n", "f", "C", "a", "b", "c", "d", "e", "g", "j", "k", "l", "o", "y", "z"]
    )


def test_a_name_has_the_numbers_of_all_cells_that_define_it():
    notebook = [Cell(0, "x = 1", "markdown"), *cells("x = 1", "y = 2", "def x(): pass\nx = 3")]

    assert definitions(notebook) == {"x": (1, 3), "y": (2,)}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("%matplotlib inline\n!pip install torch\nx = !ls\ndef f():\n    return 1", ["x", "f"]),
        ("%%time\ndef f(): pass", ["f"]),
        ("%%capture out\nx = 1", ["x"]),
        ("%%bash\ndef f(): pass", []),
        ("%%writefile a.py\ndef f(): pass", []),
        ("def f(): pass\nf?", ["f"]),
        (">>> def f():\n...     pass", ["f"]),
        ("  x = 1\n  y = 2", ["x", "y"]),
        ("await f()\nx = 1", ["x"]),
    ],
)
def test_cells_are_read_as_ipython_reads_them(source, names):
    assert list(definitions(cells(source))) == names


def test_a_cell_that_does_not_parse_counts_with_its_def_and_class_lines():
    assert list(
        definitions(cells("def f(x):\n    return (x\nclass Net(nn.Module):\n  def g(): pass\nasync def h(): pass"))
    ) == [
        "f",
        "Net",
        "h",
    ]


def test_the_students_code_is_the_last_definition_of_each_name_in_notebook_order():
    notebook = cells(
        "def double(x):\n    return x\n",
        "import torch\n\n@torch.no_grad()\ndef double(x):\n    # twice\n    return 2 * x\n\nprint(double(1))",
        "rate = 0.1; other = 2\nclass Net:\n    pass",
    )

    code, numbers = source_of(notebook, ["Net", "double", "rate", "nowhere"])

    assert code == (
        "@torch.no_grad()\ndef double(x):\n    # twice\n    return 2 * x\n\nrate = 0.1\n\nclass Net:\n    pass"
    )
    assert numbers == (2, 3)


def test_a_cell_that_does_not_parse_is_given_whole_and_an_unknown_name_gives_nothing():
    assert source_of(cells("x = 1", "def f(:\n    pass"), ["f"]) == ("def f(:\n    pass", (2,))
    assert source_of(cells("x = 1"), ["f"]) == ("", ())


def test_two_names_of_one_statement_give_it_once():
    assert source_of(cells("a = b = 1"), ["a", "b"]) == ("a = b = 1", (1,))


def test_code_beside_magics_is_shown_as_the_student_wrote_it():
    source = "%matplotlib inline\ndef f():\n    !ls\n    return 'ü'  # €\nf()"

    assert source_of(cells(source), ["f"]) == ("def f():\n    !ls\n    return 'ü'", (1,))


def test_a_killed_cell_keeps_imports_functions_and_classes_on_their_lines():
    source = "\nimport os; x = 1\nwhile True:\n    pass\n@a\n@b\ndef f():\n    return '''\n'''\ny = 2\nclass C: pass"

    kept = definitions_only(source)

    assert kept == "#\nimport os\n#\n#\n@a\n@b\ndef f():\n    return '''\n'''\n#\nclass C: pass"
    assert definitions_only("import os; import sys; x = 1") == "import os; import sys"
    assert definitions_only("while True pass") == ""


def test_torchvision_is_seen_in_any_text():
    assert uses_torchvision("from torchvision import models") and not uses_torchvision("import torch")


BOMBS = {
    "parentheses": "(" * 40_000 + ")" * 40_000,
    "sum": "x = " + "+".join(["1"] * 24_000),
    "minus": "x = " + "-" * 49_000 + "1",
    "attributes": "x" + ".y" * 24_000,
    "digits": "x = " + "9" * 49_000,
    "braces": "x = f'" + "{" * 500 + "'",
    "indents": "if 1:\n" + "".join(" " * i + "if 1:\n" for i in range(1, 200)) + " " * 200 + "pass",
    "magics": "!ls\n" * 12_000,
    "NUL": "x = 1\x00",
    "huge": "x = 1\n" * 160_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_code_that_kills_parsers_costs_little_time_and_harms_no_other_cell(bomb):
    started = time.monotonic()

    found = definitions(cells(BOMBS[bomb], "def f(): pass"))

    assert found["f"] == (2,)
    assert time.monotonic() - started < 5


def test_a_notebook_full_of_code_that_is_slow_to_parse_is_given_up_in_time():
    slow = "f'" + "{x}" * 4_000 + "'\n!ls\n" + "!ls\n" * 20
    started = time.monotonic()

    definitions(cells(*[slow] * 400))

    assert time.monotonic() - started < 30


def test_reading_code_warns_nobody():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(definitions(cells("x = '\\d' is 1"))) == ["x"]


LINES = st.sampled_from(
    ["x = 1", "def f():", "    return 1", "%time", "!ls", "'''", "(", "class C: pass", "é = 2;y=1", "@f", ""]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=6).map("\n".join) | st.text(max_size=30))
def test_any_text_is_answered(text):
    found = definitions(cells(text))

    for name in found:
        code, numbers = source_of(cells(text), [name])
        assert numbers == (1,) and code
    kept = definitions_only(text)
    assert set(definitions(cells(kept))) <= set(found)
