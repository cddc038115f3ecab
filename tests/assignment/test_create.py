"""The reference folder of a new assignment: whole, or not at all."""

import pytest

from grader.assignment.create import create
from grader.assignment.errors import BadAssignment


def test_a_folder_is_made_with_its_files_and_nothing_beside_it(tmp_path):
    home = create(tmp_path, "hw7", {"a.txt": "é\n", "b.txt": ""})
    assert home == tmp_path / "reference" / "hw7"
    assert (home / "a.txt").read_text(encoding="utf-8") == "é\n"
    assert [path.name for path in home.parent.iterdir()] == ["hw7"]


@pytest.mark.parametrize("name", ["", "../x", ".x", "a b", "-x", "a/b", "é"])
def test_a_name_that_is_none_is_refused(tmp_path, name):
    with pytest.raises(BadAssignment, match="cannot name an assignment; take letters, digits, - and _, such as hw7"):
        create(tmp_path, name, {})
    assert not (tmp_path / "reference").exists()


def test_what_is_there_stays(tmp_path):
    create(tmp_path, "hw7", {"a.txt": "mine"})
    with pytest.raises(BadAssignment, match="hw7 is there already; take another name, or move that folder away first"):
        create(tmp_path, "hw7", {"a.txt": "other"})
    assert (tmp_path / "reference" / "hw7" / "a.txt").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path):
    (tmp_path / "reference").write_text("a file")
    with pytest.raises(BadAssignment, match="hw7 cannot be written: "):
        create(tmp_path, "hw7", {"a.txt": ""})
