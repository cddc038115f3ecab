"""What torch asks of a device's own module, and what torch.accelerator says while there is a simulated device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import torch

from grader.authoring.spec import REHEARSAL
from grader.observe.rehearsal.factories import refuse_state


class _Current:
    """``with torch.rehearsal.device(0)``: there is but one."""

    def __init__(self, device: Any = None) -> None:
        self.idx = 0

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


class _Stream:
    """The one queue of work: it is always empty."""

    def is_capturing(self) -> bool:
        return False

    def query(self) -> bool:
        return True

    def synchronize(self) -> None:
        pass


def named() -> ModuleType:
    """Give the simulated device its name, once a process, and the module that torch looks for.

    Returns:
        ``torch.rehearsal``; outside of a rehearsal it says that there is no device.
    """
    torch.utils.rename_privateuse1_backend(REHEARSAL)
    if not hasattr(torch, REHEARSAL):
        module = ModuleType(f"torch.{REHEARSAL}", "The simulated second device.")
        # It has no random stream of its own: its numbers are the CPU's.
        vars(module).update(
            is_available=lambda: False,
            is_initialized=lambda: True,
            device_count=lambda: 0,
            current_device=lambda: 0,
            set_device=_nothing,
            synchronize=_nothing,
            empty_cache=_nothing,
            manual_seed=_nothing,
            manual_seed_all=_nothing,
            get_rng_state=lambda *_: torch.get_rng_state(),
            set_rng_state=lambda state, *_: torch.set_rng_state(state),
            get_rng_state_all=lambda: [torch.get_rng_state()],
            set_rng_state_all=lambda states: torch.set_rng_state(states[0]),
            get_amp_supported_dtype=lambda: [torch.float16, torch.bfloat16],
            _is_in_bad_fork=lambda: False,
            _lazy_init=_nothing,
            device=_Current,
        )
        torch._register_device_module(REHEARSAL, module)
    found: ModuleType = getattr(torch, REHEARSAL)
    return found


def answers() -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """What is there and what is not, as the usual questions are answered during a rehearsal.

    Yields:
        Module, name, and what takes its place.
    """
    module = named()
    yield module, "is_available", lambda: True
    yield module, "device_count", lambda: 1
    yield torch, "set_rng_state", _set_rng_state
    yield torch.random, "set_rng_state", _set_rng_state
    yield torch.accelerator, "is_available", lambda: True
    yield torch.accelerator, "device_count", lambda: 1
    yield torch.accelerator, "current_accelerator", lambda *_, **__: torch.device(REHEARSAL)
    yield torch.accelerator, "current_device_index", lambda: 0
    yield torch.accelerator, "current_stream", lambda *_: _Stream()
    yield torch.accelerator, "synchronize", _nothing
    yield torch.accelerator, "set_device_index", _nothing


def autocast_arguments(device_type: str, dtype: torch.dtype | None, enabled: bool) -> tuple[str, Any, bool]:
    """How ``torch.autocast`` is to be entered: the device's is the CPU's, and the CPU's touches no tensor there.

    Args:
        device_type: What the code names.
        dtype: The type to compute in, None for the device's usual one.
        enabled: Whether it is on.

    Returns:
        Device type, dtype and whether it is on.
    """
    if device_type.partition(":")[0] == REHEARSAL:
        return "cpu", dtype or torch.float16, enabled
    return device_type, dtype, enabled and device_type != "cpu"


_SET_RNG_STATE = torch.set_rng_state


def _set_rng_state(new_state: torch.Tensor) -> None:
    refuse_state(new_state)
    _SET_RNG_STATE(new_state)


def _nothing(*_: Any, **__: Any) -> None:
    """There is nothing to do for a device that computes on the CPU."""
