"""What several files here need: the course as a student has it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.cli import main

StudentsCopy = Callable[[Path, str], Path]


@pytest.fixture
def students_copy(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> StudentsCopy:
    """Releases an assignment of a course, moves what students get of it into a folder of its own, and goes there."""

    def make(course: Path, name: str) -> Path:
        assert main(["release", name]) == 0
        copy = tmp_path_factory.mktemp("student")
        (course / "assignments").rename(copy / "assignments")
        monkeypatch.chdir(copy)
        return copy

    return make
