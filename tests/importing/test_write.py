"""The files of a reference folder: whatever a notebook holds, they can be read and hold all of it."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.assignment.create import create
from grader.assignment.folder import load
from grader.authoring.declare import Check
from grader.authoring.forgeable import forgeable, inside_judges
from grader.authoring.load import load_module, members
from grader.importing.errors import BadImport
from grader.importing.model import ByHand, Imported, ImportedTest, Task
from grader.importing.write import account, reference_files

CODES = st.one_of(st.text(), st.sampled_from(["assert '''a''' == 'a'", "x = '\\n'", "assert x, 'é'", '"""doc"""\na']))
TESTS = st.builds(
    ImportedTest,
    name=st.text(max_size=8),
    codes=st.lists(CODES, min_size=1, max_size=3).map(tuple),
    how=st.sampled_from(["asserted", "printed"]),
    points=st.sampled_from([1.0, 0.5, 1 / 3, 2.25, 10]),
    hidden=st.booleans(),
    description=st.text(max_size=20).filter(lambda text: not text or text.strip()),
)
TASKS = st.builds(
    Task,
    name=st.text(max_size=8),
    title=st.text(min_size=1, max_size=20).filter(lambda t: any(c.isprintable() and not c.isspace() for c in t)),
    names=st.just(("f",)),
    tests=st.lists(TESTS, min_size=1, max_size=3).map(tuple),
)
CELL = st.tuples(st.sampled_from(["code", "markdown", "raw"]), st.text(st.characters(exclude_categories=["Cs"])))


def imported(tasks=(), cells=(), attachments=None, by_hand=(), left_out=()) -> Imported:
    return Imported("nbgrader", "Sums", tuple(cells), attachments or {}, tuple(tasks), tuple(by_hand), tuple(left_out))


def written(folder: Path, what: Imported):
    home = create(folder, "hw7", reference_files(what, 'a "b".ipynb', "hw7"))
    assignment = load(folder, "hw7")
    for path in home.iterdir():
        path.unlink()
    home.rmdir()
    return assignment


def source(what: Imported) -> str:
    return reference_files(what, 'a "b".ipynb', "hw7")["checks.py"]


@settings(deadline=None)
@given(st.lists(TASKS, min_size=1, max_size=3))
def test_every_test_is_a_check_with_its_code_points_and_visibility(tasks):
    checks = members(load_module(source(imported(tasks)), "checks.py"), Check)
    tests = [test for task in tasks for test in task.tests]
    assert [(c.visibility == "hidden") for c in checks] == [test.hidden for test in tests]
    assert [c.points for c in checks] == pytest.approx([test.points for test in tests])
    for check, test in zip(checks, tests, strict=True):
        constant = check.function.__globals__[check.name.upper()]
        assert (constant if isinstance(constant, tuple) else (constant,)) == test.codes


@settings(deadline=None)
@given(st.lists(TASKS, min_size=1, max_size=3))
def test_the_settings_can_be_read_and_their_points_add_up(tmp_path_factory, tasks):
    read = written(tmp_path_factory.mktemp("course"), imported(tasks)).settings
    checks = members(load_module(source(imported(tasks)), "checks.py"), Check)
    assert read.title == "Sums"
    for exercise in read.exercise:
        total = sum(check.points for check in checks if check.exercise == exercise.id)
        assert round(total, 6) == exercise.points


@settings(deadline=None)
@given(st.lists(CELL, max_size=5))
def test_the_notebook_holds_every_cell_whatever_is_in_it(tmp_path_factory, cells):
    cells = [(kind, text.replace("\r\n", "\n").replace("\r", "\n")) for kind, text in cells]
    files = reference_files(imported([TASK], cells), "a.ipynb", "hw7")
    home = create(tmp_path_factory.mktemp("course"), "hw7", files)
    read = load(home.parents[1], "hw7").solution().cells
    assert [(c.kind, c.source.rstrip()) for c in read if c.kind or c.source] == [(k, t.rstrip()) for k, t in cells] or (
        not cells and [c.source for c in read] == [""]
    )


TASK = Task("f", "F", ("f",), (ImportedTest("t", ("assert f",), "asserted", 1.0, False),))


def test_what_a_percent_file_cannot_hold_makes_a_notebook_file():
    picture = {0: {"a.png": {"image/png": "aGk="}}}
    files = reference_files(imported([TASK], [("markdown", "![](attachment:a.png)")], picture), "a.ipynb", "hw7")
    (cell,) = json.loads(files["solution.ipynb"])["cells"]
    assert cell["attachments"] == picture[0]
    assert 'solution = "solution.ipynb"' in files["assignment.toml"]
    assert "solution.ipynb" in reference_files(imported([TASK], [("code", "# %%\nx")]), "a.ipynb", "hw7")
    assert "solution.py" in reference_files(imported([TASK], [("code", "x")]), "a.ipynb", "hw7")


def test_that_such_tests_can_be_forged_is_said_in_checks_readme_and_account():
    files = reference_files(imported([TASK]), "a.ipynb", "hw7")
    for text in (files["checks.py"], files["README.md"], "\n".join(account(imported([TASK]), "hw7"))):
        assert "decide inside the student's process" in text
    assert inside_judges(files["checks.py"]) == ("t",)
    assert forgeable(files["checks.py"]) == ()


def test_what_a_person_grades_and_what_is_lost_is_in_account_and_readme():
    what = imported([TASK], by_hand=[ByHand("essay", 2), ByHand("plot", 1)], left_out=["a is b"])
    lines = account(what, "hw7")
    assert lines[0] == "hw7: 1 exercise with 1 check (0 hidden), 1 point, from nbgrader"
    assert lines[1] == "graded by hand and not counted: 3 points: essay (2 points), plot (1 point)"
    assert lines[-1] == "not carried over: a is b"
    readme = reference_files(what, "a.ipynb", "hw7")["README.md"]
    assert "## Graded by hand: 3 points" in readme and "- plot: 1 point" in readme and "- a is b" in readme


def test_a_notebook_without_tests_makes_no_assignment():
    with pytest.raises(BadImport) as caught:
        reference_files(imported(by_hand=[ByHand("essay", 2)]), "a.ipynb", "hw7")
    assert str(caught.value) == (
        "a.ipynb: a person grades 2 points of it, and no test grades anything: an assignment needs an exercise with "
        "a check"
    )
