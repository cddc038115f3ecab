"""What the supervisor and a session say to each other; imports no torch, holds no secret.

Every message is a frame (see `grader.wire.frames`) whose header names its kind and whose body is the msgpack
form of one struct of this file.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from grader.looks.model import LookExercise
from grader.wire.limits import WireLimits
from grader.wire.outcome import Frame, Outcome

# One message carries the observations of one check in two precisions, or of a misconception in several checks.
MESSAGE_LIMITS = WireLimits(body_bytes=256 * 1024 * 1024)

# Lengths are refused before anything is built: a message full of tiny values would take a minute and gigabytes.
_MOST_OUTCOMES = 10_000

CellMode = Literal["run", "definitions", "skip"]
Precision = Literal["float32", "float64"]


class CellSource(msgspec.Struct, frozen=True):
    """One code cell to run.

    Attributes:
        number: Its number, counted from 1.
        source: Its text as in the notebook, magics and all.
        mode: "run" it, run its "definitions" only, or "skip" it.
    """

    number: int
    source: str
    mode: CellMode = "run"


class NotebookRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a session is to run before it takes checks.

    Attributes:
        cells: The code cells in order.
        files: What the notebook finds beside itself, by relative path: the assignment's data, and files handed in.
        seed: What the global random streams are seeded from.
        device: "cpu", "cuda", "rehearsal", ...: where the checks make their inputs.
        workers: Whether loaders may start worker processes.
        fork: Whether each check gets a fork of its own; a CUDA process cannot fork.
        gpu_memory_bytes: What its tensors may take of a GPU.
        looks: What to look for in the cells' source before any of it is run; None for no look.
    """

    cells: tuple[CellSource, ...]
    files: dict[str, bytes]
    seed: str
    device: str = "cpu"
    workers: bool = True
    fork: bool = True
    gpu_memory_bytes: int = 0
    looks: tuple[LookExercise, ...] | None = None


class CellStarted(msgspec.Struct, frozen=True):
    """The session is about to run this cell."""

    number: int


class CellEnded(msgspec.Struct, frozen=True):
    """A cell has ended.

    Attributes:
        number: The cell's number.
        error: Type name of the error that it ended with, "" for none.
        message: The error's text, cut.
        frames: The traceback's lines in cells.
    """

    number: int
    error: str = ""
    message: str = ""
    frames: Annotated[tuple[Frame, ...], Meta(max_length=100)] = ()


class Ready(msgspec.Struct, frozen=True):
    """All cells have run; the session takes checks.

    Attributes:
        not_run: Shell lines and commands of the machine that were left out.
    """

    not_run: Annotated[tuple[str, ...], Meta(max_length=1000)] = ()


class Overlay(msgspec.Struct, frozen=True):
    """Definitions that replace the notebook's: a misconception or an alternative.

    Attributes:
        source: A module's source that defines it.
        name: Its name in that module.
    """

    source: str
    name: str


class CheckSource(msgspec.Struct, frozen=True):
    """One check to run.

    Attributes:
        source: A module's source that defines the check and no other.
        name: The check's name in that module.
        seed: What its inputs are made from.
        precisions: It runs once in each; students' work runs in float32 only.
        avoid: What its exercise is to be written without; such calls are noted where there are any.
        code: The source as `grader.authoring.load.compiled`; empty to compile it there.
    """

    source: str
    name: str
    seed: str
    precisions: tuple[Precision, ...] = ("float32",)
    avoid: tuple[str, ...] = ()
    code: bytes = b""


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Checks to run, in one process, on what the notebook has defined.

    Attributes:
        nonce: Repeated in the answer; an answer without it is none.
        checks: The checks; what one of them spoils is spoilt for those after it.
        overlays: Definitions to put in place of the notebook's. Where there are several, all checks are run on each
            in turn, and each replaces the one before it.
        device: Where they make their inputs, where that is not the session's own device: the simulated one.
        stays: Whether their process is kept for the next request.
        goes_on: Whether they run in the process that was kept; in a fresh one where that is gone.
    """

    nonce: str
    checks: tuple[CheckSource, ...]
    overlays: tuple[Overlay, ...] = ()
    device: str = ""
    stays: bool = False
    goes_on: bool = False

    @property
    def rounds(self) -> int:
        """How often each check is run."""
        return max(1, len(self.overlays))

    @property
    def count(self) -> int:
        """How many outcomes answer it."""
        return self.rounds * sum(len(check.precisions) for check in self.checks)


class CheckAnswer(msgspec.Struct, frozen=True):
    """What became of the requested checks.

    Attributes:
        nonce: The request's.
        outcomes: For each check, one for each precision asked for; those of each overlay after those of the one before.
        seconds: For each check, how long its first run took; so again for each further overlay.
        called: For each check, the functions that it is to be written without and that were called all the same;
            empty where no check avoids any. Nothing is noted of further overlays.
        sound: Whether the process can be asked again; a GPU that refused a check refuses all that follow it there.
    """

    nonce: str
    outcomes: Annotated[tuple[Outcome, ...], Meta(max_length=_MOST_OUTCOMES)]
    seconds: Annotated[tuple[float, ...], Meta(max_length=_MOST_OUTCOMES)]
    called: Annotated[tuple[tuple[str, ...], ...], Meta(max_length=_MOST_OUTCOMES)] = ()
    sound: bool = True
