"""Confined code sees the interpreter with all of its packages, wherever they are, and nothing that lies around them."""

import sys
from pathlib import Path

import pytest

import grader
from grader.confine import visible


def test_packages_of_an_environment_beneath_this_one_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = tmp_path / "course" / ".venv" / "lib" / "site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "course"), *sys.path, str(packages)])
    assert packages in visible.interpreter()
    assert tmp_path / "course" not in visible.interpreter()
    assert visible.exposed([tmp_path / "course"]) is None
    assert visible.exposed([packages / "reference"]) == packages / "reference"


def test_the_interpreter_and_the_grader_are_seen_and_no_folder_is_named_twice() -> None:
    folders = visible.interpreter()
    assert any(Path(grader.__file__).is_relative_to(folder) for folder in folders)
    assert any(Path(sys.executable).resolve().is_relative_to(folder) for folder in folders)
    assert not any(one != other and one.is_relative_to(other) for one in folders for other in folders)
