"""The notebooks that nbgrader documents itself with, and what otter makes of ours; where the two are installed.

``uv run --with nbgrader --with otter-grader pytest -m slow tests/importing``
"""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from importing.notebooks import OTTER, write

from grader.cli import main
from grader.importing.load import read_foreign

SHIPPED = {"ps1/problem1": 3.0, "ps1_autotest/problem1": 3.0}


def installed(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} is not installed: uv run --with nbgrader --with otter-grader pytest -m slow")
    return Path(spec.origin).parent


def score(notebook: Path, name: str, capsys: pytest.CaptureFixture[str]) -> float:
    assert main(["submit", str(notebook), "--assignment", name, "--student", "ada", "--json"]) == 0
    return json.loads(capsys.readouterr().out)["score"]


@pytest.mark.slow
@pytest.mark.parametrize("notebook", SHIPPED)
def test_nbgraders_own_problem_set_is_imported_released_and_graded(notebook, tmp_path, monkeypatch, capsys):
    source = installed("nbgrader") / "docs" / "source" / "user_guide" / "source" / f"{notebook}.ipynb"
    monkeypatch.chdir(tmp_path)
    assert main(["import", str(source), "--name", "ps1"]) == 0
    assert main(["release", "ps1"]) == 0
    capsys.readouterr()
    assert score(Path("reference/ps1/solution.py"), "ps1", capsys) == SHIPPED[notebook]
    assert score(Path("assignments/ps1/ps1.ipynb"), "ps1", capsys) == 0


@pytest.mark.slow
def test_nbgraders_notebook_of_answers_in_words_makes_no_assignment(tmp_path, capsys):
    source = installed("nbgrader") / "docs" / "source" / "user_guide" / "source" / "ps1" / "problem2.ipynb"
    assert main(["import", str(source), "--course", str(tmp_path)]) == 2
    assert "problem2.ipynb: a person grades 3 points of it, and no test grades anything" in capsys.readouterr().err


@pytest.mark.slow
def test_otter_itself_reads_the_same_questions_tests_and_points(tmp_path):
    installed("otter")
    import nbformat
    from otter.assign.assignment import Assignment
    from otter.assign.notebook_transformer import NotebookTransformer
    from otter.assign.tests_manager import AssignmentTestsManager
    from otter.test_files.abstract_test import TestFile

    path = write(tmp_path, *OTTER, name="small.ipynb")
    assignment = Assignment()
    assignment.lang, assignment.master = "python", path
    tests = AssignmentTestsManager(assignment)
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].split("\n")
    NotebookTransformer(assignment, tests).transform_notebook(notebook)
    theirs = {}
    for name in (name for name, cases in tests._tests_by_question.items() if cases):
        info = tests._create_test_file_info(name)
        cases = TestFile.resolve_test_file_points(info["points"], info["test_cases"])
        theirs[name] = [(case.points, case.hidden) for case in cases if case.points]

    ours = {task.name: [(test.points, test.hidden) for test in task.tests] for task in read_foreign(path).tasks}
    assert ours == theirs == {"q1": [(2, False), (1, True)], "Two Halves": [(2, True)]}
