"""Tar archives, plain or with gzip, read as a stream: tarfile decodes headers, the walk from one to the next is ours.

`tarfile.TarFile` itself reads whatever a header declares (a name of a gigabyte, an endless map of a sparse file).
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator

from grader.intake.entry import CHUNK_BYTES, Entry, Kind
from grader.intake.errors import BadHandIn
from grader.intake.limits import IntakeLimits
from grader.intake.names import shown

GZIP = b"\x1f\x8b"
_BLOCK = tarfile.BLOCKSIZE
# A long name or attributes of one entry, and of all: a few bytes of these cost as much time as a block of content.
_LONG_HEADER_BYTES = 64 * 1024
_LONG_HEADERS_BYTES = 4 * 1024 * 1024
_GZIP_MEMBERS = 100
_CUT = "it is cut off: its end is missing; make the archive again and upload that"
_DAMAGED = "it cannot be opened: it is damaged; make the archive again and upload that"
_KINDS: dict[bytes, Kind] = {
    tarfile.REGTYPE: "a file",
    tarfile.AREGTYPE: "a file",
    tarfile.CONTTYPE: "a file",
    tarfile.DIRTYPE: "a folder",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}
_PAX = frozenset({tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE})
_LONG = frozenset({tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XGLTYPE}) | _PAX


def tar_entries(data: bytes, limits: IntakeLimits) -> Iterator[Entry]:
    """The entries of a tar archive in its own order.

    Args:
        data: The archive; it may be packed with gzip.
        limits: How much is read of it.

    Yields:
        Each entry; what is not read of its pieces is passed over.

    Raises:
        BadHandIn: It is cut off, damaged, or holds more than is read.
    """
    stream = _Stream(_inflated(data) if data.startswith(GZIP) else _sliced(data))
    long_bytes = 0
    extended: dict[str, bytes] = {}
    for _ in range(4 * limits.entries):
        block = stream.read(_BLOCK)
        if len(block) < _BLOCK:
            raise BadHandIn(_CUT)
        if not any(block):
            return
        info = header(block)
        if info is None or info.size < 0:
            raise BadHandIn(_DAMAGED)
        if info.type in _LONG:
            long_bytes += info.size
            if info.size > _LONG_HEADER_BYTES or long_bytes > _LONG_HEADERS_BYTES:
                raise BadHandIn("its names and attributes are longer than any that are needed: make it again as a .zip")
            extended |= _extension(info, stream)
            continue
        entry = _entry(info, extended, stream)
        extended = {}
        yield entry
        for _ in entry.pieces:
            pass  # on to the next header
    raise BadHandIn(f"it holds more than {limits.entries:,} files: hand in the files that are asked for")


def is_tar(data: bytes) -> bool:
    """Whether a file starts as a tar archive does, or is one packed with gzip."""
    if not data.startswith(GZIP):
        return header(data[:_BLOCK]) is not None
    try:
        return header(zlib.decompressobj(wbits=31).decompress(data[:CHUNK_BYTES], _BLOCK)) is not None
    except zlib.error:
        return False


def header(block: bytes) -> tarfile.TarInfo | None:
    """Decode a block as a tar header; None where it is none."""
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return None


class _Stream:
    """The unpacked bytes of an archive one after another; no more is unpacked than is asked for.

    Args:
        pieces: The bytes, in pieces of bounded size.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._ready = b""

    def read(self, count: int) -> bytes:
        """Read so many bytes, fewer at the end only; `count` is small."""
        parts = []
        while count:
            if not self._ready:
                self._ready = next(self._pieces, b"")
            if not self._ready:
                break
            part, self._ready = self._ready[:count], self._ready[count:]
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def content(self, count: int) -> Iterator[bytes]:
        """The next so many bytes and the padding after them, in pieces."""
        padding = -count % _BLOCK
        while count:
            piece = self.read(min(count, CHUNK_BYTES))
            if not piece:
                raise BadHandIn(_CUT)
            count -= len(piece)
            yield piece
        if len(self.read(padding)) < padding:
            raise BadHandIn(_CUT)


def _sliced(data: bytes) -> Iterator[bytes]:
    return (data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES))


def _inflated(data: bytes) -> Iterator[bytes]:
    at = 0
    for _ in range(_GZIP_MEMBERS):
        engine = zlib.decompressobj(wbits=31)
        while not engine.eof:
            feed = engine.unconsumed_tail
            if not feed:
                feed = data[at : at + CHUNK_BYTES]
                at += len(feed)
            if not feed:
                raise BadHandIn(_CUT)
            try:
                piece = engine.decompress(feed, CHUNK_BYTES)
            except zlib.error:
                raise BadHandIn(_DAMAGED) from None
            if piece:
                yield piece
        at -= len(engine.unused_data)
        if data[at : at + len(GZIP)] != GZIP:
            return
    raise BadHandIn(f"it cannot be opened: it is more than {_GZIP_MEMBERS} gzip files in one")


def _entry(info: tarfile.TarInfo, extended: dict[str, bytes], stream: _Stream) -> Entry:
    name = extended.get("path", b"").decode("utf-8", "surrogateescape") or info.name
    kind = _KINDS.get(info.type, "an entry of an unknown kind")
    if any(key.startswith("GNU.sparse") for key in extended):
        kind = "a sparse file"
    declared = info.size
    if written := extended.get("size"):
        if not (written.isdigit() and len(written) < 20):
            raise BadHandIn(f"{shown(name)} declares a size that is no number")
        declared = int(written)
    return Entry(name, kind, declared, stream.content(declared if kind == "a file" else 0))


def _extension(info: tarfile.TarInfo, stream: _Stream) -> dict[str, bytes]:
    """What a header that belongs to the next one says: a long name, or records of the form "length key=value"."""
    body = b"".join(stream.content(info.size))
    if info.type == tarfile.GNUTYPE_LONGNAME:
        return {"path": body.rstrip(b"\0")}
    if info.type == tarfile.GNUTYPE_LONGLINK:
        return {}
    records = _records(body)
    if info.type == tarfile.XGLTYPE:  # meant for all entries: a comment is fine, one name or size for all is not
        if "path" in records or "size" in records:
            raise BadHandIn(_DAMAGED)
        return {}
    return records


def _records(body: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    at = 0
    while at < len(body) and body[at]:
        digits = body[at : at + 8].partition(b" ")[0]
        length = int(digits) if digits.isdigit() else 0
        record = body[at + len(digits) + 1 : at + length]
        key, equals, value = record.partition(b"=")
        if not equals or not value.endswith(b"\n") or at + length > len(body):
            raise BadHandIn(_DAMAGED)
        found[key.decode("utf-8", "replace")] = value[:-1]
        at += length
    return found
