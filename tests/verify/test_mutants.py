import ast
from functools import cache
from pathlib import Path

import pytest

from grader.assignment.errors import BadAssignment
from grader.assignment.extract import extract
from grader.assignment.folder import load
from grader.verify.mutants import Mutant, mutants

COURSE = Path(__file__).parents[2]
ASSIGNMENTS = {name: load(COURSE, name) for name in ("hw1", "hw2", "hw3", "hw4")}
EXERCISES = [(name, exercise) for name, found in ASSIGNMENTS.items() for exercise in found.settings.exercise]
SHIPPED = pytest.mark.parametrize(
    ("assignment", "exercise"), EXERCISES, ids=[f"{name}-{exercise.id}" for name, exercise in EXERCISES]
)


@cache
def definitions(assignment, names):
    cells = ASSIGNMENTS[assignment].solution_cells()
    return extract("\n\n".join(cell.source for cell in cells), names, "solution.py")


@cache
def made(assignment, names):
    return mutants(definitions(assignment, names), names)


@SHIPPED
def test_mutants_of_a_shipped_reference_compile_and_all_differ(assignment, exercise):
    source = definitions(assignment, exercise.names)
    trees = [ast.dump(ast.parse(mutant.source)) for mutant in made(assignment, exercise.names)]
    assert 1 < len({*trees, ast.dump(ast.parse(source))}) == len(trees) + 1
    for mutant in made(assignment, exercise.names):
        compile(mutant.source, "mutant", "exec")


@SHIPPED
def test_only_the_changed_lines_of_a_shipped_reference_change(assignment, exercise):
    lines = definitions(assignment, exercise.names).split("\n")
    for mutant in made(assignment, exercise.names):
        before = mutant.before.split("\n") if mutant.before else []
        after = mutant.after.split("\n") if mutant.after else []
        start = mutant.line - 1
        assert lines[start : start + len(before)] == before
        assert [*lines[:start], *after, *lines[start + len(before) :]] == mutant.source.split("\n")
        # What is longest is a loop or block that stands one level further left.
        assert len(before) <= 12


@SHIPPED
def test_ids_are_unique_and_stay_when_lines_are_added_above(assignment, exercise):
    names = exercise.names
    ids = [mutant.id for mutant in made(assignment, names)]
    assert len(set(ids)) == len(ids)
    moved = []
    for line in definitions(assignment, names).split("\n"):
        indentation = line[: len(line) - len(line.lstrip())]
        code = line.strip().startswith(("return", "if", "self.", "def ", "for "))
        moved += ["", f"{indentation}# A comment."] * code + [line]
    assert [mutant.id for mutant in mutants("\n".join(["", "# Above.", *moved]), names)] == ids


def ids(source: str, *names: str) -> dict[str, str]:
    return {mutant.after.strip(): mutant.id for mutant in mutants(source, names or ["f"])}


def test_an_id_does_not_depend_on_format_comments_or_other_code():
    one = ids("def f(x):\n    return x + 1\n")
    other = ids("import a\n\ndef f(x):  # why\n    'Docstring.'\n    y = a.b\n    return ( x+1 )\n")
    assert one["return x - 1"] == other["return ( x-1 )"]


def test_an_id_depends_on_the_definition_and_on_the_operator():
    methods = "class A:\n    def {}(self, x):\n        return x + 1\n"
    assert not set(ids(methods.format("f"), "A").values()) & set(ids(methods.format("g"), "A").values())


def test_the_same_change_of_equal_lines_has_ids_in_the_order_of_the_lines():
    twice = [m.id for m in mutants("def f(x):\n    g()\n    x = 1\n    g()\n", ["f"]) if m.operator == "call dropped"]
    once = [m.id for m in mutants("def f(x):\n    g()\n    x = 1\n", ["f"]) if m.operator == "call dropped"]
    assert len(set(twice)) == 2
    assert twice[0] == once[0]


def test_only_the_named_definitions_change():
    source = "K = 1\n\n\ndef helper(x):\n    return x + K\n\n\ndef f(x):\n    return helper(x)\n"
    for mutant in mutants(source, ["f"]):
        assert mutant.source.startswith("K = 1\n\n\ndef helper(x):\n    return x + K\n\n\ndef f(x):\n")
    assert {m.after for m in mutants(source, ["K"])} == {"K = 0"}


def test_a_definition_may_be_any_statement():
    made = mutants("# Weights.\n\nwith torch.no_grad():\n    w = 2\n", ["w"])
    assert [m.source for m in made] == [f"# Weights.\n\nwith torch.no_grad():\n    w = {n}\n" for n in (3, 1)]
    assert {m.line for m in made} == {4}


def test_classes_change_in_their_methods_and_defaults():
    source = "class A(B):\n    size = 2\n\n    def f(self, n=3):\n        return self.size\n"
    assert [m.after.strip() for m in mutants(source, ["A"])] == [
        "size = 3",
        "size = 1",
        "def f(self, n=4):",
        "def f(self, n=2):",
        "return None",
    ]


def test_no_two_mutants_are_the_same_program():
    # That `super().f()` is dropped, and that a call is, would be the same change twice.
    made = mutants("def f(self):\n    super().f()\n", ["f"])
    assert [(m.operator, m.after.strip()) for m in made] == [("super dropped", "pass")]


def test_what_would_not_compile_is_left_out():
    source = "def f(x):\n    match x:\n        case math.inf:\n            return y\n"
    assert [m.after.strip() for m in mutants(source, ["f"])] == ["return None", "return y.detach()"]
    assert "infinity" in {m.operator for m in mutants(source.replace("return y", "return math.inf"), ["f"])}


def test_code_without_room_for_a_word_is_left_as_it_is():
    assert all("ifTrue" not in m.source for m in mutants("def f(x):\n    if(x):\n        g()\n        h()\n", ["f"]))


def test_a_diff_shows_what_went_and_what_came():
    mutant = Mutant(id="0" * 10, operator="dimension", line=3, before="    a\n    b", after="    c", source="")
    assert mutant.diff == "-    a\n-    b\n+    c"
    assert Mutant(id="0" * 10, operator="x", line=1, before="a", after="", source="").diff == "-a"


def test_a_definition_that_holds_nothing_to_change_has_no_mutants():
    assert mutants("def f():\n    'Docstring.'\n", ["f"]) == ()


def test_names_that_are_not_defined_are_named():
    with pytest.raises(BadAssignment, match="the solution does not define g, h, so it cannot be changed there"):
        mutants("def f(): return 1\n", ["f", "g", "h"])


def test_what_is_no_python_is_refused():
    with pytest.raises(BadAssignment, match="the solution's line 2 is not Python"):
        mutants("def f():\n  return return\n", ["f"])
