"""What became of one check in one process: the values that the two halves of the grader exchange."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Frame(msgspec.Struct, frozen=True):
    """One line of a traceback in the student's own code.

    Attributes:
        cell: Number of the code cell, counted from 1; 0 where the code is not in the notebook.
        line: Line in that cell, counted from 1.
        function: Name of the function, "" at the top of a cell.
        text: The source line.
    """

    cell: int
    line: int
    function: str
    text: str


class Returned(msgspec.Struct, frozen=True, tag="returned"):
    """The check returned an observation.

    Attributes:
        observation: The encoded tree (see `grader.wire.encode`); not yet validated.
    """

    observation: bytes


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """The check ended with an error in the code under check.

    Attributes:
        error: The error's type name.
        message: Its text, cut.
        frames: The traceback's lines in the student's cells, outermost first.
    """

    error: str
    message: str
    frames: Annotated[tuple[Frame, ...], msgspec.Meta(max_length=100)] = ()


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """The notebook does not define a name that the check asked for."""

    name: str


class Stopped(msgspec.Struct, frozen=True, tag="stopped"):
    """The process of the check ended without an answer.

    Attributes:
        reason: "timeout", "memory", "output", "processes", "files", "crash" (a signal), "exit" (it ended itself)
            or "invalid" (what it sent is no answer).
        detail: What happened, in words: "no answer within 10 s", "signal 11 (SIGSEGV)".
    """

    reason: str
    detail: str


Outcome = Returned | Raised | Missing | Stopped
