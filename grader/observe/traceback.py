"""Errors of the code under check as plain data: type, text, and the lines in the student's cells."""

from __future__ import annotations

import linecache
import re
import traceback

from grader.wire.outcome import Frame, Raised

CELL_FILE = "<cell {}>"
_CELL_FILE = re.compile(r"<cell (\d+)>")
_MESSAGE_LETTERS = 300
_FRAMES = 8


def describe_error(error: BaseException) -> Raised:
    """Describe an error without trusting it: its text may hang (the time limit ends that), lie or raise.

    Args:
        error: What the code under check raised.

    Returns:
        Its type's name, its text cut to 300 letters, and the last lines in cells.
    """
    return Raised(type(error).__name__[:100], _text(error)[:_MESSAGE_LETTERS], frames_of(error))


def frames_of(error: BaseException) -> tuple[Frame, ...]:
    """The lines of an error's traceback that are in notebook cells, outermost first."""
    found = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        match = _CELL_FILE.fullmatch(frame.f_code.co_filename)
        if match:
            text = linecache.getline(frame.f_code.co_filename, line).strip()[:200]
            function = frame.f_code.co_name.removeprefix("<module>")
            found.append(Frame(int(match[1]), line, function, text))
    if isinstance(error, SyntaxError) and (match := _CELL_FILE.fullmatch(error.filename or "")):
        found.append(Frame(int(match[1]), error.lineno or 0, "", (error.text or "").strip()[:200]))
    return tuple(found[-_FRAMES:])


def _text(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    try:
        text = str(error)
        # What torch adds to every error of a device is for people with a debugger.
        return text.partition("\n")[0] if text.startswith("CUDA error: ") else text
    except BaseException as nested:  # noqa: BLE001 - an error whose text raises is still only an error
        return f"(its text cannot be shown: {type(nested).__name__})"
