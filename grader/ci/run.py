"""From a repository to the files that CI systems show."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

from grader.ci import repository
from grader.ci.github import workflow_commands
from grader.ci.gitlab import code_quality
from grader.ci.grading import Options, grade_works, marked, read_works
from grader.ci.model import Outcome
from grader.ci.summary import summary
from grader.errors import BadInput
from grader.files import write_atomically
from grader.grading.model import grade_json

CODE_QUALITY = "gl-code-quality-report.json"
ANNOTATIONS = "annotations.txt"
SUMMARY = "summary.md"


def grade_repository(
    options: Options, paths: Iterable[Path], base: str | None, progress: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Grade the notebooks that were named, or else those that changed.

    Args:
        options: How to grade.
        paths: Notebooks and folders; none for what changed.
        base: What to compare with (see `repository.changed`).
        progress: Told in a few words what is being done.

    Returns:
        What became of them.

    Raises:
        BadInput: Something that was asked for is not there.
        EngineFault: The grader's own machinery failed.
    """
    paths = list(paths)
    chosen = repository.named(options.root, paths) if paths else repository.changed(options.root, base)
    works, skipped = read_works(options, chosen.names)
    graded = tuple(marked(work, grade) for work, grade in grade_works(options, works, progress))
    return Outcome(graded, (*chosen.refused, *skipped), chosen.notes)


def write_outcome(outcome: Outcome, out: Path, fail_under: float) -> None:
    """Write all files into an emptied folder: one folder a notebook, and what is for all of them.

    Args:
        outcome: What became of the notebooks.
        out: The folder (see `emptied`).
        fail_under: The percent that each notebook has to reach.

    Raises:
        BadInput: The folder cannot be written to.
    """
    findings = list(chain.from_iterable(each.findings for each in outcome.marked))
    try:
        for each in outcome.marked:
            folder = out / each.folder
            folder.mkdir()
            write_atomically(folder / "report.html", each.report.encode("utf-8", "backslashreplace"))
            write_atomically(folder / "grade.json", grade_json(each.grade))
            write_atomically(folder / "junit.xml", each.junit)
        lines = "".join(f"{each}\n" for each in workflow_commands(findings))
        write_atomically(out / ANNOTATIONS, lines.encode())
        write_atomically(out / SUMMARY, summary(outcome, fail_under).encode("utf-8", "replace"))
        write_atomically(out / CODE_QUALITY, code_quality(findings))
    except OSError as error:
        raise BadInput(f"{out}: the reports cannot be written there ({error.strerror})") from error


def emptied(out: Path, root: Path) -> Path:
    """Make the folder for the files, empty; what an earlier run left there goes.

    Args:
        out: The folder.
        root: The repository that is graded.

    Returns:
        The folder, as an absolute path.

    Raises:
        BadInput: It holds something else, or the repository has put a link in its way.
    """
    place = Path(os.path.normpath(out.absolute()))
    if place.is_symlink() or (place.is_relative_to(root) and place.resolve() != place):
        raise BadInput(f"{out} is a link in the repository, or lies behind one; name another folder with --out")
    try:
        place.mkdir(parents=True, exist_ok=True)
        entries = list(place.iterdir())
        if entries and not (place / CODE_QUALITY).is_file():
            raise BadInput(f"{out} holds other files; name a folder of its own with --out")
        for entry in entries:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
    except OSError as error:
        raise BadInput(f"{out}: the reports cannot be written there ({error.strerror})") from error
    return place
