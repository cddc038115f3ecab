"""How much one student may hand in."""

from __future__ import annotations

import msgspec

_MIB = 1024 * 1024


class IntakeLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a hand-in may hold; all of it is held in memory at most once as it came and once unpacked.

    There is no limit on how well an archive is packed: what comes out is counted while it is read.

    Attributes:
        archive_bytes: Size of the file that is handed in.
        total_bytes: Unpacked size of everything in an archive.
        file_bytes: Unpacked size of one file.
        entries: Files and folders in an archive, and files looked at beside a notebook.
        folders: How deep folders may be nested.
        name_bytes: Length of one entry's whole name in UTF-8.
    """

    archive_bytes: int = 128 * _MIB
    total_bytes: int = 256 * _MIB
    file_bytes: int = 128 * _MIB
    entries: int = 2_000
    folders: int = 20
    name_bytes: int = 400


LIMITS = IntakeLimits()


def size(count_bytes: int) -> str:
    """A number of bytes for people.

    Example:
        >>> size(10), size(524_288_000)
        ('10 bytes', '524 MB')
    """
    if count_bytes < 1000:
        return f"{count_bytes} bytes"
    return f"{count_bytes / 1000:.0f} kB" if count_bytes < 1_000_000 else f"{count_bytes // 1_000_000:,} MB"
