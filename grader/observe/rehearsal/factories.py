"""The functions that make tensors: what they make is where it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import torch
from torch.utils._device import _device_constructors

from grader.observe.rehearsal.calls import Calls, Generator
from grader.observe.rehearsal.labels import Place, place_of, put
from grader.observe.rehearsal.targets import target

_LIKE = ("zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like", "randint_like")
_MAY_SHARE = ("as_tensor", "asarray")


def functions(calls: Calls) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    """The functions of torch that make tensors, wrapped.

    Args:
        calls: Told of each call.

    Yields:
        The module that holds the function, its name there, and what takes its place.
    """
    made = {*_device_constructors(), torch.normal, *(getattr(torch, name) for name in _LIKE)}
    for module in (torch, torch.fft, torch.nested):
        for name, function in list(vars(module).items()):
            if callable(function) and not isinstance(function, type) and function in made:
                yield module, name, _wrapped(function, calls)


def generator_class(calls: Calls) -> type:
    """What takes the place of torch.Generator."""

    class _Any(type(torch._C.Generator)):  # type: ignore[misc]
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, torch._C.Generator)

    class _Generator(Generator, metaclass=_Any):
        def __new__(cls, device: Any = "cpu") -> _Generator:
            made: _Generator = super().__new__(cls, "cpu")  # type: ignore[call-arg]
            made.place = target(device) or Place.CPU
            calls.remember(made)
            return made

        def set_state(self, state: torch.Tensor) -> torch._C.Generator:
            refuse_state(state)
            return super().set_state(state)

        @property
        def device(self) -> torch.device:  # type: ignore[override]
            return torch.device(self.place.value)

    return _Generator


def refuse_state(state: torch.Tensor) -> None:
    """Refuse the state of a random stream that is not on the CPU, as every generator does.

    Raises:
        TypeError: It is elsewhere.
    """
    if place_of(state) in (Place.DEVICE, Place.ANYWHERE):
        raise TypeError("RNG state must be a torch.ByteTensor")


def _wrapped(function: Callable[..., Any], calls: Calls) -> Callable[..., Any]:
    @wraps(function)
    def make(*args: Any, device: Any = None, **kwargs: Any) -> Any:
        if device is None and not any(isinstance(value, torch.Tensor) for value in (*args, *kwargs.values())):
            device = torch.get_default_device()
        place = None if device is None else target(device)
        if device is not None and place is None:
            return function(*args, device=device, **kwargs)
        calls.check_generator(kwargs.get("generator"), place or Place.CPU)
        with calls.made_from_python(placing=place is not None):
            if place is None:
                return function(*args, **kwargs)
            if function.__name__ in _MAY_SHARE:
                return function(*args, **kwargs).to(place.value)
            made = function(*args, **kwargs) if function is torch.normal else function(*args, device="cpu", **kwargs)
        put(made, place)
        return made

    return make
