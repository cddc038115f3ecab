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

    It is written beside `out` first and renamed when it is complete: nobody ever sees half a release.

    Args:
        assignment: An assignment with a reference.
        out: The folder to make or replace, such as ``assignments/hw2`` of the course folder.
        recorded: The reference's observations of the public checks.
        public: Names of the public checks.

    Returns:
        The files written, in the order of their names.

    Raises:
        BadAssignment: The reference cannot be released, or `out` is no released folder and not empty, or holds
            the reference.
    """
    _refuse_foreign(assignment, out)
    files = dict(_contents(assignment, public)) | {OBSERVATIONS: recorded}
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as beside:
        new, old = Path(beside) / "new", Path(beside) / "old"
        for name, content in files.items():
            target = new / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                target.write_bytes(content)
            else:
                shutil.copyfile(content, target)
        _swap(new, out, old)
    return sorted(out / name for name in files)


def differences(assignment: Assignment, out: Path, public: Iterable[str]) -> list[str]:
    """Compare a released folder with what a release would write now, the recorded observations left aside.

    Args:
        assignment: An assignment with a reference.
        out: The released folder.
        public: Names of the public checks.

    Returns:
        The files that differ, are missing or too many, as sorted paths relative to `out`; empty where the
        release is up to date.

    Raises:
        BadAssignment: The reference cannot be released.
    """
    expected = _contents(assignment, public)
    there = {path.relative_to(out).as_posix() for path in files_below(out)} - {OBSERVATIONS}
    return sorted(
        name
        for name in there | set(expected)
        if name not in there or name not in expected or not _same(out / name, expected[name])
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


def _refuse_foreign(assignment: Assignment, out: Path) -> None:
    """Refuse to replace a folder that may hold anything but a release: replacing deletes what is there."""
    here = out.resolve()
    if assignment.reference is not None:
        reference = assignment.reference.resolve()
        if here == reference or here in reference.parents or reference in here.parents:
            raise BadAssignment(f"{out} holds or is the reference of {assignment.name}; release to another folder")
    if out.exists() and not (out.is_dir() and ((out / "assignment.toml").is_file() or not any(out.iterdir()))):
        raise BadAssignment(f"{out} is no released assignment and not empty; a release would delete what is there")


def _swap(new: Path, out: Path, old: Path) -> None:
    if out.exists():
        out.rename(old)
    try:
        new.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise


def _same(path: Path, content: bytes | Path) -> bool:
    if isinstance(content, bytes):
        return path.read_bytes() == content
    return filecmp.cmp(path, content, shallow=False)
