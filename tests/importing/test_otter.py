"""A notebook of otter assign: questions, solutions, tests and prompts."""

import pytest
from importing.notebooks import OTTER, code, raw, text, write

from grader.importing.errors import BadImport
from grader.importing.load import read_foreign
from grader.importing.model import ByHand, Imported


def question(config: str, solution: str, *tests: str, **blocks: str) -> list:
    prompt = [raw("# BEGIN PROMPT"), code(blocks["prompt"]), raw("# END PROMPT")] if "prompt" in blocks else []
    return [
        raw(f"# BEGIN QUESTION\n{config}"),
        *prompt,
        raw("# BEGIN SOLUTION"),
        code(solution),
        raw("# END SOLUTION"),
        raw("# BEGIN TESTS"),
        *map(code, tests),
        raw("# END TESTS"),
        raw("# END QUESTION"),
    ]


@pytest.fixture
def imported(tmp_path) -> Imported:
    return read_foreign(write(tmp_path, *OTTER))


def test_questions_with_tests_become_exercises_in_raw_and_in_fenced_cells(imported):
    assert imported.title == "Small things"
    assert [(task.name, task.title, task.names) for task in imported.tasks] == [
        ("q1", "Squares", ("square", "nine")),
        ("Two Halves", "Two Halves", ("halve",)),
    ]


def test_points_are_shared_as_otter_shares_them_and_outputs_are_compared(imported):
    found = [(t.name, t.codes, t.how, t.points, t.hidden) for task in imported.tasks for t in task.tests]
    assert found == [
        ("q1_1", ("square(4)",), "printed", 2, False),
        ("q1_2", ("assert square(-2) == 4\nnine",), "printed", 1, True),
        ("Two Halves_2", ("print(halve(5))",), "printed", 2, True),
    ]


def test_the_notebook_keeps_text_and_solutions_and_loses_what_is_otters(imported):
    assert imported.cells == (
        ("code", "import numpy as np"),
        ("markdown", "### Squares"),
        (
            "code",
            "def square(x):\n    ### BEGIN SOLUTION\n    y = x * x\n    return y\n    ### END SOLUTION\n\n"
            "### BEGIN SOLUTION\nnine = square(3)\n### END SOLUTION",
        ),
        ("markdown", "*Graded by hand: 2 points.*"),
        ("markdown", "What is a word?"),
        ("markdown", "### BEGIN SOLUTION\nA text without spaces.\n### END SOLUTION"),
        ("markdown", "Goodbye."),
        ("markdown", "Halve it."),
        ("code", "def halve(x):\n    ### BEGIN SOLUTION\n    return x / 2\n    ### END SOLUTION"),
        ("code", "halve(2) == 1"),
    )
    assert imported.by_hand == (ByHand("words", 2),)
    assert imported.left_out == (
        "files (a.csv) are not copied: put them into a folder and list it as data",
        "settings without a counterpart here: export_cell",
    )


def test_tests_that_are_functions_are_called_with_the_notebooks_names(tmp_path):
    test = (
        '""" # BEGIN TEST CONFIG\nname: big\nfailure_message: too small\n""" # END TEST CONFIG\n'
        "def test_big(x, env):\n    assert x > 1 and env['x']\n\ntest_big(x)  # IGNORE"
    )
    (tmp_path / "config.yml").write_text("tests:\n  ok_format: false\n")
    cells = [raw("# ASSIGNMENT CONFIG\nconfig_file: config.yml"), *question("name: q1", "x = 2 # SOLUTION", test)]
    imported = read_foreign(write(tmp_path, *cells))
    (found,) = imported.tasks[0].tests
    assert (found.name, found.how) == ("big", "asserted")
    assert found.codes == ("def test_big(x, env):\n    assert x > 1 and env['x']\ntest_big(x, globals())",)
    assert imported.left_out == ("the messages of the tests of 'q1' are not kept: reports say what raised",)


def test_all_or_nothing_makes_one_check_of_all_tests(tmp_path):
    cells = question("name: q1\npoints: 2\nall_or_nothing: true", "x = 2 # SOLUTION", "x > 1", "# HIDDEN\nx < 3")
    (found,) = read_foreign(write(tmp_path, *cells)).tasks[0].tests
    assert (found.codes, found.points, found.hidden) == (("x > 1", "x < 3"), 2, True)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (
            question("name: q9", "x = 2 # SOLUTION", "x", prompt="x = ..."),
            "the prompt of 'q9' is not kept: students get # YOUR CODE HERE",
        ),
        (
            question("name: q9", "x = 2", "x"),
            "no line of the solution of 'q9' is marked: all of its cells were taken as solution",
        ),
        (question("name: q9", "x = 2 # SOLUTION"), "no test belongs to 'q9': it is in no exercise"),
        (
            question("name: q9\npoints: 2", "print(1) # SOLUTION", "1"),
            "the tests of 'q9' (2 points) are not run: its solution defines no name, and a check needs one to look at",
        ),
        (
            question("name: q9\npoints: [1, 0]", "x = 2 # SOLUTION", "x", "# HIDDEN\nx"),
            "the hidden test 'q9_2' is not run: it is worth nothing, and a check has to be",
        ),
        (
            question("name: q9\nmanual: true", "x = 2 # SOLUTION", "x"),
            "the tests of 'q9' are not run: it is graded by hand",
        ),
        (
            [code("seed = 3 # SEED")],
            "otter's seeds are not set: lines marked # SEED stay as they are, for students too",
        ),
    ],
)
def test_what_cannot_be_carried_over_is_said_in_one_sentence(tmp_path, cells, told):
    assert told in read_foreign(write(tmp_path, *OTTER, *cells)).left_out


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ([raw("# BEGIN QUESTION\nname: a")], "cell 1: BEGIN QUESTION without an END QUESTION after it"),
        ([raw("# END QUESTION")], "cell 1: END QUESTION without a BEGIN QUESTION before it"),
        ([raw("# BEGIN TESTS")], "cell 1: BEGIN TESTS outside a question"),
        (
            [raw("# BEGIN QUESTION\nname: a"), raw("# BEGIN SOLUTION"), raw("# END QUESTION")],
            "cell 3: END QUESTION without a BEGIN QUESTION before it while the SOLUTION of ps1.ipynb, cell 2 is open",
        ),
        (
            [raw("# BEGIN QUESTION\nname: a"), raw("# BEGIN SOLUTION"), raw("# BEGIN TESTS")],
            "cell 3: BEGIN TESTS inside the SOLUTION of ps1.ipynb, cell 2",
        ),
        (
            [raw("# BEGIN QUESTION\nname: a"), raw("# BEGIN QUESTION\nname: b")],
            "cell 2: BEGIN QUESTION inside the QUESTION of ps1.ipynb, cell 1",
        ),
        (
            [raw("# BEGIN QUESTION\npoints: 1")],
            "cell 1: the question has no name; write name: q1 below # BEGIN QUESTION",
        ),
        (
            [raw("# BEGIN QUESTION\nname: a"), raw("# END QUESTION"), raw("# BEGIN QUESTION\nname: a")],
            "cell 3: another question is called 'a' already; give each a name of its own",
        ),
        (
            [raw("# BEGIN QUESTION\nname: [a")],
            "cell 1, line 2: its configuration is no YAML: expected ',' or ']', but got '<stream end>'",
        ),
        (
            [raw("# BEGIN QUESTION\njust words")],
            "cell 1: its configuration is no table of names and values, such as name: q1",
        ),
        ([text("```otter\n# BEGIN QUESTION\nname: a")], "cell 1: ```otter is not closed by ```"),
        (
            question("name: a", "x = 1\n# BEGIN SOLUTION\ny = 2", "x"),
            "cell 3: BEGIN SOLUTION without an END SOLUTION after it",
        ),
        (question("name: a", "x = 1 # SOLUTION", "%time x"), "cell 6: the test is no Python that can run by itself"),
        (
            question("name: a\npoints: [1, 2, 3]", "x = 1 # SOLUTION", "x"),
            "cell 1: it lists points for 3 tests and has 1",
        ),
        (
            question("name: a\npoints: lots", "x = 1 # SOLUTION", "x"),
            "cell 1: points must be a number, 0 or more; they are 'lots'",
        ),
        (
            question(
                "name: a\npoints: 1", "x = 1 # SOLUTION", '"""# BEGIN TEST CONFIG\npoints: 2\n"""# END TEST CONFIG\nx'
            ),
            "cell 1: its tests claim 2 points, and it has 1",
        ),
        (
            [raw("# ASSIGNMENT CONFIG\ntests: {ok_format: false}"), *question("name: a", "x = 1 # SOLUTION", "x")],
            "cell 7: the test must be a function that raises, since the assignment says ok_format: false",
        ),
        (
            [
                raw("# BEGIN QUESTION\nname: a"),
                raw("# BEGIN TESTS"),
                text("x"),
                raw("# END TESTS"),
                raw("# END QUESTION"),
            ],
            "cell 3: only code can stand among the tests of 'a'",
        ),
    ],
)
def test_a_notebook_that_is_wrong_is_refused_with_its_place(tmp_path, cells, told):
    with pytest.raises(BadImport) as caught:
        read_foreign(write(tmp_path, *cells))
    assert str(caught.value) == f"ps1.ipynb, {told}"


def test_a_config_file_that_is_not_there_is_asked_for(tmp_path):
    with pytest.raises(BadImport, match=r"ps1.ipynb: its config_file 'no.yml' cannot be read; put it beside the"):
        read_foreign(write(tmp_path, raw("# ASSIGNMENT CONFIG\nconfig_file: no.yml")))
