"""Makers of archives that a student could send to harm whoever opens them, and of honest ones."""

import gzip
import io
import json
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable

NOTEBOOK = json.dumps(
    {
        "cells": [{"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": [], "execution_count": None}],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
).encode()
MIB = 1 << 20

# name → what the refusal says about it
UNSAFE_NAMES = {
    "../up.txt": "leads out",
    "a/../../up.txt": "leads out",
    "hw2.ipynb/../../up.txt": "leads out",
    "/etc/cron.d/job": "absolute path",
    "//server/share/x": "absolute path",
    "C:/Users/x": "absolute path",
    "C:x": "absolute path",
    "..\\up.txt": "backslash",
    "\\\\server\\share\\x": "backslash",
    "notes.txt:stream": "colon",
    "~/.ssh/authorized_keys": "home folder",
    "~root/.profile": "home folder",
    "a//b": "empty folder name",
    "a/./b": "empty folder name",
    "con": "device on Windows",
    "AUX.txt": "device on Windows",
    "x/Com1.tar.gz": "device on Windows",
    "lpt\u00b9": "device on Windows",
    "x.": "ends in a dot or a space",
    "folder /x": "ends in a dot or a space",
    "best\u202etp.exe": "cannot be seen",
    "hw2\u200b.ipynb": "cannot be seen",
    "\ufeffhw2.ipynb": "cannot be seen",
    "two\nlines.py": "cannot be seen",
    "\x1b]0;title\x07.py": "cannot be seen",
    "\u3164": "cannot be seen",
    "n" * 300: "too long",
    "\U0001f600" * 60: "too long",
    "/".join(["deep"] * 30): "20 folders deep",
}


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An ordinary zip archive; a name that ends in a slash is a folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, link: str = "", mode: int = 0o644) -> bytes:
    """One tar header as bytes."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname, info.mode = kind, size, link, mode
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def tarred(*entries: tuple[str, bytes], mode: int = 0o644, form: int = tarfile.PAX_FORMAT) -> bytes:
    """An ordinary tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zip_of_zeros(mebibytes: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("hw2.ipynb", "w") as file:
        for _ in range(mebibytes):
            file.write(bytes(MIB))
    return buffer.getvalue()


def zip_that_lies(really: bytes, declared: int, checksum_of: bytes | None = None) -> bytes:
    """A zip whose table of contents and header declare another size; the checksum may be made to fit the lie."""
    data = bytearray(zipped(("hw2.ipynb", really)))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = data[22:26] = struct.pack("<I", declared)
    if checksum_of is not None:
        data[at + 16 : at + 20] = data[14:18] = struct.pack("<I", zlib.crc32(checksum_of))
    return bytes(data)


def zip_of_one_body(copies: int, mebibytes: int) -> bytes:
    """Many entries that all point to the same packed bytes."""
    one = zipped(("a", bytes(mebibytes * MIB)))
    at, end = one.rfind(b"PK\x01\x02"), one.rfind(b"PK\x05\x06")
    entry = one[at:end]
    table = entry * copies
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, copies, copies, len(table), at, 0)
    return one[:at] + table + tail


def zip_with_a_long_table(entries: int, attribute_bytes: int) -> bytes:
    """A zip whose table of contents holds many empty attributes for each entry."""
    attributes = struct.pack("<HH", 9, 0) * (attribute_bytes // 4)
    table = b""
    for number in range(entries):
        name = b"%05d" % number
        fields = (20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, len(name), len(attributes), 0, 0, 0, 0, 0)
        table += struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *fields) + name + attributes
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, entries, entries, len(table), 30, 0)
    return b"PK\x03\x04" + bytes(26) + table + tail


def zip_of_links(*links: tuple[str, str], kind: int = stat.S_IFLNK) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("hw2.ipynb", NOTEBOOK)
        for name, target in links:
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, (kind | 0o777) << 16
            archive.writestr(info, target)
    return buffer.getvalue()


def encrypted_zip() -> bytes:
    data = bytearray(zipped(("hw2.ipynb", NOTEBOOK)))
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def zip_with_two_names(in_table: bytes, in_header: bytes) -> bytes:
    data = bytearray(zipped((in_table.decode(), b"content")))
    data[30 : 30 + len(in_header)] = in_header
    return bytes(data)


def zip_with_raw_name(name: bytes, utf8: bool = False) -> bytes:
    """A zip with one more entry whose name is these bytes, whatever zipfile would write."""
    stand_in = "x" * len(name)
    data = bytearray(zipped(("hw2.ipynb", NOTEBOOK), (stand_in, b"content")).replace(stand_in.encode(), name))
    if utf8:
        at = data.rfind(b"PK\x01\x02")
        data[at + 9] |= 0x08
    return bytes(data)


def gzipped_zeros(mebibytes: int, first: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb") as file:
        file.write(first)
        for _ in range(mebibytes):
            file.write(bytes(MIB))
    return buffer.getvalue()


def pax_record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode()
    length = len(body) + 1
    while len(str(length)) + len(body) != length:
        length += 1
    return str(length).encode() + body


def pax(records: Iterable[tuple[str, str]], kind: bytes = tarfile.XHDTYPE) -> bytes:
    """An extended header with these records, to stand before the entry that it is about."""
    body = b"".join(pax_record(*record) for record in records)
    return member("PaxHeader", kind, len(body)) + padded(body)


END = bytes(1024)
FILE = member("hw2.ipynb", size=len(NOTEBOOK)) + padded(NOTEBOOK)
