"""Zip archives, read with bounds: zipfile decodes, nothing that the archive says about itself is believed."""

from __future__ import annotations

import copy
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from grader.intake.entry import CHUNK_BYTES, Entry, Kind
from grader.intake.errors import BadHandIn
from grader.intake.limits import IntakeLimits
from grader.intake.names import shown

_ENTRY_SIGNATURE = b"PK\x01\x02"
_ENCRYPTED, _UTF8_NAME = 0x1, 0x800
_ENDLESS = 1 << 62
# zipfile's work on an entry's attributes grows with the square of their length: together they stay below a second.
_TABLE_BYTES = 2 * 1024 * 1024
_OTHER_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz"}
_AGAIN = "make the archive again and upload that"
_KINDS: dict[int, Kind] = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}
# What zipfile raises for bytes that are no zip, as found by feeding it such bytes.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    ArithmeticError,
)


def zip_entries(data: bytes, limits: IntakeLimits) -> Iterator[Entry]:
    """The entries of a zip archive in its own order.

    Args:
        data: The archive.
        limits: How many entries are read.

    Yields:
        Each entry; its pieces are unpacked only when they are asked for.

    Raises:
        BadHandIn: It is cut off, damaged, encrypted, or holds too many entries.
    """
    with open_zip(io.BytesIO(data), limits) as archive:
        for info in archive.infolist():
            yield entry_of(archive, info)


def entry_of(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    """One entry of an open archive; its pieces can be read at any time until the archive is closed.

    Raises:
        BadHandIn: It is encrypted.
    """
    if info.flag_bits & _ENCRYPTED:
        raise BadHandIn("it cannot be opened: it is encrypted; make it again without a password")
    return Entry(_name(info), _kind(info), info.file_size, _pieces(archive, info))


class _Directory:
    """The archive's bytes; the table of contents is refused before zipfile makes objects of all its entries."""

    def __init__(self, file: BinaryIO, limits: IntakeLimits) -> None:
        self._file = file
        self._entries = limits.entries
        self.opening = True
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1, /) -> bytes:
        found = self._file.read(size)
        if self.opening and found.count(_ENTRY_SIGNATURE) > self._entries:
            raise BadHandIn(f"it holds more than {self._entries:,} files: hand in the files that are asked for")
        if self.opening and len(found) > _TABLE_BYTES:
            raise BadHandIn(f"it cannot be opened: its table of contents is too large; {_AGAIN}")
        return found


def open_zip(file: BinaryIO, limits: IntakeLimits) -> zipfile.ZipFile:
    """Open a zip archive once its table of contents is known to be bounded.

    Args:
        file: The archive; it stays the caller's to close.
        limits: How many entries it may have.

    Returns:
        The archive, for `entry_of`; its own methods believe what it says.

    Raises:
        BadHandIn: It is cut off, damaged, or holds too many entries.
    """
    source = _Directory(file, limits)
    try:
        archive = zipfile.ZipFile(source)
    except BadHandIn:
        raise
    except _BROKEN:
        raise BadHandIn(f"it cannot be opened: its table of contents is cut off or damaged; {_AGAIN}") from None
    source.opening = False
    return archive


def _name(info: zipfile.ZipInfo) -> str:
    """The entry's name in full: zipfile cuts it at a NUL and, on Windows, turns backslashes round."""
    name = info.orig_filename
    if info.flag_bits & _UTF8_NAME or name.isascii():
        return name
    if info.filename != name:
        return info.filename  # the archive holds it a second time, in Unicode
    try:
        return name.encode("cp437").decode()  # macOS writes UTF-8 without saying so
    except UnicodeError:
        return name


def _kind(info: zipfile.ZipInfo) -> Kind:
    kind = _KINDS.get(stat.S_IFMT(info.external_attr >> 16))
    return kind or ("a folder" if info.orig_filename.endswith("/") else "a file")


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    name = shown(_name(info))
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        method = _OTHER_METHODS.get(info.compress_type, f"number {info.compress_type}")
        raise BadHandIn(f"{name} is packed by the method {method}, which is not read: zip it in the ordinary way")
    # zipfile would cut the stream at the size that the archive declares: let it go on to where it really ends.
    whole = copy.copy(info)
    whole.file_size = _ENDLESS
    count = 0
    try:
        with archive.open(whole) as stream:
            while piece := stream.read(CHUNK_BYTES):
                count += len(piece)
                if count > info.file_size:
                    break
                yield piece
    except _BROKEN:
        raise BadHandIn(f"{name} cannot be unpacked: it is damaged or cut off; {_AGAIN}") from None
    if count != info.file_size:
        more = "more" if count > info.file_size else "less"
        raise BadHandIn(f"{name} holds {more} than the {info.file_size:,} bytes that the archive declares; {_AGAIN}")
