"""Set the stage: from here on torch behaves as if there were a second device."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import serialization

from grader.observe.rehearsal import devices, factories, files, tensors
from grader.observe.rehearsal.calls import Calls
from grader.observe.rehearsal.mode import Labelling
from grader.observe.rehearsal.targets import DEVICE

_ABSENT = object()


@contextmanager
def rehearsal(namespace: MutableMapping[str, Any] | None = None) -> Iterator[torch.device]:
    """Simulate a second device inside a block.

    Every tensor that was made before is on the CPU.

    Args:
        namespace: Global names of the code that will run; torch's functions that it has imported by name are
            replaced there, too.

    Yields:
        The device.

    Example:
        >>> with rehearsal() as device:
        ...     (torch.ones(2, device=device) * 2).device
        device(type='rehearsal', index=0)
    """
    calls = Calls()
    with ExitStack() as stage:
        replaced = {}
        for owner, name, value in _replacements(calls):
            original = getattr(owner, name)
            if not isinstance(owner, type):
                replaced[id(original)] = value
            stage.enter_context(_set(owner, name, value))
        for name, value in list((namespace or {}).items()):
            if namespace is not None and id(value) in replaced:
                stage.callback(operator.setitem, namespace, name, value)
                namespace[name] = replaced[id(value)]
        stage.enter_context(_file_formats())
        stage.enter_context(Labelling(calls))
        yield torch.device(DEVICE)


def _replacements(calls: Calls) -> Iterator[tuple[Any, str, Any]]:
    yield from devices.answers()
    for name, member in tensors.members():
        yield torch.Tensor, name, member
    yield from factories.functions(calls)
    yield torch._C._nn, "_parse_to", tensors.parse_to
    yield torch, "Generator", factories.generator_class(calls)
    yield torch.UntypedStorage, "clone", files.cloned
    yield torch.amp.autocast_mode.autocast, "__init__", _autocast(torch.amp.autocast_mode.autocast.__init__)


def _autocast(original: Callable[..., None]) -> Callable[..., None]:
    def start(
        self: Any,
        device_type: str,
        dtype: torch.dtype | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        original(self, *devices.autocast_arguments(device_type, dtype, enabled), cache_enabled)

    return start


@contextmanager
def _file_formats() -> Iterator[None]:
    before = list(serialization._package_registry)
    serialization.register_package(files.PRIORITY, files.tag, files.restore)
    try:
        yield
    finally:
        serialization._package_registry[:] = before


@contextmanager
def _set(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = vars(owner).get(name, _ABSENT)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, before)
