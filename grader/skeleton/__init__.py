"""The reference folder that a new assignment starts from: one exercise, whole, and where to go on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from grader.assignment.create import create
from grader.errors import BadInput

_ENDING = ".txt"


def new_assignment(course: Path, name: str, title: str | None = None) -> Path:
    """Write the reference folder of a new assignment.

    Args:
        course: The course folder; it gets ``reference/<name>``.
        name: The assignment's name.
        title: Its title; made of the name where None.

    Returns:
        The new folder: an assignment that can be released and graded as it is.

    Raises:
        BadInput: The name or the title is none, or there is such an assignment already.
    """
    return create(course, name, skeleton(name, title or f"Homework {name}"))


def skeleton(name: str, title: str) -> Mapping[str, str]:
    """The files of a new assignment by name.

    Raises:
        BadInput: The title is empty, or no line of text.
    """
    if not title.strip() or not title.isprintable():
        raise BadInput(f"{title!r} cannot be a title; take one line of text")
    values = {"name": name, "title": json.dumps(title, ensure_ascii=False), "heading": title}
    found = {entry.name: entry.read_text(encoding="utf-8") for entry in files(__name__).joinpath("files").iterdir()}
    return {
        file.removesuffix(_ENDING): Template(text).substitute(values)
        for file, text in sorted(found.items())
        if file.endswith(_ENDING)
    }
