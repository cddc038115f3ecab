"""What a zygote is asked and answers, as JSON on its control socket; descriptors travel beside it."""

from __future__ import annotations

import msgspec

from grader.confine.plan import Wanted
from grader.confine.sandbox import Confines, Mode


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """How a zygote starts.

    Attributes:
        modules: Modules to import besides torch.
        confinement: How its forks for student code are to be confined.
        cuda: Whether they may use CUDA devices.
        cache: A folder that the zygote itself may write to, such as matplotlib's list of fonts; "" for none.
    """

    modules: tuple[str, ...] = ()
    confinement: Wanted = "auto"
    cuda: bool = False
    cache: str = ""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The imports are done.

    Attributes:
        torch: Torch's version.
        mode: How forks are confined.
        layers: The same in words, each layer for itself.
        missing: Why no stronger mode is in force.
        warnings: What could not be imported.
    """

    torch: str
    mode: Mode
    layers: tuple[str, ...]
    missing: tuple[str, ...]
    warnings: tuple[str, ...]


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The confinement that was asked for does not work here."""

    why: str


class Fork(msgspec.Struct, frozen=True, tag="fork"):
    """Fork a process; its channel and the pipe for its output come with the request.

    Attributes:
        entry: ``module:function`` that it runs with the channel's descriptor.
        confines: What it may use; None for a process that is trusted.
        folder: Where a confined one may write, unless it has a root of its own.
    """

    entry: str
    confines: Confines | None = None
    folder: str = ""


class Forked(msgspec.Struct, frozen=True, tag="forked"):
    """It was forked: its id as the zygote sees it; a pidfd comes with the answer."""

    pid: int


class StatusOf(msgspec.Struct, frozen=True, tag="status of"):
    """Ask for the wait status of a fork."""

    pid: int


class Status(msgspec.Struct, frozen=True, tag="status"):
    """The wait status of a fork that has ended; None for one that has not."""

    status: int | None


Answer = Ready | Refused | Forked | Status
