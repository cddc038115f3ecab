"""Find out, in a process confined like a session, which devices work: a device that is there may still be out of reach.

Looking may start a driver that cannot be forked, so it is never done by a process that lives on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.assignment.model import Limits
from grader.confine import nvidia
from grader.observe.allowed import confines
from grader.observe.engine import Engine, EngineFault
from grader.wire import frames
from grader.wire.errors import WireError

_ENTRY = "grader.observe.probe:main"
_SECONDS = 60.0
_TRIAL_BYTES = 1 << 30
_LETTERS = 300


@dataclass(frozen=True)
class Devices:
    """What was found.

    Attributes:
        here: The device types that work, "cpu" first.
        broken: For each that is there and does not work, the reason.
        versions: Of a GPU, where one works: "device" (its name) and "cuda".
    """

    here: tuple[str, ...]
    broken: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def devices(engine: Engine) -> Devices:
    """Find the devices that a session of this engine can use.

    Args:
        engine: Where the process that looks comes from.

    Returns:
        What was found; a driver that hangs or ends the process that asks it is one that does not work.

    Raises:
        EngineFault: The process gave no answer, and there is no driver to blame.
    """
    process = engine.open(_ENTRY, confines(Limits(), "cuda", {}))
    process.channel.settimeout(_SECONDS)
    why = "the process that tried it ended without an answer"
    try:
        message = frames.receive(process.channel.fileno())
    except (OSError, WireError):
        message, why = None, f"no answer within {_SECONDS:g} s"
    finally:
        process.close()
    if message is not None:
        said = message.header
        return Devices(
            tuple(map(str, said["devices"])),
            {str(name): str(reason) for name, reason in said["broken"].items()},
            {str(name): str(text) for name, text in said["versions"].items()},
        )
    if not nvidia.devices():
        raise EngineFault(f"no devices can be looked for: {why}")
    return Devices(("cpu",), {"cuda": why})


def main(channel: int) -> None:
    """Look, try what is there, and say what works."""
    import torch

    found, broken, versions = ["cpu"], {}, {}
    if nvidia.devices() or torch.cuda.is_available():
        if reason := _why_no_cuda():
            broken["cuda"] = reason[:_LETTERS]
        else:
            found.append("cuda")
            versions = {"device": torch.cuda.get_device_name(0), "cuda": str(torch.version.cuda)}
    if torch.backends.mps.is_available():
        found.append("mps")
    frames.send(channel, {"devices": found, "broken": broken, "versions": versions})


def _why_no_cuda() -> str:
    """Why a GPU that is there cannot be used, in one line; "" where it can."""
    import torch

    from grader.observe import cuda

    if torch.version.cuda is None and torch.version.hip is None:
        return "torch is installed without CUDA"
    try:
        cuda.start(_TRIAL_BYTES)
    except Exception as error:  # noqa: BLE001 - whatever a driver says is why it does not work
        return str(error).strip().partition("\n")[0] or type(error).__name__
    return ""
