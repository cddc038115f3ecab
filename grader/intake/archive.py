"""Archives that students hand in: list what is in them, then take what is wanted; nothing touches the disk."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from grader.intake.entry import Entry
from grader.intake.errors import BadHandIn
from grader.intake.limits import LIMITS, IntakeLimits, size
from grader.intake.names import Names, is_litter, shown
from grader.intake.tars import is_tar, tar_entries
from grader.intake.zips import zip_entries
from grader.notebook.kinds import is_web_page, other_kind

_WHAT_TO_DO = "hand in the notebook itself, or a .zip, .tar or .tar.gz with it"
_ZIP, _EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"


def listed(data: bytes, limits: IntakeLimits = LIMITS) -> dict[str, int]:
    """List an archive's files; every name and every size that it declares is checked before anything is unpacked.

    Args:
        data: A .zip, .tar or .tar.gz file; its content decides which it is.
        limits: What it may hold.

    Returns:
        The declared size of each regular file in bytes, by name, without what systems and tools leave behind.

    Raises:
        BadHandIn: It is no archive, broken, encrypted, too large, or holds a link, a device or an unsafe name.
    """
    return {name: entry.size_bytes for name, entry in _files(data, limits)}


def taken(data: bytes, wanted: Collection[str], limits: IntakeLimits = LIMITS) -> dict[str, bytes]:
    """Unpack some files of an archive into memory.

    Args:
        data: The archive.
        wanted: Names, as `listed` returns them.
        limits: What it may hold.

    Returns:
        The content of each by name.

    Raises:
        BadHandIn: As `listed`; or one of the files is damaged or larger than declared.
    """
    return {name: b"".join(entry.pieces) for name, entry in _files(data, limits) if name in wanted}


def _files(data: bytes, limits: IntakeLimits) -> Iterator[tuple[str, Entry]]:
    names = Names(limits)
    total_bytes = 0
    for entry in _entries(data, limits):
        name = names.add(entry.name, folder=entry.kind == "a folder")
        if entry.kind not in ("a file", "a folder"):
            raise BadHandIn(f"{shown(name)} is {entry.kind}, which is not read: put the file itself into the archive")
        total_bytes += entry.size_bytes
        if entry.size_bytes > limits.file_bytes:
            raise BadHandIn(
                f"the unpacked size of {shown(name)}, {size(entry.size_bytes)}, "
                f"is over the limit of {size(limits.file_bytes)} for one file"
            )
        if total_bytes > limits.total_bytes:
            raise BadHandIn(f"its unpacked size is over the limit of {size(limits.total_bytes)}")
        if entry.kind == "a file" and not is_litter(name):
            yield name, entry


def _entries(data: bytes, limits: IntakeLimits) -> Iterator[Entry]:
    if not data.strip(b"\0"):
        raise BadHandIn(f"the file is empty: {_WHAT_TO_DO}")
    if data.startswith((_ZIP, _EMPTY_ZIP)):
        return zip_entries(data, limits)
    if is_tar(data):
        return tar_entries(data, limits)
    if is_web_page(data):
        raise BadHandIn("it cannot be opened: it is a web page; download the file itself, not its page")
    kind = other_kind(data) or ("a notebook" if data.lstrip().startswith(b"{") else "no archive that is known")
    raise BadHandIn(f"it cannot be opened: it is {kind}, whatever its name says; {_WHAT_TO_DO}")
