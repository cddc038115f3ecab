"""What the look at a notebook's source finds, and what it leaves alone."""

import ast

import pytest
from support.proof import COURSE, NAMES

from grader.assignment import folder as course_folder
from grader.looks.model import Look, LookCell, LookExercise, Looks
from grader.looks.notebook import look

IMPORTS = "import torch\nimport torch.nn.functional as F\nfrom torch import nn"
AVOID = ("torch.softmax", "torch.nn.functional.softmax", "torch.nn.Softmax")


def looked(*cells: str, avoid: tuple[str, ...] = AVOID) -> Looks:
    exercise = LookExercise("my_softmax", ("my_softmax",), avoid)
    return look([LookCell(i, source) for i, source in enumerate((IMPORTS, *cells), start=1)], [exercise])


def direct(found: Looks) -> list[tuple[int, int, str]]:
    return [(each.cell, each.line, each.what) for each in found.exercises.get("my_softmax", ()) if each.avoided]


def odd(found: Looks) -> list[Look]:
    return [each for each in (*found.exercises.get("my_softmax", ()), *found.elsewhere) if not each.avoided]


@pytest.mark.parametrize(
    ("cell", "line", "what"),
    [
        ("def my_softmax(x, dim):\n    return F.softmax(x, dim)", 2, "`F.softmax`"),
        ("def my_softmax(x, dim):\n    return torch.nn.functional.softmax(x, dim)", 2, "`torch.nn.functional.softmax`"),
        ("from torch import softmax as s\ndef my_softmax(x, dim):\n    return s(x, dim)", 3, "`s`"),
        ("def my_softmax(x, dim):\n    from torch import softmax\n    return softmax(x, dim)", 3, "`softmax`"),
        (
            "def my_softmax(x, dim):\n    import torch.nn.functional as G\n    return G.softmax(x, dim)",
            3,
            "`G.softmax`",
        ),
        ("def my_softmax(x, dim):\n    return x.softmax(dim)", 2, "`x.softmax`"),
        ("def my_softmax(x, dim):\n    return (x - x.amax()).softmax(dim)", 2, "`….softmax`"),
        ("def my_softmax(x, dim):\n    return torch.Tensor.softmax(x, dim)", 2, "`torch.Tensor.softmax`"),
        ("def my_softmax(x, dim):\n    return nn.Softmax(dim)(x)", 2, "`nn.Softmax`"),
        (
            "def my_softmax(x, dim):\n    return nn.modules.activation.Softmax(dim)(x)",
            2,
            "`nn.modules.activation.Softmax`",
        ),
        ("def my_softmax(x, dim):\n    f = F\n    return f.softmax(x, dim)", 3, "`f.softmax`"),
        ("from torch.nn.functional import *\ndef my_softmax(x, dim):\n    return softmax(x, dim)", 3, "`softmax`"),
        ("my_softmax = lambda x, dim: F.softmax(x, dim)", 1, "`F.softmax`"),
        ("my_softmax = torch.softmax", 1, "`torch.softmax`"),
        ("def my_softmax(x, dim, f=F.softmax):\n    return f(x, dim)", 1, "`F.softmax`"),
        ("if True:\n    def my_softmax(x, dim):\n        return [F.softmax(r, 0) for r in x]", 3, "`F.softmax`"),
        ("%matplotlib inline\ndef my_softmax(x, dim):\n    return F.softmax(x, dim)", 3, "`F.softmax`"),
        ("%%time\ndef my_softmax(x, dim):\n    return F.softmax(x, dim)", 3, "`F.softmax`"),
        ("def my_softmax(x, dim):\n    return F.softmax.__call__(x, dim)", 2, "`F.softmax.__call__`"),
    ],
)
def test_a_direct_use_is_found_with_cell_and_line(cell: str, line: int, what: str) -> None:
    found = looked(cell)
    assert direct(found) == [(2, line, what)]
    assert odd(found) == []


def test_a_use_says_which_name_it_is_and_that_the_exercise_is_to_be_written_without_it() -> None:
    (found,) = looked("def my_softmax(x, dim): return nn.Softmax(dim)(x)", avoid=("softmax",)).exercises["my_softmax"]
    assert (found.kind, found.avoided) == ("source", "softmax")
    assert found.why == "this exercise is to be written without `softmax`."


def test_helpers_classes_and_aliases_that_the_exercise_reaches_are_looked_at() -> None:
    cells = ("class Helper:\n    def run(self, x):\n        return again(x)", "again = F.softmax", "pick = Helper")
    found = looked(*cells, "def my_softmax(x, dim):\n    return pick().run(x)")
    assert direct(found) == [(2, 3, "`again`"), (3, 1, "`F.softmax`")]


@pytest.mark.parametrize(
    "cells",
    [
        (
            "def my_softmax(x, dim):\n    e = x.exp()\n    return e / e.sum(dim, keepdim=True)",
            "F.softmax(torch.ones(3), 0)",
        ),
        ("def my_softmax(x, dim):\n    return F.softmax(x, dim)", "def my_softmax(x, dim):\n    return x.exp()"),
        ("def expected(x):\n    return F.softmax(x, 0)", "def my_softmax(x, dim):\n    return x.exp()"),
        ("def softmax(x):\n    return x.exp()", "def my_softmax(x, dim):\n    return softmax(x)"),
        (
            "from torch import softmax",
            "def softmax(x):\n    return x.exp()",
            "def my_softmax(x, dim):\n    return softmax(x)",
        ),
        ("def my_softmax(x, dim):\n    softmax = x.exp()\n    return softmax / softmax.sum()",),
        ("class my_softmax:\n    def softmax(self, x): return x\n    def __call__(self, x): return self.softmax(x)",),
        ("def my_softmax(x, dim):\n    'Like F.softmax.'\n    return F.log_softmax(x, dim).exp()",),
        ("def my_softmax(x, dim):\n    # F.softmax(x)\n    return x",),
        ("def my_softmax(x dim: F.softmax(",),
    ],
)
def test_what_is_no_use_gives_no_finding(cells: tuple[str, ...]) -> None:
    assert looked(*cells) == Looks()


def test_an_early_attempt_counts_where_something_took_hold_of_it() -> None:
    cells = ("def my_softmax(x, dim):\n    return F.softmax(x, dim)", "_s = my_softmax")
    assert direct(looked(*cells, "def my_softmax(x, dim):\n    return _s(x, dim)")) == [(2, 2, "`F.softmax`")]


def test_matrix_products_written_as_an_operator_count_as_matmul() -> None:
    assert direct(looked("def my_softmax(x, dim):\n    return x @ x", avoid=("torch.matmul",))) == [(2, 2, "`@`")]


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("getattr(F, 'soft' + 'max')", "`getattr` with the name `softmax`"),
        ("getattr(F, name)", "`getattr` of a part of torch with a computed name"),
        ("from operator import methodcaller\nmethodcaller('softmax', 0)", "`methodcaller` with the name `softmax`"),
        ("x.__getattribute__('softmax')", "`__getattribute__` with the name `softmax`"),
        ("F.__dict__['soft' 'max']", "`F.__dict__`"),
        ("vars(F)[name]", "`vars` of a part of torch"),
        ("import importlib\nimportlib.import_module('torch')", "`importlib.import_module`"),
        ("__import__('torch').softmax", "`__import__`"),
        ("exec('def my_softmax(): pass')", "`exec`"),
        ("run = eval", "`eval`"),
        ("compile('1', '', 'eval')", "`compile`"),
        ("torch._C._nn.softmax(x)", "`torch._C._nn.softmax`"),
        ("import torch._C as c", "`import torch._C`"),
        ("torch.ops.aten._softmax(x, 0, False)", "`torch.ops.aten._softmax`"),
        ("import sys\nsys._getframe(1)", "`sys._getframe`"),
        ("import sys as s\nf = s._getframe", "`s._getframe`"),
        ("from sys import _getframe as g\ng()", "`import sys._getframe`"),
        ("import inspect\ninspect.stack()", "`inspect.stack`"),
        ("frame.f_back", "`frame.f_back`"),
        ("import gc\ngc.get_objects()", "`gc.get_objects`"),
        ("import ctypes", "`import ctypes`"),
        ("import sys\nsys.settrace(print)", "`sys.settrace`"),
        ("import sys\nsys.setprofile(print)", "`sys.setprofile`"),
        ("import sys\nsys.addaudithook(print)", "`sys.addaudithook`"),
        ("import atexit\natexit.register(print)", "`atexit.register`"),
        ("torch.allclose = lambda *a: True", "`torch.allclose` is replaced"),
        ("torch.Tensor.__eq__ = lambda a, b: True", "`torch.Tensor.__eq__` is replaced"),
        ("nn.Linear.forward = None", "`nn.Linear.forward` is replaced"),
        ("import builtins\nbuiltins.len = print", "`builtins.len` is replaced"),
        ("import builtins\nsetattr(builtins, 'len', print)", "`setattr(builtins, …)`"),
        ("setattr(torch, 'equal', print)", "`setattr(torch, …)`"),
        ("open('/proc/self/environ')", "the text `/proc/self/environ`"),
        ("f'/proc/{1}/mem'", "the text `/proc/`"),
        ("from grader.authoring import check", "`import grader.authoring.check`"),
        ("import grader\ngrader.live", "`grader.live`"),
        ("import os\nos.environ.get('GRADER_OBSERVED')", "the text `GRADER_OBSERVED`"),
    ],
)
def test_what_an_honest_notebook_hardly_needs_is_worth_a_look_in_any_cell(cell: str, what: str) -> None:
    found = odd(looked(cell))
    assert what in [each.what for each in found]
    assert all((each.kind, each.cell) == ("source", 2) and each.why.endswith(".") for each in found)


def test_the_shortcut_by_a_name_that_no_text_search_sees() -> None:
    cell = (
        "import importlib\n"
        'def my_softmax(x, dim): return getattr(importlib.import_module("torch.nn." + "funct" + "ional"), '
        '"soft" + "max")(x, dim)'
    )
    assert [each.what for each in looked(cell).exercises["my_softmax"]] == [
        "`getattr` with the name `softmax`",
        "`importlib.import_module`",
    ]


def test_a_patch_of_torch_belongs_to_every_exercise_that_uses_torch() -> None:
    found = looked("torch.eq = torch.Tensor.eq = print", "def my_softmax(x, dim):\n    return torch.exp(x)")
    assert [each.what for each in found.exercises["my_softmax"]] == [
        "`torch.Tensor.eq` is replaced",
        "`torch.eq` is replaced",
    ]
    assert found.elsewhere == ()


@pytest.mark.parametrize(
    "cell",
    [
        "model = nn.Linear(2, 2)\nmodel.eval()\nmodel.weight.grad = None\nmodel.forward = model.forward",
        "torch.backends.cudnn.deterministic = True\ntorch.backends.cuda.matmul.allow_tf32 = False",
        "import importlib, sys\nimportlib.reload(sys)\nif 'google.colab' in sys.modules: pass\nsys.path.append('.')",
        "import gc, inspect\ngc.collect()\ninspect.signature(print)\nprint(inspect.getsource(gc))",
        "import grader\ngrader.check('my_softmax')\nfrom grader import check",
        "open('/proc/cpuinfo').read()\nopen('/proc/meminfo')\n!cat /proc/1/status",
        "import re\nre.compile('a')\ntorch.compile(nn.Linear(1, 1))\ngetattr(nn.Linear(1, 1), name)",
        "act = getattr(model, f'layer{1}')\nsetattr(model, name, act)\ngetattr(torch, 'float32')",
        "import torchvision\ntorchvision.datasets.MNIST.resources = []\ntorchvision.ops.nms",
    ],
)
def test_what_honest_notebooks_do_gives_no_finding(cell: str) -> None:
    assert looked(cell) == Looks()


def test_computed_names_matter_only_where_an_exercise_avoids_something() -> None:
    assert looked("getattr(nn, name)", avoid=()) == Looks()


def test_a_cell_that_is_too_much_to_parse_is_named_and_the_others_are_looked_at() -> None:
    found = looked("x = " + "+".join(["1"] * 300_000), "def my_softmax(x): return F.softmax(x)")
    assert [(each.kind, each.cell, each.what) for each in found.elsewhere] == [
        ("unparsed", 2, "cell 2 could not be parsed for the source check")
    ]
    assert direct(found) == [(3, 1, "`F.softmax`")]


def test_what_is_found_is_bounded() -> None:
    assert len(looked(*["def my_softmax(x): return [" + "F.softmax(x),\n" * 90 + "]"]).exercises["my_softmax"]) == 20


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_solutions_and_alternatives_give_no_finding(name: str) -> None:
    assignment = course_folder.load(COURSE, name)
    cells = [LookCell(cell.number, cell.source) for cell in assignment.solution_cells()]
    settings = assignment.settings.exercise
    exercises = [LookExercise(exercise.id, exercise.names, exercise.avoid) for exercise in settings]
    assert look(cells, exercises) == Looks()
    # Each alternative as a cell of its own, its definitions at the end of the notebook.
    avoid = {exercise.id: exercise.avoid for exercise in settings}
    nodes = [n for n in ast.parse(assignment.alternatives_source()).body if not _is_from_grader(n)]
    alternatives = [n for n in nodes if isinstance(n, ast.FunctionDef) and n.decorator_list]
    exercises = [LookExercise(n.name, (n.name,), avoid[_exercise_of(n)]) for n in alternatives]
    for node in alternatives:
        node.decorator_list = []
    more = [LookCell(100 + i, ast.unparse(node)) for i, node in enumerate(nodes)]
    assert len(exercises) > 20
    assert look([*cells, *more], exercises) == Looks()


def _is_from_grader(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("grader")


def _exercise_of(node: ast.FunctionDef) -> str:
    (decorator,) = node.decorator_list
    assert isinstance(decorator, ast.Call)
    return str(ast.literal_eval(decorator.keywords[0].value))
