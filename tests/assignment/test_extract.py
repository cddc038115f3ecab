import ast
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.assignment.errors import BadAssignment
from grader.assignment.extract import extract

CHECKS = '''"""Public and hidden checks."""
from __future__ import annotations

import math, os
from typing import TYPE_CHECKING

from grader.authoring import (
    Rng,
    accuracy,
    check,
    close,
)

if TYPE_CHECKING:
    from grader.authoring import Work
    from pathlib import Path

# The hidden check uses 17 because most students forget primes.
SIZE = 4  # rows
SECRET = 17
LOOSE = close(rtol=1e-3)


def _labels(rng: Rng):
    return rng.integers(0, 10, SECRET)


def _input(rng: Rng):
    return rng.normal(SIZE, math.floor(3.5))


@check(
    exercise="double",  # the first exercise
    points=1,
    compare={"values": LOOSE},
)
def doubles(work: Work, rng: Rng):
    """Every number is doubled."""
    # one call only
    return {"values": work.double(_input(rng))}


# hidden: keep this away from students
@check(exercise="double", points=2, visibility="hidden", compare=accuracy(against=_labels, at_least=0.9))
def classifies(work, rng):
    """Secret."""
    return os.fspath(work.double(_input(rng)))
'''


def test_a_check_comes_with_its_helpers_and_nothing_else_in_original_text_and_order():
    assert (
        extract(CHECKS, ["doubles"], "checks.py")
        == '''from __future__ import annotations

import math
from typing import TYPE_CHECKING

from grader.authoring import Rng, check, close

if TYPE_CHECKING:
    from grader.authoring import Work

SIZE = 4  # rows

LOOSE = close(rtol=1e-3)


def _input(rng: Rng):
    return rng.normal(SIZE, math.floor(3.5))


@check(
    exercise="double",  # the first exercise
    points=1,
    compare={"values": LOOSE},
)
def doubles(work: Work, rng: Rng):
    """Every number is doubled."""
    # one call only
    return {"values": work.double(_input(rng))}
'''
    )


def test_without_compare_the_labels_and_tolerances_are_gone_and_the_rest_is_there():
    stripped = extract(CHECKS, ["classifies", "doubles"], "checks.py", strip_compare=True)

    for gone in ("_labels", "SECRET", "accuracy", "LOOSE", "close", "compare", "17"):
        assert gone not in stripped
    assert "@check(exercise='double', points=2, visibility='hidden')\ndef classifies(work, rng):" in stripped
    assert "import math, os\n" in stripped


def test_with_compare_the_labels_stay():
    assert "def _labels" in extract(CHECKS, ["classifies"], "checks.py")


def names_in(text: str) -> set[str]:
    return {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)} | {
        target.id for node in ast.parse(text).body if isinstance(node, ast.Assign) for target in node.targets
    }


@pytest.mark.parametrize(
    "use",
    [
        "def f():\n    def inner():\n        return K\n    return inner",
        "@K\ndef f(): pass",
        "def f(x=K): pass",
        "def f(*, x=K): pass",
        "class f(K): pass",
        "class f:\n    size = K",
        "class f:\n    def g(self): return [K for _ in ()]",
        'def f(): return f"{1:{K}}"',
        "def f(x: K): pass",
        "def f() -> 'list[K]': pass",
        "f = 1\ndef f():\n    global K\n    K = 2",
        "def f(): return (lambda: K)()",
        "def helper(): return K\ndef f(): return helper()",
        "async def f(): return K",
        "def f():\n    K.x = 1",
    ],
)
def test_a_name_is_found_wherever_it_is_used(use):
    assert {"K", "f"} <= names_in(extract(f"K = 1\nL = 2\n{use}\n", ["f"], "c.py")) | {"f"}
    assert "L" not in names_in(extract(f"K = 1\nL = 2\n{use}\n", ["f"], "c.py"))


@pytest.mark.parametrize(
    "use",
    [
        "def f(K): return K",
        "def f():\n    K = 3\n    return K",
        "def f(): return [K for K in ()]",
        "def f():\n    def K(): pass\n    return K",
        "def f(x): return x.K",
        "def f(): return {'K': 1}",
        "def f():\n    for K in (): pass\n    def g(): return K\n    return g",
    ],
)
def test_a_local_of_the_same_name_does_not_bring_the_hidden_one(use):
    assert "SECRET" not in extract(f"K = 'SECRET'\n{use}\n", ["f"], "c.py")


def test_statements_that_fill_a_kept_table_are_kept_and_others_are_not():
    source = (
        "T = {}\nU = {}\nT['a'] = 1\nU['b'] = 2\nT.update(c=3)\nU.update(d=4)\nfor k in 'xy':\n    T[k] = 0\n"
        "import torch\ntorch.manual_seed(0)\ndef f(): return T, torch\n"
    )

    kept = extract(source, ["f"], "c.py")

    for there in ("T['a'] = 1", "T.update(c=3)", "T[k] = 0", "import torch\n"):
        assert there in kept
    assert "U" not in kept and "manual_seed" not in kept


def test_a_definition_in_a_block_is_kept_with_its_block():
    source = (
        "try:\n    import fast as quick\nexcept ImportError:\n    quick = None\n"
        "try:\n    import other\nexcept ImportError:\n    pass\ndef f(): return quick\n"
    )

    assert extract(source, ["f"], "c.py") == source.split("try:\n    import other")[0] + "\n\ndef f(): return quick\n"


def test_statements_on_one_line_are_taken_apart():
    assert extract("a = 1; b = 'SECRET'\ndef f(): return a\n", ["f"], "c.py") == "a = 1\n\n\ndef f(): return a\n"


def test_a_star_import_stays_because_nobody_knows_what_it_brings():
    assert extract("from m import *\nimport z\ndef f(): return g()\n", ["f"], "c.py").startswith(
        "from m import *\n\n\ndef"
    )


def test_text_is_cut_by_characters_and_not_by_bytes():
    kept = extract(
        "é = 'ü'; ö = 1\n@check(a='é', compare=(ö))\ndef f():\n    'ä'\n    return é\n",
        ["f"],
        "c.py",
        strip_compare=True,
    )

    assert kept == "é = 'ü'\n\n\n@check(a='é')\ndef f():\n    'ä'\n    return é\n"


def test_line_ends_of_windows_are_read():
    assert (
        extract("import a\r\ndef f():\r\n    return a\r\n", ["f"], "c.py") == "import a\n\n\ndef f():\n    return a\n"
    )


def test_errors_name_the_file_and_what_it_has():
    with pytest.raises(BadAssignment, match=r"^hw2/checks.py defines no function 'x'; it defines f, G$"):
        extract("def f(): pass\nclass G: pass\nx = 1\n", ["x"], "hw2/checks.py")
    with pytest.raises(BadAssignment, match=r"^checks.py: line 2 is not Python: "):
        extract("a = 1\ndef f(:\n", ["f"], "checks.py")


NAMES = st.sampled_from(["a", "b", "c", "d", "e"])


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(NAMES, st.lists(NAMES, max_size=3), min_size=1), st.data())
def test_what_is_cut_out_runs_as_the_whole_file_does(calls, data):
    """Whatever uses whatever: the part defines what is reachable, and exactly that."""
    source = "".join(
        f"def {name}(seen):\n    if '{name}' in seen: return seen\n    seen.append('{name}')\n"
        + "".join(f"    {used}(seen)\n" for used in uses if used in calls)
        + "    return seen\n"
        for name, uses in calls.items()
    )
    keep = data.draw(st.sampled_from(sorted(calls)))
    whole: dict[str, object] = {}
    part: dict[str, object] = {}

    exec(source, whole)
    text = extract(source, [keep], "c.py")
    exec(text, part)

    assert whole[keep]([]) == part[keep]([])
    assert names_in(text) == set(whole[keep]([]))


def test_several_threads_may_cut_at_the_same_time() -> None:
    sources = [
        f"import torch\n\n\ndef f{i}(x):\n    return torch.relu({'(' * 20}x{')' * 20})\n" * 30 for i in range(60)
    ]
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda i: extract(sources[i], [f"f{i}"], f"{i}.py"), range(60)))
    assert all(f"def f{i}(x)" in part for i, part in enumerate(parts))
