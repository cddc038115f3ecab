"""A student's repository decides neither by what it is graded nor which modules are imported."""

from pathlib import Path

import pytest

from grader.ci.guard import course_beside, refuse_shadows
from grader.errors import BadInput


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def test_a_course_beside_the_repository_is_taken(tmp_path: Path) -> None:
    root, course = folder(tmp_path / "student"), tmp_path / "course"
    folder(course / "assignments")
    assert course_beside(course, root, own=False) == course


@pytest.mark.parametrize("place", ["student", "student/course"])
def test_a_course_in_the_repository_is_refused(tmp_path: Path, place: str) -> None:
    folder(tmp_path / place / "reference")
    root = tmp_path / "student"
    with pytest.raises(
        BadInput, match="lies in the repository that is graded, whose owner could change what grades it"
    ):
        course_beside(tmp_path / place, root, own=False)
    assert course_beside(tmp_path / place, root, own=True) == tmp_path / place


def test_a_link_in_the_repository_is_no_course(tmp_path: Path) -> None:
    root = folder(tmp_path / "student")
    folder(tmp_path / "theirs" / "reference")
    (root / "course").symlink_to(tmp_path / "theirs")
    with pytest.raises(BadInput, match="mount it elsewhere"):
        course_beside(root / "course", root, own=False)


def test_no_course_is_looked_for_further_up(tmp_path: Path) -> None:
    folder(tmp_path / "reference")
    empty = folder(tmp_path / "empty")
    with pytest.raises(BadInput, match="holds neither assignments/ nor reference/"):
        course_beside(empty, folder(tmp_path / "student"), own=False)


def test_python_must_not_look_for_modules_in_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "student")
    monkeypatch.chdir(root)
    for places in (["", "/usr/lib"], [str(root)], [str(root / ".venv" / "lib")]):
        with pytest.raises(BadInput, match="python -P -m grader ci"):
            refuse_shadows(root, own=False, places=places)
        refuse_shadows(root, own=True, places=places)
    refuse_shadows(root, own=False, places=["/usr/lib", str(tmp_path)])
