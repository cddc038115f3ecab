"""What a tensor says and does about its device: the attributes and methods that take the place of torch's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from grader.authoring.spec import REHEARSAL
from grader.observe.rehearsal.labels import Place, place_of, put
from grader.observe.rehearsal.moves import moved
from grader.observe.rehearsal.targets import DEVICE, device_of, elsewhere, target
from grader.observe.rehearsal.words import seen_from_the_cell

_BASE = torch._C.TensorBase
_PARSE_TO = torch._C._nn._parse_to
_NEW = ("new_tensor", "new_empty", "new_zeros", "new_ones", "new_full", "new_empty_strided")
_Members = Iterator[tuple[str, Any]]


def members() -> _Members:
    """The attributes and methods of torch.Tensor to replace, by name.

    Yields:
        Names and what takes their place.
    """
    yield "device", property(device_of)
    yield "is_cpu", property(lambda self: device_of(self).type == "cpu")
    yield "get_device", lambda self: 0 if _is_away(self) else -1
    yield "grad", property(lambda self: _GRAD.__get__(self), _set_grad, lambda self: _GRAD.__delete__(self))
    yield "to", _to
    yield "cpu", _cpu
    yield "cuda", _cuda
    yield "type", _type
    yield "numpy", _numpy
    yield "__array__", _array
    yield "__dlpack__", _dlpack
    yield "pin_memory", _pin_memory
    yield "is_pinned", lambda *_: False
    for name in ("masked_fill", "masked_fill_"):
        yield name, _masked_fill(getattr(_BASE, name))
    for name in _NEW:
        yield name, _new(name)


_GRAD: Any = vars(_BASE)["grad"]
_ARRAY: Any = torch.Tensor.__array__
_DLPACK: Any = torch.Tensor.__dlpack__


def _is_away(tensor: torch.Tensor) -> bool:
    return place_of(tensor) in (Place.DEVICE, Place.ANYWHERE)


def _to(self: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
    """Tensor.to, where the device is a label."""
    asked, rest, named = _asked(args, kwargs)
    if asked is None:
        return _BASE.to(self, *rest, **named)
    place, here = target(asked), place_of(self)
    if place is None or here is None:
        made = _BASE.to(self, torch.device("meta" if place is None else "cpu"), *rest, **named)
        if place is Place.DEVICE:
            put(made, place)
        return made
    if (place is Place.DEVICE) == _is_away(self):
        return _BASE.to(self, *rest, **named) if rest or named else self
    named.pop("copy", None)
    return moved(_BASE.to(self, *rest, **named) if rest or named else self, place)


def _asked(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, list[Any], dict[str, Any]]:
    """Tell the device in the arguments of Tensor.to from the rest, which is given by name where that has to be."""
    named = {name: value for name, value in kwargs.items() if value is not None}
    asked = named.pop("device", None)
    if isinstance(other := named.pop("other", args[0] if args else None), torch.Tensor):
        asked, args = device_of(other), (None, other.dtype, *args[1:])
    if args and (args[0] is None or isinstance(args[0], str | int | torch.device)):
        asked = asked if args[0] is None else args[0]
        named |= {n: v for n, v in zip(("dtype", "non_blocking", "copy"), args[1:], strict=False) if v is not None}
        return asked, [], named
    return asked, list(args), named


def parse_to(*args: Any, **kwargs: Any) -> Any:
    """What Module.to asks for; with a tensor, the device that this one is said to be on."""
    other = kwargs.get("tensor", args[0] if args else None)
    if not isinstance(other, torch.Tensor):
        return _PARSE_TO(*args, **kwargs)
    kwargs.pop("tensor", None)
    return _PARSE_TO(device_of(other), other.dtype, *args[1:], **kwargs)


def _cpu(self: torch.Tensor, memory_format: torch.memory_format = torch.preserve_format) -> torch.Tensor:
    return self.to("cpu", memory_format=memory_format)


def _cuda(*_: Any, **__: Any) -> torch.Tensor:
    raise elsewhere("cuda")


def _type(self: torch.Tensor, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Tensor.type: the old names of types, such as torch.LongTensor, are the CPU's."""
    if dtype is None:
        name = str(_BASE.type(self))
        return name.replace("torch.", f"torch.{REHEARSAL}.", 1) if _is_away(self) else name
    made = _BASE.type(self, dtype, *args, **kwargs)
    return made if isinstance(dtype, torch.dtype) else made.cpu()


def _refuse_numpy(tensor: torch.Tensor) -> None:
    if place_of(tensor) is Place.DEVICE:
        raise TypeError(
            f"can't convert {DEVICE} device type tensor to numpy. "
            "Use Tensor.cpu() to copy the tensor to host memory first."
        )


def _numpy(self: torch.Tensor, *, force: bool = False) -> Any:
    if not force:
        _refuse_numpy(self)
    return _BASE.numpy(self, force=force)


def _array(self: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
    _refuse_numpy(self)
    return _ARRAY(self, *args, **kwargs)


def _dlpack(self: torch.Tensor, **kwargs: Any) -> Any:
    if _is_away(self):
        raise BufferError(f"a tensor on {DEVICE} cannot be shared with a library that works on the CPU")
    return _DLPACK(self, **kwargs)


def _pin_memory(self: torch.Tensor, *_: Any) -> torch.Tensor:
    if _is_away(self):
        raise RuntimeError(f"cannot pin '{self.type()}' only dense CPU tensors can be pinned")
    return self.clone()


def _set_grad(self: torch.Tensor, grad: Any) -> None:
    if isinstance(grad, torch.Tensor) and _is_away(self) != _is_away(grad):
        raise RuntimeError(
            "attempting to assign a gradient with device type "
            f"'{device_of(grad).type}' to a tensor with device type '{device_of(self).type}'. "
            "Please ensure that the gradient and the tensor are on the same device"
        )
    _GRAD.__set__(self, grad)


def _masked_fill(original: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
    def fill(self: torch.Tensor, mask: torch.Tensor, value: Any) -> torch.Tensor:
        if _is_away(self) != _is_away(mask):
            raise RuntimeError(
                f"expected self and mask to be on the same device, but got mask on {device_of(mask)} "
                f"and self on {device_of(self)}{seen_from_the_cell()}"
            )
        return original(self, mask, value)

    return fill


def _new(name: str) -> Callable[..., torch.Tensor]:
    original = getattr(_BASE, name)

    def make(self: torch.Tensor, *args: Any, device: Any = None, **kwargs: Any) -> torch.Tensor:
        place = place_of(self) if device is None else target(device)
        if place is None:
            elsewhere_made: torch.Tensor = original(self, *args, device=device, **kwargs)
            return elsewhere_made
        made: torch.Tensor = original(self, *args, **({} if device is None else {"device": "cpu"}), **kwargs)
        put(made, place)
        return made

    return make
