"""Ask, in a process of its own, which devices there are: looking may start a driver that cannot be forked."""

from __future__ import annotations

from grader.observe.engine import Engine, EngineFault
from grader.wire import frames

_ENTRY = "grader.observe.probe:main"
_SECONDS = 60.0


def devices(engine: Engine) -> tuple[str, ...]:
    """The device types of this machine, "cpu" first.

    Args:
        engine: Where the process that looks comes from.

    Returns:
        Such as ``("cpu", "cuda")``.

    Raises:
        EngineFault: The process gave no answer.
    """
    process = engine.open(_ENTRY)
    process.channel.settimeout(_SECONDS)
    try:
        message = frames.receive(process.channel.fileno())
    finally:
        process.close()
    if message is None:
        raise EngineFault("the process that looks for devices ended without an answer")
    return tuple(str(name) for name in message.header["devices"])


def main(channel: int) -> None:
    """Look, and say what is there."""
    import torch

    found = ["cpu"]
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    frames.send(channel, {"devices": found})
