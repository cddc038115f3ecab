"""The two ways in which a command ends without having done what was asked: whose doing it is tells the exit code."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)


class BadInput(ValueError):
    """Something handed to the grader cannot be used; the message says what, where, and what to do: exit code 2."""


class DiskFull(BadInput):
    """There is no room to write; what was written before is kept."""


@contextmanager
def needs_room(place: str | Path) -> Iterator[None]:
    """Say in a sentence that the disk is full, where it is while the block runs.

    Args:
        place: The folder that the block writes to.

    Raises:
        DiskFull: Something could not be written since there is no room, or no quota left.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DiskFull(
            f"{place}: the disk is full ({error.strerror}); all that was graded is kept: make room there and give the "
            "same command again"
        ) from error


class GraderFault(Exception):
    """Something of the grader's own failed, and the message says what: exit code 1."""
