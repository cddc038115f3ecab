"""Where submissions lie: a zip archive or a folder, listed with bounds and read one file at a time."""

from __future__ import annotations

import os
import stat
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from grader.intake.errors import BadHandIn
from grader.intake.handin import SUFFIXES
from grader.intake.limits import IntakeLimits, size
from grader.intake.names import Names, is_litter, shown, unsafe
from grader.intake.zips import entry_of, open_zip
from grader.roll.errors import BadSubmissions
from grader.roll.model import Listing, Refused, Stored

_GIB = 1024**3
# What a platform hands over for a whole class; one submission of it keeps to the limits of a hand-in.
CLASS_LIMITS = IntakeLimits(
    archive_bytes=64 * _GIB, total_bytes=256 * _GIB, file_bytes=4 * _GIB, entries=100_000, folders=25, name_bytes=1_000
)
_INSTEAD = "put the file itself there"


class Shelf:
    """An archive or folder of submissions, open for reading; nothing of it is ever unpacked to a disk.

    Args:
        listing: What is in it.
        opened: What stays open so that its files can be read.
    """

    def __init__(self, listing: Listing, *opened: zipfile.ZipFile | BinaryIO) -> None:
        self.listing = listing
        self._opened = opened

    def __enter__(self) -> Shelf:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it; its files cannot be read any more."""
        for one in self._opened:
            one.close()


def open_shelf(path: Path, limits: IntakeLimits = CLASS_LIMITS) -> Shelf:
    """Open what a platform handed over, and list what is in it.

    Args:
        path: A zip archive or a folder.
        limits: How much it may hold.

    Returns:
        The shelf; the caller closes it.

    Raises:
        BadSubmissions: It is neither, or cannot be opened.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            return Shelf(_folder(path, limits))
        if not stat.S_ISREG(status.st_mode):
            raise BadSubmissions(f"{path} is neither a folder nor a file but a pipe, a device or the like")
        file = path.open("rb")
    except FileNotFoundError:
        raise BadSubmissions(f"{path}: there is no such folder or file; check the name") from None
    except OSError as error:
        raise BadSubmissions(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        if isinstance(error, BadSubmissions):
            raise
        raise BadSubmissions(f"{str(path)!r} is no name that a file can have") from None
    try:
        return _zip(path, file, limits)
    except BaseException:
        file.close()
        raise


def _zip(path: Path, file: BinaryIO, limits: IntakeLimits) -> Shelf:
    start = file.read(4)
    file.seek(0)
    if start[:2] != b"PK":
        raise BadSubmissions(f"{path} {_not_a_zip(path, start)}")
    try:
        archive = open_zip(file, limits)
        return Shelf(_listed(path.name, archive, limits), archive, file)
    except BadHandIn as error:
        raise BadSubmissions(f"{path}: {error}, or unpack it and name the folder") from None


def _not_a_zip(path: Path, start: bytes) -> str:
    name = path.name.lower()
    if name.endswith((".ipynb", ".py")):
        return "is one notebook: name a folder or zip of submissions, or grade it with: python -m grader submit"
    if name.endswith(SUFFIXES[1:]) or start[:2] == b"\x1f\x8b":
        return "is no zip archive: unpack it and name the folder"
    return "is no zip archive, whatever its name says: name the platform's .zip, or the folder with the submissions"


def _listed(name: str, archive: zipfile.ZipFile, limits: IntakeLimits) -> Listing:
    names = Names(limits)
    files: dict[str, Stored] = {}
    refused: list[Refused] = []
    repositories: set[str] = set()
    for info in archive.infolist():
        entry = entry_of(archive, info)
        inside_git = f"/{entry.name}".partition("/.git/")
        if inside_git[1]:
            repositories.add(inside_git[0].strip("/"))
        if inside_git[1] or is_litter(entry.name):
            continue
        try:
            place = names.add(entry.name, folder=entry.kind == "a folder")
        except BadHandIn as error:
            reason = str(error).removeprefix(f"unsafe name {shown(entry.name)}: ").partition("; rename it")[0]
            refused.append(Refused(shown(entry.name), f"unsafe name: {reason}"))
            continue
        if entry.kind == "a file":
            files[place] = _stored_in_zip(place, archive, info)
        elif entry.kind != "a folder":
            refused.append(Refused(place, f"it is {entry.kind}, which is not followed; {_INSTEAD}"))
    return Listing(name, files, tuple(refused), frozenset(repositories))


def _stored_in_zip(place: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Stored:
    def read(limit_bytes: int) -> bytes:
        if info.file_size > limit_bytes:
            raise _too_large(place, limit_bytes)
        return b"".join(entry_of(archive, info).pieces)

    return Stored(place, info.file_size, _order(info), None, read)


def _order(info: zipfile.ZipInfo) -> float:
    """When an entry was changed, as a number that only grows: its date need not be one of the calendar."""
    year, month, day, hour, minute, second = info.date_time
    return float((((year * 13 + month) * 32 + day) * 24 + hour) * 3600 + minute * 60 + second)


def _folder(path: Path, limits: IntakeLimits) -> Listing:
    walk = _Walk(path, limits)
    files: dict[str, Stored] = {}
    refused: list[Refused] = []
    repositories: set[str] = set()
    for entry, name in walk.below(path, "", limits.folders):
        place = unicodedata.normalize("NFC", name)
        reason = unsafe(place, limits)
        if entry.name == ".git":
            repositories.add(place.rpartition("/")[0])
        elif reason:
            refused.append(Refused(shown(place), f"unsafe name: {reason}"))
        elif not entry.is_file(follow_symlinks=False):
            what = "a symbolic link, which is not followed" if entry.is_symlink() else "no regular file"
            refused.append(Refused(place, f"it is {what}; {_INSTEAD}"))
        elif place in files:
            refused.append(Refused(place, "another file has the same name, written with other accents"))
        else:
            files[place] = _stored_on_disk(place, Path(entry.path), entry.stat(follow_symlinks=False))
    return Listing(path.resolve().name, files, (*walk.refused, *refused), frozenset(repositories))


class _Walk:
    """A walk through a folder in the order of names, bounded; links are not followed.

    Args:
        top: The folder, for messages.
        limits: How many entries are looked at.
    """

    def __init__(self, top: Path, limits: IntakeLimits) -> None:
        self.refused: list[Refused] = []
        self._top = top
        self._most = self._left = limits.entries

    def below(self, folder: Path, start: str, levels: int) -> Iterator[tuple[os.DirEntry[str], str]]:
        """What is no folder, with its name from the top; of hidden folders only that a Git repository is there."""
        for entry in self._entries(folder, start):
            name = start + entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_litter(f"{name}/x" if is_folder else name):
                continue
            if entry.name == ".git" or not is_folder:
                yield entry, name
            elif not levels:
                self.refused.append(Refused(shown(name), "it is too many folders deep"))
            elif not entry.name.startswith("."):
                yield from self.below(Path(entry.path), f"{name}/", levels - 1)

    def _entries(self, folder: Path, start: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            if not start:
                raise BadSubmissions(f"{folder} cannot be read: {error.strerror}") from None
            self.refused.append(Refused(shown(start.rstrip("/")), f"the folder cannot be read: {error.strerror}"))
            return []
        self._left -= len(entries)
        if self._left < 0:
            most = f"more than {self._most:,} files are not looked through"
            raise BadSubmissions(f"{self._top}: {most}; name a folder with fewer")
        return entries


def _stored_on_disk(place: str, path: Path, status: os.stat_result) -> Stored:
    def read(limit_bytes: int) -> bytes:
        try:
            with path.open("rb") as file:
                data = file.read(min(status.st_size, limit_bytes) + 1)
        except OSError as error:
            raise BadHandIn(f"{place} cannot be read: {error.strerror}") from None
        if len(data) > limit_bytes:
            raise _too_large(place, limit_bytes)
        return data

    return Stored(place, status.st_size, status.st_mtime, path, read)


def _too_large(place: str, limit_bytes: int) -> BadHandIn:
    return BadHandIn(f"{place} is too large: at most {size(limit_bytes)} are read of one file")
