"""A source notebook of nbgrader: what becomes of each kind of cell."""

import pytest
from importing.notebooks import NBGRADER, answer, code, marked, test_cell, text, write

from grader.importing.errors import BadImport
from grader.importing.load import read_foreign
from grader.importing.model import ByHand, Imported


@pytest.fixture
def imported(tmp_path) -> Imported:
    return read_foreign(write(tmp_path, *NBGRADER))


def test_each_answer_with_tests_becomes_an_exercise_with_the_names_that_it_defines(imported):
    assert imported.title == "Sums"
    assert [(task.name, task.title, task.names) for task in imported.tasks] == [
        ("area", "Part A", ("area",)),
        ("total", "Part B", ("total",)),
    ]


def test_tests_keep_their_points_and_are_hidden_where_any_of_them_is(imported):
    found = [(t.name, t.points, t.hidden, t.description) for task in imported.tasks for t in task.tests]
    assert found == [
        ("area-right", 2, False, "Areas of some circles."),
        ("area-hidden", 1.5, True, ""),
        ("total-right", 0.5, False, ""),
    ]
    hidden = imported.tasks[0].tests[1]
    assert hidden.codes == ("assert close(area(2), 4 * math.pi), 'twice the radius'\nassert area(0) == 0",)


def test_every_cell_stays_in_the_notebook_in_its_order(imported):
    texts = [source for _, source in imported.cells]
    assert texts[2].endswith("    ### BEGIN SOLUTION\n    return math.pi * r * r\n    ### END SOLUTION")
    assert "### BEGIN HIDDEN TESTS\nassert area(0) == 0\n### END HIDDEN TESTS" in texts[4]
    assert texts[6] == "### BEGIN SOLUTION\ntotal = area(1) + area(2)\n### END SOLUTION"
    assert texts[8] == "assert total"


def test_what_a_person_grades_is_noted_above_its_cell_and_counted_apart(imported):
    assert imported.by_hand == (ByHand("why", 3), ByHand("draw", 2), ByHand("story", 4))
    assert imported.cells[-6:] == (
        ("markdown", "*Graded by hand: 3 points.*"),
        ("markdown", "### BEGIN SOLUTION\nBecause.\n### END SOLUTION"),
        ("markdown", "*Graded by hand: 2 points.*"),
        ("code", "### BEGIN SOLUTION\ndraw = None\n### END SOLUTION"),
        ("markdown", "*Graded by hand: 4 points.*"),
        ("markdown", "Tell a story.\n\n### BEGIN MARK SCHEME\n1 point for style\n### END MARK SCHEME"),
    )


def test_autotests_become_values_to_be_compared_and_hashed_ones_are_hidden(tmp_path):
    source = "def twice(f): return f(), f()\n### AUTOTEST two(1); two(2)\n# HASHED AUTOTEST two(3);"
    imported = read_foreign(write(tmp_path, answer("def two(x): return 2 * x", "two"), test_cell(source, "t")))
    (test,) = imported.tasks[0].tests
    assert (test.how, test.hidden) == ("printed", True)
    assert test.codes == ("def twice(f): return f(), f()\ntwo(1); two(2)\ntwo(3)",)
    assert imported.cells[1][1].strip() == "def twice(f): return f(), f()"


def test_a_test_goes_to_the_answer_whose_names_it_uses_wherever_it_stands(tmp_path):
    cells = (answer("a = 1", "one"), answer("b = 2", "two"), test_cell("assert a", "t1"), test_cell("assert b", "t2"))
    tasks = read_foreign(write(tmp_path, *cells)).tasks
    assert [(task.name, [test.name for test in task.tests]) for task in tasks] == [("one", ["t1"]), ("two", ["t2"])]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (
            [test_cell("assert True", "early", 2)],
            "the test 'early' (2 points) is not run: no autograded answer before it defines a name",
        ),
        (
            [answer("a = 1", "a"), test_cell("%timeit a", "magic", 1)],
            "the test 'magic' (1 point) is not run: its cell is no Python that can run by itself",
        ),
        ([answer("a = 1", "idle")], "no test is worth points for the answer 'idle': it is in no exercise"),
        ([text("![](pic.png) ![](https://x/y.png)")], "pictures beside the notebook (pic.png) are not copied"),
        (
            [marked("markdown", "Read.", "info", locked=True)],
            "cells that Jupyter kept from being edited can be edited: grading does not use them",
        ),
    ],
)
def test_what_cannot_be_carried_over_is_said_in_one_sentence(tmp_path, cells, told):
    imported = read_foreign(write(tmp_path, *cells, answer("z = 1", "z")))
    assert any(sentence.startswith(told) for sentence in imported.left_out), imported.left_out


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (
            [answer("a = 1", "a"), test_cell("assert a", "a")],
            "ps1.ipynb, cell 2: grade_id 'a' is another cell's already; give each cell one of its own",
        ),
        (
            [answer("### BEGIN SOLUTION\na = 1", "a")],
            "ps1.ipynb, cell 1, line 1: BEGIN SOLUTION without an END SOLUTION after it",
        ),
        (
            [answer("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "a")],
            "ps1.ipynb, cell 1, line 2: BEGIN SOLUTION inside the SOLUTION region that line 1 began",
        ),
        (
            [code("x"), answer("a\n# END SOLUTION", "a")],
            "ps1.ipynb, cell 2, line 2: END SOLUTION without a BEGIN SOLUTION before it",
        ),
        (
            [answer("a = 1", "a"), test_cell("assert a", "t", "many")],
            "ps1.ipynb, cell 2: the points of 't' must be a number, 0 or more; they are 'many'",
        ),
        (
            [answer("a = 1", "a"), test_cell("assert a", "t", None)],
            "ps1.ipynb, cell 2: the points of 't' must be a number, 0 or more; they are None",
        ),
        (
            [answer("a = 1", "")],
            "ps1.ipynb, cell 1: it is graded or a solution and has no grade_id; give it one in nbgrader",
        ),
        (
            [answer("# YOUR CODE HERE\nraise NotImplementedError()", "a")],
            "ps1.ipynb is what students got, without solutions; import the notebook in nbgrader's source folder",
        ),
    ],
)
def test_a_notebook_that_is_wrong_is_refused_with_its_place(tmp_path, cells, told):
    with pytest.raises(BadImport) as caught:
        read_foreign(write(tmp_path, *cells))
    assert str(caught.value) == told
