"""Temporary folders for checks, and the files that a call wrote."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """An empty folder for the files of a check; it is gone when the block ends.

    Yields:
        Its path.

    Example:
        >>> with temporary_folder() as folder:
        ...     _ = (folder / "a.txt").write_text("hi")
        ...     written(folder)
        ['a.txt']
    """
    with tempfile.TemporaryDirectory(prefix="check-") as name:
        yield Path(name)


def written(folder: Path) -> list[str]:
    """The files below a folder, sorted, as paths relative to it with forward slashes."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
