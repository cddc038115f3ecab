"""The device that a call asks for, in whatever form Python gives it."""

from __future__ import annotations

from typing import Any

import torch

from grader.authoring.spec import REHEARSAL
from grader.observe.rehearsal.labels import Place, place_of

DEVICE = f"{REHEARSAL}:0"
_REAL = ("cpu", "meta")


def device_of(tensor: torch.Tensor) -> torch.device:
    """The device that a tensor is said to be on."""
    if place_of(tensor) in (Place.DEVICE, Place.ANYWHERE):
        return torch.device(DEVICE)
    real: torch.device = torch._C.TensorBase.device.__get__(tensor)
    return real


def target(asked: Any) -> Place | None:
    """The place that a device stands for.

    Args:
        asked: A torch.device, its name, or an index of the current accelerator.

    Returns:
        The place; None for the meta device, which is no memory.

    Raises:
        RuntimeError: It is a device that is not here, named outright.
    """
    kind = REHEARSAL if isinstance(asked, int) else torch.device(asked).type
    if kind == REHEARSAL:
        return Place.DEVICE
    if kind not in _REAL:
        raise elsewhere(kind)
    return Place.CPU if kind == "cpu" else None


def elsewhere(kind: str) -> RuntimeError:
    """The error for code that names a device type outright."""
    return RuntimeError(
        f"the code asks for {kind!r} by name, but the device under test is {DEVICE!r}: "
        "use the device of the input, such as x.device"
    )
