"""What becomes of a notebook's cells and of checks, as the supervisor tells it."""

from __future__ import annotations

from dataclasses import dataclass

from grader.wire.outcome import Frame, Outcome


@dataclass(frozen=True)
class CellEnd:
    """A cell that did not run to its end.

    Attributes:
        number: The cell.
        reason: "error", "timeout", "memory", "output", "processes", "files", "crash", "exit", "invalid", or "not run".
        error: For "error" the error's type name.
        message: What happened.
        frames: For "error" the traceback's lines in cells.
    """

    number: int
    reason: str
    error: str = ""
    message: str = ""
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """What became of checks that ran in one process.

    Attributes:
        outcomes: For each check, one for each precision.
        seconds: For each check, how long its first run took.
        output: What was printed meanwhile, cut.
        called: For each check, the functions that it is to be written without and is said to have called.
    """

    outcomes: tuple[Outcome, ...]
    seconds: tuple[float, ...]
    output: str
    called: tuple[tuple[str, ...], ...] = ()
