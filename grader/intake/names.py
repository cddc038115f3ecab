"""Names in an archive: which are safe to write anywhere, shown so that nothing in them hides."""

from __future__ import annotations

import re
import unicodedata

from grader.intake.errors import BadHandIn
from grader.intake.limits import IntakeLimits

_SHOWN_LETTERS = 80
_PART_BYTES = 200
_DRIVE = re.compile(r"[A-Za-z]:")
_DEVICE_NAMES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{number}" for port in ("com", "lpt") for number in "0123456789\u00b9\u00b2\u00b3"]
)
# Control, format (zero width, bidirectional) and surrogate characters, line and paragraph separators ...
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# ... and letters that are drawn as nothing.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_LITTER_FOLDERS = frozenset({"__MACOSX", ".ipynb_checkpoints", "__pycache__"})
_LITTER_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "Icon"})


class Names:
    """The names of one archive's entries: each is safe, and no two of them are one file on any system.

    Args:
        limits: How many names there may be, how long and how deep.
    """

    def __init__(self, limits: IntakeLimits) -> None:
        self._limits = limits
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._count = 0

    def add(self, name: str, folder: bool) -> str:
        """Check one more entry's name.

        Args:
            name: The name as it stands in the archive, with forward slashes.
            folder: Whether the entry is a folder.

        Returns:
            The name without a leading "./", in Unicode's composed form.

        Raises:
            BadHandIn: The name is unsafe, there twice, or one too many.
        """
        self._count += 1
        if self._count > self._limits.entries:
            raise BadHandIn(f"it holds more than {self._limits.entries:,} files: hand in the files that are asked for")
        clean = unicodedata.normalize("NFC", _bare(name))
        if folder and clean in ("", "."):
            return clean  # the folder that tar was told to pack
        if reason := unsafe(clean, self._limits):
            raise BadHandIn(f"unsafe name {shown(name)}: {reason}; rename it and make the archive again")
        key = unicodedata.normalize("NFC", clean.casefold())
        parents = {key[: match.start()] for match in re.finditer("/", key)}
        if key in self._files or (not folder and key in self._folders) or parents & self._files:
            raise BadHandIn(
                f"unsafe name {shown(name)}: another entry has the same name, or one that differs in capitals only; "
                "rename it and make the archive again"
            )
        self._folders |= parents
        (self._folders if folder else self._files).add(key)
        return clean


def unsafe(name: str, limits: IntakeLimits) -> str:
    r"""Say why a name may not be written to a disk.

    Args:
        name: A relative name with forward slashes.
        limits: How long and deep it may be.

    Returns:
        The reason as the end of a sentence; "" for a name that is safe on every system.

    Example:
        >>> from grader.intake.limits import LIMITS
        >>> unsafe("weights/best.pt", LIMITS)
        ''
        >>> unsafe("../best.pt", LIMITS)
        'it leads out of the archive'
    """
    parts = name.split("/")
    if any(is_hidden(letter) for letter in name):
        return "it holds characters that cannot be seen"
    if len(name.encode()) > limits.name_bytes or any(len(part.encode()) > _PART_BYTES for part in parts):
        return "it is too long"
    if len(parts) - 1 > limits.folders:
        return f"it is more than {limits.folders} folders deep"
    if ".." in parts:
        return "it leads out of the archive"
    if name.startswith("/") or _DRIVE.match(name):
        return "it is an absolute path"
    if len(parts) > 1 and re.fullmatch(r"~\w*", parts[0]):
        return "it points to a home folder"
    if "\\" in name or ":" in name:
        return "it holds a backslash or a colon, which are no part of a name on every system"
    return next(filter(None, map(_unsafe_part, parts)), "")


def shown(name: str) -> str:
    r"""A name in quotes for a message: cut, and with every hidden character made visible.

    Example:
        >>> shown("hw\u202eynpi.exe")
        '"hw\\u202eynpi.exe"'
    """
    cut = name if len(name) <= _SHOWN_LETTERS else name[: _SHOWN_LETTERS - 3] + "..."
    return '"' + "".join(f"\\u{ord(letter):04x}" if is_hidden(letter) else letter for letter in cut) + '"'


def is_hidden(letter: str) -> bool:
    """Whether a character shows nothing of itself, or changes how others are shown."""
    return unicodedata.category(letter) in _HIDDEN or letter in _BLANK


def is_litter(name: str) -> bool:
    """Whether a file was left behind by a system or a tool and is nothing that a student hands in.

    Example:
        >>> is_litter("__MACOSX/hw2/._hw2.ipynb"), is_litter("hw2/hw2.ipynb")
        (True, False)
    """
    *folders, file = name.split("/")
    return not _LITTER_FOLDERS.isdisjoint(folders) or file in _LITTER_FILES or file.startswith("._")


def _bare(name: str) -> str:
    """The name that is meant by what archivers write: "./a" is "a", "a/" is "a", macOS ends "Icon" with a return."""
    name = name.removeprefix("./").removesuffix("/")
    return name.removesuffix("\r") if name.endswith(("/Icon\r", "/._Icon\r")) or name == "Icon\r" else name


def _unsafe_part(part: str) -> str:
    if part in ("", "."):
        return "it holds an empty folder name"
    if part.endswith((".", " ")):
        return "it ends in a dot or a space"
    if part.split(".")[0].rstrip(" ").casefold() in _DEVICE_NAMES:
        return "it is the name of a device on Windows"
    return ""
