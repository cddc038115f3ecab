"""The quick walks over syntax trees see what Python's own see."""

import ast
from pathlib import Path

import pytest

from grader.notebook import nodes

HERE = Path(__file__).resolve()
SOURCES = [HERE, Path(nodes.__file__), Path(ast.__file__)]
BLOCKS = """
try:
    for i in x:
        with a as b: c = 1
    else:
        def f():
            global g
            if g: d = 2
except E as e:
    while 1: pass
else:
    class K:
        k = 3
finally:
    match x:
        case [y] if y: z = 4
"""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_children_are_those_of_ast_without_the_marks_for_loading_and_storing(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        expected = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr_context)]
        assert nodes.children(node) == expected


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_statements_with_scopes_are_all_there_are(path: Path) -> None:
    for statement in ast.parse(path.read_text()).body:
        found = nodes.statements(statement, in_scopes=True)
        expected = [node for node in ast.walk(statement) if isinstance(node, ast.stmt)]
        assert {id(node) for node in expected} <= {id(node) for node in found}
        assert len(found) == len({id(node) for node in found})


def test_statements_without_scopes_are_those_that_run_where_the_statement_does() -> None:
    (statement,) = ast.parse(BLOCKS).body
    found = nodes.statements(statement, in_scopes=False)
    assert [node.lineno for node in found if isinstance(node, ast.Assign)] == [4, 16]
    assert not any(isinstance(node, ast.Global) for node in found)
