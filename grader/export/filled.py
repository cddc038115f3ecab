"""What became of filling a sheet, and of writing it where it is to go."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec

from grader.errors import BadInput


class Filled(msgspec.Struct, frozen=True):
    """A file that is ready to be handed to a platform, and what a person should know of it.

    Attributes:
        data: The file's bytes.
        written: How many students' results it holds.
        only_in_grades: Students that are graded and not in the sheet.
        only_in_sheet: Students in the sheet that have no grade.
        notes: Sentences about single students or the whole.
    """

    data: bytes
    written: int
    only_in_grades: tuple[str, ...] = ()
    only_in_sheet: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def write_export(data: bytes, out: Path, sheet: Path | None = None, in_place: bool = False) -> None:
    """Write an export whole or not at all; the sheet it was made from is replaced only where that was asked for.

    Args:
        data: The file's bytes.
        out: Where to write; replaced where it is there.
        sheet: The instructor's own sheet, where the export fills one.
        in_place: Whether `out` may be that sheet.

    Raises:
        BadInput: It would replace the sheet, or cannot be written; nothing was written.
    """
    try:
        if sheet is not None and not in_place and out.exists() and out.samefile(sheet):
            raise BadInput(f"{out}: that is the sheet to fill; choose another name with --out, or say --in-place")
        target = out.resolve()  # a link to the sheet stays one
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600  # grades are not for every account's eyes
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            draft.chmod(mode)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"{out}: the export cannot be written ({error.strerror}); choose another --out") from error


def read_input(path: Path) -> bytes:
    """Read a file that the user named.

    Raises:
        BadInput: It is not there or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); check the name and the folder") from error
