"""Find assignments in a course folder and read the files that make them up."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from grader.assignment.errors import BadAssignment
from grader.assignment.model import Settings
from grader.assignment.settings import read_settings
from grader.notebook.cells import definitions
from grader.notebook.model import Cell, Notebook
from grader.notebook.read import BadNotebook, read

_PUBLIC, _REFERENCE, _SETTINGS = "assignments", "reference", "assignment.toml"
# Left behind by tools, never part of an assignment.
_LITTER = frozenset({"__pycache__", ".ipynb_checkpoints", ".DS_Store"})


@dataclass(frozen=True)
class Assignment:
    """One assignment of a course folder.

    Attributes:
        name: Its name, such as "hw2": the name of its folders.
        settings: What its assignment.toml says.
        root: The course folder.
        reference: The folder with solution, checks and misconceptions; None on a student's machine.
        public: The folder that students get; None where the assignment was not released yet.
    """

    name: str
    settings: Settings
    root: Path
    reference: Path | None
    public: Path | None

    def checks_source(self) -> str:
        """Read checks.py: the reference's, with the hidden checks, where there is a reference.

        Raises:
            BadAssignment: There is none.
        """
        return _read_text(self._home / "checks.py")

    def solution(self) -> Notebook:
        """Read the solution notebook.

        Raises:
            BadAssignment: There is no reference here, or its solution is no notebook.
        """
        if self.reference is None:
            raise BadAssignment(f"{self.name} has no solution here: there is no {_REFERENCE}/{self.name}")
        try:
            return read(self.reference / self.settings.solution)
        except BadNotebook as error:
            raise BadAssignment(f"{_REFERENCE}/{self.name}/{error}") from None

    def solution_cells(self) -> tuple[Cell, ...]:
        """Read the code cells of the solution; raises as `solution`."""
        return self.solution().code

    def misconceptions_source(self) -> str:
        """Read misconceptions.py; "" where the assignment has none, as on a student's machine."""
        return self._optional("misconceptions.py")

    def alternatives_source(self) -> str:
        """Read alternatives.py; "" where the assignment has none, as on a student's machine."""
        return self._optional("alternatives.py")

    def data_folders(self) -> tuple[Path, ...]:
        """The folders that are copied beside the notebook before it runs.

        Raises:
            BadAssignment: One that assignment.toml names is not there.
        """
        folders = tuple(self._home / name for name in self.settings.data)
        for folder in folders:
            if not folder.is_dir():
                raise BadAssignment(f"{self._shown(folder)}: there is no such folder, but assignment.toml lists it")
        return folders

    @cached_property
    def data_files(self) -> dict[str, bytes]:
        """The contents of those folders by relative path, as a notebook finds them beside itself."""
        return {
            path.relative_to(folder.parent).as_posix(): path.read_bytes()
            for folder in self.data_folders()
            for path in files_below(folder)
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the names and contents of all the assignment's files, as hexadecimal digits."""
        total = hashlib.sha256()
        for path in files_below(self._home):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            total.update(f"{path.relative_to(self._home).as_posix()}\0{content}\n".encode())
        return total.hexdigest()

    @property
    def _home(self) -> Path:
        home = self.reference or self.public
        if home is None:
            raise BadAssignment(f"{self.name} has neither a reference nor a public folder")
        return home

    def _optional(self, name: str) -> str:
        path = self.reference / name if self.reference else None
        return _read_text(path) if path is not None and path.is_file() else ""

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def find_course(start: Path) -> Path:
    """Find the course folder that a path lies in.

    Args:
        start: A folder or file.

    Returns:
        The nearest folder, from `start` upwards, that holds ``assignments/`` or ``reference/``.

    Raises:
        BadAssignment: There is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / _PUBLIC).is_dir() or (folder / _REFERENCE).is_dir():
            return folder
    raise BadAssignment(f"{start} is in no course folder: none on the way up holds {_PUBLIC}/ or {_REFERENCE}/")


def names(course: Path) -> list[str]:
    """List the assignments of a course folder: every folder with an assignment.toml, hw2 before hw10."""
    found = {path.parent.name for place in (_PUBLIC, _REFERENCE) for path in (course / place).glob(f"*/{_SETTINGS}")}
    return sorted(found, key=_natural)


def load(course: Path, name: str) -> Assignment:
    """Load an assignment's settings and find its folders.

    Args:
        course: The course folder (see `find_course`).
        name: The assignment's name.

    Returns:
        The assignment; settings are the reference's where there is a reference.

    Raises:
        BadAssignment: There is no such assignment, or its assignment.toml is wrong.
    """
    known = names(course)
    if name not in known:
        there = (
            f"there are {', '.join(known)}" if len(known) > 1 else f"there is {known[0]}" if known else "none at all"
        )
        raise BadAssignment(f"there is no assignment {name!r} in {course}; {there}")
    reference, public = (
        folder if (folder / _SETTINGS).is_file() else None
        for folder in (course / _REFERENCE / name, course / _PUBLIC / name)
    )
    settings = read_settings(((reference or public) or course) / _SETTINGS)
    return Assignment(name, settings, course, reference, public)


def load_released(folder: Path) -> Assignment:
    """Load a released assignment from its own folder, wherever that lies: what a student may have copied alone.

    Args:
        folder: A folder such as ``assignments/hw2``.

    Returns:
        The assignment, without a reference.

    Raises:
        BadAssignment: Its assignment.toml is missing or wrong.
    """
    folder = folder.resolve()
    return Assignment(folder.name, read_settings(folder / _SETTINGS), folder.parent, None, folder)


def guess(course: Path, notebook: Notebook) -> Assignment | None:
    """Find the assignment that a notebook belongs to; see `guess_name`."""
    name = guess_name(course, notebook)
    return load(course, name) if name is not None else None


def guess_name(course: Path, notebook: Notebook) -> str | None:
    """Tell which assignment a notebook belongs to.

    The mark that ``release`` leaves in the notebook's metadata decides, else the file's name, else which
    assignment's exercises the notebook defines most names of.

    Args:
        course: The course folder.
        notebook: A student's notebook.

    Returns:
        The assignment's name; None where nothing tells, or two are as likely.

    Raises:
        BadAssignment: An assignment.toml is wrong.
    """
    known = names(course)
    mark = notebook.metadata.get("grader")
    marked = mark.get("assignment") if isinstance(mark, dict) else None
    if marked in known:
        return str(marked)
    named = named_in(notebook.name, known)
    if named is not None:
        return named
    defined = set(definitions(notebook.cells))
    shares: dict[int, list[str]] = {}
    for assignment in (load(course, name) for name in known):
        asked = {name for exercise in assignment.settings.exercise for name in exercise.names}
        shares.setdefault(len(asked & defined), []).append(assignment.name)
    most = max(shares, default=0)
    return shares[most][0] if most and len(shares[most]) == 1 else None


def files_below(folder: Path) -> Iterator[Path]:
    """The files below a folder in the order of their names, without what tools leave behind."""
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if path.is_file() and not _LITTER.intersection(path.relative_to(folder).parts):
            yield path


def named_in(file_name: str, known: list[str]) -> str | None:
    """The one assignment whose name stands in a file name by itself.

    Example:
        >>> named_in("lovelace_12_HW2 (1).ipynb", ["hw1", "hw2"])
        'hw2'
    """
    stem = file_name.rpartition(".")[0].lower()
    found = [n for n in known if re.search(rf"(?<![a-z0-9]){re.escape(n.lower())}(?![a-z0-9])", stem)]
    # "hw2_bonus" also holds "hw2": the longer name is meant.
    found = [n for n in found if not any(n != other and n.lower() in other.lower() for other in found)]
    return found[0] if len(found) == 1 else None


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _read_text(path: Path) -> str:
    where = "/".join(path.parts[-3:])
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadAssignment(f"{where}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise BadAssignment(f"{where}: is not UTF-8 (byte {error.start})") from None
