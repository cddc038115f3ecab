from pathlib import Path

import pytest

from grader.assignment.errors import BadAssignment
from grader.assignment.folder import find_course, guess, load, names
from grader.notebook.model import Cell, Notebook


def toml(*ids: str, extra: str = "") -> str:
    return f'title = "T"\n{extra}' + "".join(f'[[exercise]]\nid = "{i}"\ntitle = "{i}"\npoints = 1\n' for i in ids)


@pytest.fixture
def course(tmp_path):
    files = {
        "reference/hw2/assignment.toml": toml("double", "triple", extra='data = ["images"]\n'),
        "reference/hw2/solution.py": "# %% [markdown]\n# # Title\n# %%\ndef double(x):\n    return 2 * x\n",
        "reference/hw2/checks.py": "# all\n",
        "reference/hw2/misconceptions.py": "# wrong\n",
        "reference/hw2/images/a.txt": "a",
        "assignments/hw2/assignment.toml": toml("double", "triple", extra='data = ["images"]\n'),
        "assignments/hw2/checks.py": "# public\n",
        "assignments/hw3/assignment.toml": toml("triple", "quadruple"),
        "assignments/hw3/checks.py": "# public\n",
        "assignments/hw10/assignment.toml": toml("zip_all"),
        "assignments/notes/readme.txt": "no assignment",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def notebook(name: str, *sources: str, **metadata) -> Notebook:
    cells = tuple(Cell(number, source, "code") for number, source in enumerate(sources, start=1))
    return Notebook(name, cells, metadata, {})


def guessed(course: Path, *args, **metadata) -> str | None:
    found = guess(course, notebook(*args, **metadata))
    return found and found.name


def test_the_course_is_found_from_any_place_in_it(course):
    assert find_course(course) == course
    assert find_course(course / "assignments" / "hw2" / "checks.py") == course
    assert find_course(course / "reference" / "hw2") == course


def test_no_course_is_told(tmp_path):
    with pytest.raises(
        BadAssignment, match=r"is in no course folder: none on the way up holds assignments/ or reference/"
    ):
        find_course(tmp_path)


def test_assignments_are_the_folders_with_settings_in_the_order_people_count(course):
    assert names(course) == ["hw2", "hw3", "hw10"]


def test_an_assignment_that_is_not_there_is_told_with_those_that_are(course, tmp_path):
    with pytest.raises(BadAssignment) as caught:
        load(course, "hw9")
    assert str(caught.value) == f"there is no assignment 'hw9' in {course}; there are hw2, hw3, hw10"
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(BadAssignment, match=r"there is no assignment 'hw9' in .*; none at all"):
        load(empty, "hw9")


def test_a_name_that_leads_elsewhere_is_no_assignment(course):
    with pytest.raises(BadAssignment, match=r"there is no assignment '../reference/hw2'"):
        load(course, "../reference/hw2")


def test_with_a_reference_everything_is_read_from_it(course):
    hw2 = load(course, "hw2")

    assert hw2.checks_source() == "# all\n"
    assert hw2.misconceptions_source() == "# wrong\n"
    assert hw2.alternatives_source() == ""
    assert hw2.data_folders() == (course / "reference" / "hw2" / "images",)
    assert [(cell.number, cell.source) for cell in hw2.solution_cells()] == [(1, "def double(x):\n    return 2 * x")]
    assert (hw2.reference, hw2.public) == (course / "reference" / "hw2", course / "assignments" / "hw2")


def test_a_student_has_the_public_part_only(course):
    hw3 = load(course, "hw3")

    assert hw3.checks_source() == "# public\n"
    assert (hw3.reference, hw3.misconceptions_source(), hw3.alternatives_source()) == (None, "", "")
    with pytest.raises(BadAssignment, match="hw3 has no solution here: there is no reference/hw3"):
        hw3.solution_cells()
    with pytest.raises(BadAssignment, match=r"hw10/checks.py: there is no such file"):
        load(course, "hw10").checks_source()


def test_a_data_folder_that_is_not_there_is_told(course):
    (course / "reference" / "hw2" / "images" / "a.txt").unlink()
    (course / "reference" / "hw2" / "images").rmdir()

    with pytest.raises(
        BadAssignment, match=r"reference/hw2/images: there is no such folder, but assignment.toml lists"
    ):
        load(course, "hw2").data_folders()


def test_a_solution_that_is_no_notebook_is_told_with_its_place(course):
    (course / "reference" / "hw2" / "solution.py").write_text("")

    with pytest.raises(BadAssignment, match=r"reference/hw2/solution.py: the file is empty"):
        load(course, "hw2").solution_cells()


def test_the_digest_changes_with_every_file_and_not_with_what_tools_leave_behind(course):
    home = course / "reference" / "hw2"
    before = load(course, "hw2").digest
    (home / "__pycache__").mkdir()
    (home / "__pycache__" / "checks.pyc").write_bytes(b"x")
    assert load(course, "hw2").digest == before

    (home / "images" / "a.txt").rename(home / "images" / "b.txt")
    renamed = load(course, "hw2").digest
    (home / "checks.py").write_text("# other\n")
    assert len({before, renamed, load(course, "hw2").digest}) == 3


def test_the_mark_of_the_release_decides_over_name_and_content(course):
    assert guessed(course, "hw2.ipynb", "def triple(x): ...", grader={"assignment": "hw3"}) == "hw3"


@pytest.mark.parametrize("mark", [None, "hw3", {"assignment": "hw99"}, {"assignment": ["hw2"]}, {}])
def test_a_mark_that_makes_no_sense_is_passed_over(course, mark):
    assert guessed(course, "hw10.ipynb", grader=mark) == "hw10"


@pytest.mark.parametrize(
    ("name", "assignment"),
    [
        ("hw2.ipynb", "hw2"),
        ("HW3_final (1).ipynb", "hw3"),
        ("lovelaceada_101_2002_hw10-1.ipynb", "hw10"),
        ("hw20.ipynb", None),
        ("hw2_hw3.ipynb", None),
        ("homework.ipynb", None),
    ],
)
def test_a_file_name_tells_the_assignment_when_it_stands_by_itself(course, name, assignment):
    assert guessed(course, name) == assignment


def test_the_exercises_that_a_notebook_defines_tell_the_assignment(course):
    assert guessed(course, "a.ipynb", "def double(x): ...", "def triple(x): ...") == "hw2"
    assert guessed(course, "a.ipynb", "quadruple = 3") == "hw3"


def test_nothing_or_two_as_likely_is_no_guess(course):
    assert guessed(course, "a.ipynb", "def triple(x): ...") is None
    assert guessed(course, "a.ipynb", "x = 1") is None
