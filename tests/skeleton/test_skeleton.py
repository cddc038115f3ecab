"""`new`: an assignment to start from, which can be released and graded as it is."""

import pytest
from support.course import grade_of
from support.fair import assert_fair

from grader.assignment.folder import load
from grader.cli import main
from grader.errors import BadInput
from grader.skeleton import new_assignment, skeleton

FILES = ["alternatives.py", "assignment.toml", "checks.py", "misconceptions.py", "solution.py"]


def test_a_new_assignment_is_fair_as_it_is(tmp_path, engine):
    new_assignment(tmp_path, "hw7")
    assert_fair(tmp_path, "hw7", engine)


def test_a_wrong_solution_gets_its_hint(tmp_path, engine):
    new_assignment(tmp_path, "hw7")
    (tmp_path / "wrong.py").write_text("# %%\ndef center_columns(x): return x - x.mean()\n")
    (exercise,) = grade_of(tmp_path, "hw7", tmp_path / "wrong.py", engine).exercises
    assert exercise.score == 0
    assert exercise.misconception is not None and exercise.misconception.name == "mean_of_everything"


def test_every_file_is_python_or_toml_under_the_given_title(tmp_path):
    home = new_assignment(tmp_path, "hw7", 'Sums & "means"')
    assert sorted(path.name for path in home.iterdir()) == FILES
    assignment = load(tmp_path, "hw7")
    assert assignment.settings.title == 'Sums & "means"'
    assert '# Sums & "means"' in assignment.solution().cells[0].source
    for path in home.glob("*.py"):
        compile(path.read_text(), path.name, "exec")


@pytest.mark.parametrize("title", [" ", "a\nb"])
def test_what_is_no_title_is_refused(title):
    with pytest.raises(BadInput, match="cannot be a title; take one line of text"):
        skeleton("hw7", title)


def test_the_command_says_what_it_made_and_never_overwrites(tmp_path, capsys):
    arguments = ["new", "hw7", "--course", str(tmp_path), "--title", "Sums"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == (
        f"{tmp_path / 'reference' / 'hw7'}: {', '.join(FILES)}\n"
        "next: python -m grader release hw7; docs/authoring.md says how to go on\n"
    )
    assert main(arguments) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["new", "hw 7", "--course", str(tmp_path)]) == 2
    assert "'hw 7' cannot name an assignment" in capsys.readouterr().err
