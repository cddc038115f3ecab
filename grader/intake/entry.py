"""One entry of an archive, before anything of it is believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# How much is unpacked at a time.
CHUNK_BYTES = 64 * 1024

Kind = Literal[
    "a file",
    "a folder",
    "a symbolic link",
    "a hard link",
    "a device",
    "a pipe",
    "a socket",
    "a sparse file",
    "an entry of an unknown kind",
]


@dataclass(frozen=True)
class Entry:
    """An entry as its archive describes it.

    Attributes:
        name: Its name, with forward slashes; whatever the archive says.
        kind: What it is said to be.
        size_bytes: The size that it is said to have.
        pieces: Its content; raises `BadHandIn` where that is damaged or not of the size that was declared. It can
            be read once, and only before the next entry is asked for.
    """

    name: str
    kind: Kind
    size_bytes: int
    pieces: Iterator[bytes]
