"""The files beside a plain notebook that its assignment takes along."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from grader.intake.errors import BadHandIn
from grader.intake.limits import IntakeLimits, size
from grader.intake.model import Extra
from grader.intake.names import is_litter, shown, unsafe
from grader.intake.patterns import depth, matches

_LOOKED_AT = 50_000
_NOTICES = 20


def files_beside(notebook: Path, patterns: Sequence[str], own: Collection[str], limits: IntakeLimits) -> Extra:
    """Read the files beside a notebook that fit a pattern; links are not followed.

    Args:
        notebook: The notebook's file.
        patterns: Which files (see `grader.intake.patterns`).
        own: Names in the folder that belong to the assignment.
        limits: How many files and bytes are taken.

    Returns:
        The files, and sentences about those that were left out.

    Raises:
        BadHandIn: They are too many or too large, or one cannot be read.
    """
    files: dict[str, bytes] = {}
    notices = []
    left_bytes = limits.total_bytes
    reserved = {name.casefold() for name in own}
    for entry, name in _below(notebook.parent, "", depth(patterns, limits.folders), [_LOOKED_AT]):
        if name == notebook.name or name.split("/")[0].casefold() in reserved or not matches(name, patterns):
            continue
        if reason := unsafe(name, limits):
            notices.append(f"not taken along: {shown(name)}: {reason}")
        elif not entry.is_file(follow_symlinks=False):
            notices.append(f"not taken along: {name} is no regular file; put the file itself beside the notebook")
        else:
            files[name] = _read(Path(entry.path), name, min(limits.file_bytes, left_bytes))
            left_bytes -= len(files[name])
        if len(files) > limits.entries:
            raise BadHandIn(f"more than {limits.entries:,} files beside it fit {', '.join(patterns)}")
    return Extra(files, tuple(notices[:_NOTICES]))


def _below(folder: Path, start: str, levels: int, left: list[int]) -> Iterator[tuple[os.DirEntry[str], str]]:
    """What lies below a folder, in the order of names, without links to folders and hidden folders."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return  # a folder that may not be read holds nothing that could be handed in
    left[0] -= len(entries)
    if left[0] < 0:
        raise BadHandIn(f"its folder holds more than {_LOOKED_AT:,} files: put it into a folder of its own")
    for entry in entries:
        name = start + entry.name
        if entry.is_dir(follow_symlinks=False):
            if levels and not entry.name.startswith("."):
                yield from _below(Path(entry.path), f"{name}/", levels - 1, left)
        elif not entry.is_dir() and not is_litter(name):
            yield entry, name


def _read(path: Path, name: str, limit_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(min(path.stat().st_size, limit_bytes) + 1)
    except OSError as error:
        raise BadHandIn(f"{name} beside it cannot be read: {error.strerror}") from None
    if len(data) > limit_bytes:
        raise BadHandIn(f"{name} beside it is too large: at most {size(limit_bytes)} more are taken along")
    return data
