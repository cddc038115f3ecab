"""Tensors and arrays as raw bytes, read without running a line of the code that made their classes.

Everything here that takes a tensor must be called inside `torch_alone`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import torch
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from grader.wire.dtypes import DTYPES
from grader.wire.tree import Opaque

_NUMPY_TYPES: Final = (np.ndarray, *set(np.sctypeDict.values()))
_TO_ZERO_OR_ONE: Final = bytes([0] + [1] * 255)
_DTYPE_REASON: Final = f"only these number types are compared: {', '.join(DTYPES)}"


@contextmanager
def torch_alone() -> Iterator[None]:
    """Run torch's own code only: subclasses and modes that were left on do not see what is called inside.

    Even reading ``tensor.shape`` runs a mode's Python code outside of it.
    """
    with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
        yield


def is_tensor(value: object) -> bool:
    """Tell whether a value is a torch tensor by its real class, whatever its ``__class__`` says."""
    return issubclass(type(value), torch.Tensor)


def is_array(value: object) -> bool:
    """Tell whether a value is a plain numpy array or one of numpy's own scalars."""
    # By identity: a set or `==` would ask the metaclass, which may be of the student's making.
    return any(type(value) is kind for kind in _NUMPY_TYPES)


def plain_tensor(value: Any) -> torch.Tensor | Opaque:
    """Reduce a tensor of any subclass to a plain one of the same values, without copying them.

    Args:
        value: A tensor (see `is_tensor`).

    Returns:
        A detached ``torch.Tensor`` on the same device with the same shape, or why it has no plain values.
    """
    if issubclass(type(value), (UninitializedParameter, UninitializedBuffer)):
        return Opaque("lazy parameter", "it has no values before the module's first forward pass")
    if torch._C._dispatch_keys(value).has(torch._C.DispatchKey.Python):
        return Opaque("tensor subclass", "a subclass with a __torch_dispatch__ of its own is not compared")
    if torch._C._functorch.is_functorch_wrapped_tensor(value):
        return Opaque("functorch tensor", "a tensor is compared outside of vmap, grad and the like only")
    plain = torch._C.TensorBase.detach(value)
    return _refusal(plain) or plain


def requires_grad(value: Any) -> bool:
    """Tell whether autograd follows a tensor, asked of torch and not of the tensor's class."""
    return bool(torch._C.TensorBase.requires_grad.__get__(value))  # type: ignore[attr-defined]


def tensor_bytes(plain: torch.Tensor) -> bytes:
    """Copy out a plain tensor's values.

    Args:
        plain: What `plain_tensor` returned.

    Returns:
        Its elements in row-major order; booleans as 0 and 1.

    Raises:
        RuntimeError: The device cannot give them, such as after a failed CUDA kernel.
    """
    flat = plain.resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
    if flat.numel() == 1:
        # A single element is contiguous whatever its stride, but only stride 1 can be viewed as bytes.
        flat = flat.as_strided((1,), (1,))
    data = flat.view(torch.uint8).numpy(force=True).tobytes()
    return data.translate(_TO_ZERO_OR_ONE) if plain.dtype is torch.bool else data


def plain_array(value: Any) -> np.ndarray[Any, Any] | Opaque:
    """Take a numpy array or scalar as an array of a number type that crosses.

    Args:
        value: An array or scalar (see `is_array`).

    Returns:
        The array, not copied and in its own layout and byte order, or why it does not cross.
    """
    dtype = value.dtype
    if dtype.kind not in "biufc" or dtype.name not in DTYPES:
        return Opaque(f"{dtype.name[:40]} array", _DTYPE_REASON)
    return np.asarray(value)


def array_bytes(plain: np.ndarray[Any, Any]) -> bytes:
    """Copy out an array's values in row-major order, little-endian; booleans as 0 and 1."""
    data = plain.astype(plain.dtype.newbyteorder("<"), copy=False).tobytes(order="C")
    return data.translate(_TO_ZERO_OR_ONE) if plain.dtype.kind == "b" else data


def _refusal(plain: torch.Tensor) -> Opaque | None:
    if plain.is_nested:
        return Opaque("nested tensor", "only dense tensors are compared; pad it or return a list")
    if plain.layout is not torch.strided:
        layout = str(plain.layout).removeprefix("torch.").lstrip("_")
        return Opaque(f"{layout} tensor", "only dense tensors are compared; return its to_dense()")
    if plain.is_quantized:
        return Opaque("quantized tensor", "only dense tensors are compared; return its dequantize()")
    if plain.device.type == "meta":
        return Opaque("meta tensor", "it has a shape but no values")
    name = str(plain.dtype).removeprefix("torch.")
    if name not in DTYPES:
        return Opaque(f"{name} tensor", _DTYPE_REASON)
    if plain.numel() and not plain.untyped_storage().nbytes():
        return Opaque("freed tensor", "the memory of its values has been released")
    return None
