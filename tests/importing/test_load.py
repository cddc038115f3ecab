"""`import`: which grader's notebook it is, and what is said of any other."""

import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from importing.notebooks import NBGRADER, OTTER, answer, code, raw, text, write

from grader.cli import main
from grader.errors import BadInput
from grader.importing.load import import_notebook, read_foreign
from grader.importing.write import reference_files


@pytest.mark.parametrize(("cells", "system"), [(NBGRADER, "nbgrader"), (OTTER, "otter assign")])
def test_each_grader_is_known_by_its_marks(tmp_path, cells, system):
    assert read_foreign(write(tmp_path, *cells)).system == system


def test_a_folder_is_made_under_the_files_name_or_the_one_given(tmp_path):
    path = write(tmp_path, *NBGRADER, name="Problem Set 1.ipynb")
    folder, _ = import_notebook(path, tmp_path)
    assert folder == tmp_path / "reference" / "problem_set_1"
    assert import_notebook(path, tmp_path, "hw7")[0].name == "hw7"
    assert sorted(p.name for p in folder.iterdir()) == ["README.md", "assignment.toml", "checks.py", "solution.py"]


@pytest.mark.parametrize(
    ("cells", "language", "told"),
    [
        (
            [code("x = 1")],
            "python",
            "ps1.ipynb is neither nbgrader's nor otter assign's: no cell has nbgrader's metadata, and no raw cell "
            "starts with # ASSIGNMENT CONFIG or # BEGIN QUESTION; import the instructor's notebook",
        ),
        (NBGRADER, "R", "ps1.ipynb is in R; only Python notebooks are graded here"),
    ],
)
def test_any_other_notebook_is_refused(tmp_path, cells, language, told):
    with pytest.raises(BadInput) as caught:
        read_foreign(write(tmp_path, *cells, language=language))
    assert str(caught.value) == told


def test_what_is_no_notebook_is_refused_in_one_sentence(tmp_path, capsys):
    (tmp_path / "ps1.ipynb").write_text("{")
    assert main(["import", str(tmp_path / "ps1.ipynb"), "--course", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("grader: ps1.ipynb: it is not valid JSON")
    assert main(["import", str(tmp_path / "none.ipynb"), "--course", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "grader: none.ipynb: there is no such file\n"
    assert not (tmp_path / "reference").exists()


def test_what_was_imported_is_never_overwritten(tmp_path, capsys):
    path = write(tmp_path, *OTTER)
    arguments = ["import", str(path), "--name", "hw7", "--course", str(tmp_path)]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "hw7: 2 exercises with 3 checks (2 hidden), 5 points, from otter assign" in said
    assert said.endswith(f"written to {tmp_path / 'reference' / 'hw7'}; next: python -m grader release hw7\n")
    assert main(arguments) == 2
    assert "is there already; take another name, or move that folder away first" in capsys.readouterr().err


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from([*NBGRADER, *OTTER, raw("# END TESTS"), text("```otter"), answer("(", "odd")])))
def test_any_mixture_of_cells_is_an_assignment_or_one_sentence(tmp_path, cells):
    path = write(tmp_path, *cells)
    try:
        files = reference_files(read_foreign(path), path.name, "hw7")
    except BadInput as error:
        assert str(error).startswith("ps1.ipynb") and "\n" not in str(error)
        return
    compile(files["checks.py"], "checks.py", "exec")
    points = [each["points"] for each in tomllib.loads(files["assignment.toml"])["exercise"]]
    assert points and min(points) > 0
