"""Write the reference folder of a new assignment, whole or not at all."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from grader.assignment.errors import BadAssignment

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def create(course: Path, name: str, files: Mapping[str, str]) -> Path:
    """Write the reference folder of a new assignment.

    Args:
        course: The course folder.
        name: The assignment's name.
        files: Texts by file name.

    Returns:
        The new folder, ``course/reference/<name>``.

    Raises:
        BadAssignment: The name is none, there is such a folder already, or it cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise BadAssignment(f"{name!r} cannot name an assignment; take letters, digits, - and _, such as hw7")
    home = course / "reference" / name
    if home.exists():
        raise BadAssignment(f"{home} is there already; take another name, or move that folder away first")
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=home.parent) as beside:
            new = Path(beside) / name
            new.mkdir()
            for file, text in files.items():
                (new / file).write_text(text, encoding="utf-8")
            new.rename(home)
    except OSError as error:
        raise BadAssignment(f"{home} cannot be written: {error.strerror}") from None
    return home
