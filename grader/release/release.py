"""Write what students get, and tell whether what they have is still what the reference says."""

from __future__ import annotations

import filecmp
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from grader.assignment.errors import BadAssignment
from grader.assignment.extract import extract
from grader.assignment.folder import Assignment, files_below
from grader.release.notebook import student_notebook

OBSERVATIONS = "observations.bin"


def release(assignment: Assignment, out: Path, recorded: bytes, public: Iterable[str]) -> list[Path]:
    """Write the folder that students get: notebook, public checks, settings, data and recorded observations.

    It is written beside its place first and renamed when it is complete: nobody ever sees half a release.

    Args:
        assignment: An assignment with a reference.
        out: The folder of all releases, such as ``assignments``; the one in it that bears the assignment's name
            is made or replaced.
        recorded: The reference's observations of the public checks.
        public: Names of the public checks.

    Returns:
        The files written, in the order of their names.

    Raises:
        BadAssignment: The reference cannot be released, or what would be replaced is no release or holds the
            reference.
    """
    home = out / assignment.name
    _refuse_foreign(assignment, home)
    files = dict(_contents(assignment, public)) | {OBSERVATIONS: recorded}
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{assignment.name}-", dir=out) as beside:
        new, old = Path(beside) / "new", Path(beside) / "old"
        for name, content in files.items():
            target = new / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                target.write_bytes(content)
            else:
                shutil.copyfile(content, target)
        _swap(new, home, old)
    return sorted(home / name for name in files)


def differences(assignment: Assignment, out: Path, public: Iterable[str]) -> list[str]:
    """Compare a released folder with what a release would write now, the recorded observations left aside.

    Args:
        assignment: An assignment with a reference.
        out: The folder of all releases, such as ``assignments``.
        public: Names of the public checks.

    Returns:
        The files that differ, are missing or too many, as sorted paths relative to the assignment's
        folder; empty where the release is up to date.

    Raises:
        BadAssignment: The reference cannot be released.
    """
    expected = _contents(assignment, public)
    home = out / assignment.name
    there = {path.relative_to(home).as_posix() for path in files_below(home)} - {OBSERVATIONS}
    return sorted(
        name
        for name in there | set(expected)
        if name not in there or name not in expected or not _same(home / name, expected[name])
    )


def _contents(assignment: Assignment, public: Iterable[str]) -> Mapping[str, bytes | Path]:
    """Everything but the observations, by relative path: bytes, or the file to copy."""
    if assignment.reference is None:
        raise BadAssignment(f"{assignment.name} has no reference here, and a release is made from the reference")
    checks = extract(assignment.checks_source(), public, f"{assignment.name}/checks.py")
    data = {
        f"{folder.name}/{path.relative_to(folder).as_posix()}": path
        for folder in assignment.data_folders()
        for path in files_below(folder)
    }
    return data | {
        f"{assignment.name}.ipynb": student_notebook(assignment),
        "checks.py": checks.encode(),
        "assignment.toml": assignment.reference / "assignment.toml",
    }


def _refuse_foreign(assignment: Assignment, home: Path) -> None:
    """Refuse to replace a folder that may hold anything but a release: replacing deletes what is there."""
    here = home.resolve()
    if assignment.reference is not None:
        reference = assignment.reference.resolve()
        if here == reference or here in reference.parents or reference in here.parents:
            raise BadAssignment(f"{home} holds or is the reference of {assignment.name}; release to another folder")
    if home.exists() and not (home.is_dir() and ((home / "assignment.toml").is_file() or not any(home.iterdir()))):
        raise BadAssignment(f"{home} is no released assignment and not empty; a release would delete what is there")


def _swap(new: Path, home: Path, old: Path) -> None:
    if home.exists():
        home.rename(old)
    try:
        new.rename(home)
    except OSError:
        if old.exists():
            old.rename(home)
        raise


def _same(path: Path, content: bytes | Path) -> bool:
    if isinstance(content, bytes):
        return path.read_bytes() == content
    return filecmp.cmp(path, content, shallow=False)
