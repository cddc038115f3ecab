"""A hand-in: one notebook and the files beside it, from an archive or from the notebook's own folder."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import BadInput
from grader.intake.errors import BadHandIn
from grader.intake.limits import LIMITS, IntakeLimits, size
from grader.intake.model import Extra, Opened

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
# Archives that are refused by name; whoever sends one has an archiver that writes the others too.
_OTHER_ARCHIVES = (".rar", ".7z", ".gz", ".bz2", ".tbz2", ".xz", ".txz", ".zst")


@dataclass(frozen=True)
class HandedIn:
    """The file that a student handed in, read once.

    Attributes:
        path: Where it lay.
        data: Its bytes; cut where it is larger than what is read.
        limits: How much is read of it and of what is beside it.
    """

    path: Path
    data: bytes = field(repr=False)
    limits: IntakeLimits = LIMITS

    @property
    def name(self) -> str:
        """Its file name, for messages."""
        return "".join(letter if letter.isprintable() else "\ufffd" for letter in self.path.name)

    @property
    def suffix(self) -> str:
        """The end of its name in lower case, ".tar.gz" in full; "" where it has none of the usual form."""
        found = re.search(r"((\.tar)?\.[a-z0-9]{1,10})$", self.path.name.lower())
        return found[1] if found else ""

    @property
    def whole(self) -> bool:
        """Whether all of it was read."""
        return len(self.data) <= self.limits.archive_bytes

    def digest(self, files: Mapping[str, bytes]) -> str:
        """SHA-256 of the file, and of those taken along with it from its folder, as hexadecimal digits."""
        total = hashlib.sha256(self.data)
        if not self.is_archive:
            for name in sorted(files):
                total.update(f"\n{name}\0{hashlib.sha256(files[name]).hexdigest()}".encode())
        return total.hexdigest()

    @property
    def is_archive(self) -> bool:
        """Whether it is opened as an archive, as its name says."""
        return self.suffix in SUFFIXES


def receive(path: Path, limits: IntakeLimits = LIMITS) -> HandedIn:
    """Read the file that was handed in, and no more of it than is allowed.

    Args:
        path: The file.
        limits: How much is read.

    Returns:
        Its bytes; whether they are a notebook or an archive is not looked at.

    Raises:
        BadInput: There is no such file, or it cannot be read: there is nothing to record.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise BadInput(f"{path} is a folder; name the notebook in it")
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"{path} is no regular file but a pipe, a device or the like; hand in a notebook")
        with path.open("rb") as file:
            return HandedIn(path, file.read(min(status.st_size, limits.archive_bytes) + 1), limits)
    except FileNotFoundError:
        raise BadInput(f"{path}: there is no such file; check the name and the folder") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{str(path)!r} is no name that a file can have") from None


def open_notebook(handed_in: HandedIn, prefer: Callable[[str], bool] = lambda _: False) -> Opened:
    """Find the one notebook of a hand-in.

    Args:
        handed_in: What was handed in.
        prefer: Tells by its file name whether a notebook is the one that is meant, where an archive holds several.

    Returns:
        The notebook, unread.

    Raises:
        BadHandIn: The archive cannot be opened, or holds no notebook, or several and none is preferred.
    """
    name = handed_in.name
    if not handed_in.whole:
        limit = size(handed_in.limits.archive_bytes)
        raise BadHandIn(f"{name}: it is larger than {limit}: hand in the notebook and only the files asked for")
    if not handed_in.is_archive:
        if handed_in.suffix.endswith(_OTHER_ARCHIVES):
            what = f"{handed_in.suffix} files are not opened"
            raise BadHandIn(f"{name}: {what}: hand in the notebook itself, or a .zip, .tar or .tar.gz with it")
        return Opened(handed_in.path.name, handed_in.data)
    from grader.intake.packed import notebook_in

    try:
        return notebook_in(handed_in.data, name, prefer, handed_in.limits)
    except BadHandIn as error:
        raise BadHandIn(f"{name}: {error}") from None


def extra_files(handed_in: HandedIn, opened: Opened, patterns: Sequence[str], own: Collection[str] = ()) -> Extra:
    """Take along the files that the assignment allows: from the archive, or from the notebook's folder.

    Args:
        handed_in: What was handed in.
        opened: Its notebook.
        patterns: Which files are taken along (see `grader.intake.patterns`).
        own: Files and folders that the assignment itself puts beside the notebook; a student's do not replace them.

    Returns:
        The files, as bytes that nothing has looked into, and what to tell about the others.

    Raises:
        BadHandIn: One of them cannot be read, or they are too large.
    """
    # Only what is needed is imported: this runs while a student waits for the engine to start.
    try:
        if handed_in.is_archive:
            from grader.intake.packed import files_in

            return files_in(handed_in.data, opened, patterns, own, handed_in.limits)
        if patterns:
            from grader.intake.beside import files_beside

            return files_beside(handed_in.path, patterns, own, handed_in.limits)
    except BadHandIn as error:
        raise BadHandIn(f"{handed_in.name}: {error}") from None
    return Extra()
