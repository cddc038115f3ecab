import json

import nbformat
import pytest

from grader.assignment.errors import BadAssignment
from grader.assignment.folder import load
from grader.notebook.read import read
from grader.release.notebook import student_notebook


def built(assignment) -> dict:
    return json.loads(student_notebook(assignment))


def rewrite(course, old: str, new: str, file: str = "solution.py"):
    path = course / "reference" / "hw2" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return load(course, "hw2")


def test_students_get_every_cell_with_stubs_an_import_and_checks_behind_their_exercises(assignment):
    cells = [(cell["cell_type"], "".join(cell["source"])) for cell in built(assignment)["cells"]]

    stub = "# YOUR CODE HERE\n    raise NotImplementedError"
    assert cells == [
        ("markdown", "# Hooks"),
        ("code", "import grader"),
        ("markdown", "## Doubling"),
        ("code", f'import torch\n\ndef double(x):\n    "Double x."\n    {stub}'),
        ("code", 'grader.check("double")'),
        ("code", "print(double(2))"),
        ("markdown", "Why?\n\nYOUR ANSWER HERE"),
        ("code", f"class Net:\n    {stub}\n\ndef train(net):\n    {stub}"),
        ("code", 'grader.check("net")'),
    ]


def test_the_notebook_is_valid_marked_and_without_outputs(assignment):
    notebook = built(assignment)

    nbformat.validate(nbformat.from_dict(notebook))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["grader"] == {"assignment": "hw2"}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert all(
        cell["outputs"] == [] and cell["execution_count"] is None for cell in notebook["cells"] if "outputs" in cell
    )


def test_the_same_solution_gives_the_same_bytes_and_a_new_cell_leaves_other_ids_alone(course, assignment):
    first = student_notebook(assignment)
    assert student_notebook(load(course, "hw2")) == first

    more = built(rewrite(course, "# %%\nprint(double(2))", "# %%\nprint(double(2))\n\n# %%\nprint(double(2))"))
    old = [cell["id"] for cell in json.loads(first)["cells"]]
    new = [cell["id"] for cell in more["cells"]]
    assert len(set(new)) == len(new) == len(old) + 1
    assert set(old) < set(new)


def test_a_solution_notebook_gives_what_the_percent_file_gives_and_nothing_it_printed(course, assignment):
    expected = built(assignment)
    home = course / "reference" / "hw2"
    node = json.loads(json.dumps(read(home / "solution.py").node))
    for cell in node["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": "SECRET"}], "execution_count": 3}
    (home / "solution.ipynb").write_text(json.dumps(node))

    assert (
        built(rewrite(course, 'title = "Hooks"', 'title = "H"\nsolution = "solution.ipynb"', "assignment.toml"))
        == expected
    )


def test_an_import_and_a_check_that_are_there_are_not_doubled(course):
    changed = rewrite(course, "# %% [markdown]\n# ## Doubling", "# %%\nimport grader\n\n# %% [markdown]\n# ## Doubling")
    changed = rewrite(course, "print(double(2))", "print(double(2))\n\n# %%\ngrader.check('double')")
    sources = ["".join(cell["source"]) for cell in built(changed)["cells"]]

    assert sources.count("import grader") == 1
    assert [source for source in sources if "grader.check" in source] == [
        "grader.check('double')",
        'grader.check("net")',
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("def double", "def other", "hw2/solution.py: no cell defines double of exercise 'double'"),
        (
            "    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION",
            "    return 2 * x",
            "hw2/solution.py: the release would give exercise 'double' away: put ### BEGIN SOLUTION and "
            "### END SOLUTION around its solution in code cell 1",
        ),
        (
            "    return 2 * x\n    ### END SOLUTION",
            "    return 2 * x",
            "hw2/solution.py, code cell 1, line 5: BEGIN SOLUTION without an END SOLUTION after it",
        ),
        (
            "    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION",
            "    return (2 *\n### BEGIN SOLUTION\nx)\n### END SOLUTION",
            "hw2/solution.py, code cell 1: without its solution it is no Python: move the marks to whole statements",
        ),
        (
            "# Because.\n# ### END SOLUTION",
            "# Because.",
            "hw2/solution.py, markdown cell that starts 'Why?', line 3: BEGIN SOLUTION without an END SOLUTION "
            "after it",
        ),
    ],
)
def test_a_solution_that_cannot_be_released_is_told_with_its_place(course, old, new, told):
    with pytest.raises(BadAssignment) as caught:
        student_notebook(rewrite(course, old, new))
    assert str(caught.value) == told
