"""Which of the files that lie in Gradescope's folder is graded, and who handed them in."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.ci.autograder.handed_in import notebook_of, read_metadata

METADATA = """{"id": 123456, "created_at": "2018-07-01T14:22:32.365935-07:00",
 "assignment": {"due_date": "2018-07-31T23:00:00.000000-07:00", "group_size": 4, "id": 25828, "total_points": "20.0"},
 "submission_method": "upload",
 "users": [{"email": "ada@example.org", "id": 1234, "name": "Ada"},
  {"email": "bob@example.org", "id": 5, "name": "Bob"}],
 "previous_submissions": [{"submission_time": "2017-04-06", "score": 0.0, "results": {"tests": []}}]}"""


@pytest.mark.parametrize(
    ("files", "meant"),
    [
        (["my work.ipynb", "data.csv"], "my work.ipynb"),
        (["deep/er/x.ipynb", "__MACOSX/deep/er/._x.ipynb", "._y.ipynb"], "deep/er/x.ipynb"),
        (["scratch.ipynb", "ada_HW2 (1).ipynb"], "ada_HW2 (1).ipynb"),
        (["hw2.zip"], "hw2.zip"),
        (["hw2.ipynb", "hw2.zip", "helper.py"], "hw2.ipynb"),
        (["hw2.py"], "hw2.py"),
    ],
)
def test_the_one_that_is_meant(tmp_path: Path, files: list[str], meant: str) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert notebook_of(tmp_path, "hw2") == (meant, "")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([], "there is no notebook among the files handed in; hand in hw2.ipynb"),
        (["a.ipynb", "b.ipynb"], "there are 2 notebooks; hand in one, or name the one to grade hw2.ipynb"),
        (["hw2.ipynb", "old/hw2.ipynb"], "there are 2 notebooks; hand in one, or name the one to grade hw2.ipynb"),
    ],
)
def test_a_student_is_told_why_there_is_none(tmp_path: Path, files: list[str], reason: str) -> None:
    (tmp_path / "old").mkdir()
    for name in files:
        (tmp_path / name).write_text("")
    assert notebook_of(tmp_path, "hw2") == ("", reason)


def test_a_link_is_none(tmp_path: Path) -> None:
    (tmp_path / "secret.ipynb").write_text("")
    folder = tmp_path / "submission"
    folder.mkdir()
    (folder / "hw2.ipynb").symlink_to(tmp_path / "secret.ipynb")
    (folder / "all").symlink_to(tmp_path)
    assert notebook_of(folder, "hw2")[0] == ""


def test_who_handed_in_and_when(tmp_path: Path) -> None:
    path = tmp_path / "submission_metadata.json"
    path.write_text(METADATA)
    found = read_metadata(path)
    assert (found.student, found.created_at) == ("ada@example.org", "2018-07-01T14:22:32.365935-07:00")
    assert (len(found.previous_submissions), found.assignment.total_points) == (1, "20.0")


@given(st.text() | st.sampled_from(["{}", "[]", '{"users": 3}', '{"users": [{}]}', '{"previous_submissions": null}']))
def test_nothing_rests_on_the_note(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("note") / "submission_metadata.json"
    assert read_metadata(path).student == "student"
    path.write_text(text, errors="replace")
    assert read_metadata(path).student == "student"
