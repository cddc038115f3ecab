import pytest

from grader.assignment.errors import BadAssignment
from grader.assignment.folder import guess, load
from grader.notebook.read import read
from grader.release.release import differences, release

FILES = ["assignment.toml", "checks.py", "hw2.ipynb", "images/a.bin", "images/deep/b.txt", "observations.bin"]


@pytest.fixture
def out(course):
    return course / "assignments"


@pytest.fixture
def home(out):
    return out / "hw2"


def contents(folder) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_release_holds_what_students_need_and_no_more(assignment, out, home):
    written = release(assignment, out, b"recorded", ["doubles"])

    assert [path.relative_to(home).as_posix() for path in written] == FILES == sorted(contents(home))
    assert (home / "observations.bin").read_bytes() == b"recorded"
    assert (home / "assignment.toml").read_bytes() == (assignment.reference / "assignment.toml").read_bytes()
    everything = b"".join(contents(home).values())
    assert b"def doubles" in everything
    for secret in (b"SECRET", b"hidden_size", b"2 * x", b"size = 3", b"Because"):
        assert secret not in everything


def test_a_released_notebook_is_recognised_and_loads_as_a_student_has_it(course, assignment, out):
    release(assignment, out, b"", ["doubles"])
    student = course.parent / "student"
    student.mkdir()
    (course / "assignments").rename(student / "assignments")

    found = guess(student, read(student / "assignments" / "hw2" / "hw2.ipynb"))

    assert found is not None and (found.name, found.reference) == ("hw2", None)
    assert "def doubles" in found.checks_source()


def test_a_second_release_gives_the_same_bytes_and_drops_what_is_no_longer_there(assignment, out, home):
    release(assignment, out, b"r", ["doubles"])
    first = contents(home)
    (home / "old.txt").write_text("from an earlier release")

    release(assignment, out, b"r", ["doubles"])

    assert contents(home) == first
    assert [path.name for path in out.iterdir()] == ["hw2"]


def test_a_release_that_fails_leaves_the_old_one_alone(course, assignment, out, home):
    release(assignment, out, b"r", ["doubles"])
    before = contents(home)
    (assignment.reference / "solution.py").write_text("# %%\n### BEGIN SOLUTION\n")

    with pytest.raises(BadAssignment):
        release(load(course, "hw2"), out, b"r", ["doubles"])
    with pytest.raises(BadAssignment, match=r"hw2/checks.py defines no function 'no_check'"):
        release(assignment, out, b"r", ["no_check"])

    assert contents(home) == before
    assert [path.name for path in out.iterdir()] == ["hw2"]


def test_a_disk_that_fails_in_the_middle_leaves_the_old_one_alone(assignment, out, home, monkeypatch):
    release(assignment, out, b"r", ["doubles"])
    before = contents(home)

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(OSError, match="no space left"):
        release(assignment, out, b"new", ["doubles"])

    assert contents(home) == before
    assert [path.name for path in out.iterdir()] == ["hw2"]


def test_folders_that_are_no_release_are_never_replaced(course, assignment, tmp_path):
    precious = tmp_path / "precious" / "hw2"
    precious.mkdir(parents=True)
    (precious / "thesis.txt").write_text("mine")

    with pytest.raises(BadAssignment, match="hw2 is no released assignment and not empty; a release would delete"):
        release(assignment, precious.parent, b"", [])
    for place in (course / "reference", assignment.reference, assignment.reference / "images"):
        with pytest.raises(BadAssignment, match="holds or is the reference of hw2; release to another folder"):
            release(assignment, place, b"", [])
    assert (precious / "thesis.txt").read_text() == "mine"


def test_without_a_reference_there_is_nothing_to_release(course, assignment, out):
    release(assignment, out, b"", [])
    (course / "reference").rename(course / "away")

    with pytest.raises(BadAssignment, match="hw2 has no reference here"):
        release(load(course, "hw2"), out, b"", [])


def test_an_up_to_date_release_has_no_differences_whatever_was_recorded(assignment, out, home):
    release(assignment, out, b"r", ["doubles"])
    (home / "observations.bin").write_bytes(b"other")

    assert differences(assignment, out, ["doubles"]) == []


def test_every_file_that_differs_is_missing_or_too_many_is_named(assignment, out, home):
    release(assignment, out, b"r", ["doubles"])
    (home / "images" / "a.bin").write_bytes(b"\0\2")
    (home / "images" / "deep" / "b.txt").unlink()
    (home / "notes.md").write_text("extra")
    (assignment.reference / "solution.py").write_text(
        (assignment.reference / "solution.py").read_text().replace("Double x.", "Twice x.")
    )

    assert differences(assignment, out, ["doubles"]) == ["hw2.ipynb", "images/a.bin", "images/deep/b.txt", "notes.md"]
    assert "checks.py" in differences(assignment, out, ["doubles", "hidden_size"])


def test_a_release_that_was_never_made_differs_in_everything_but_the_observations(assignment, out):
    assert differences(assignment, out, ["doubles"]) == FILES[:-1]
