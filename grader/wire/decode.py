"""Read an observation that nobody vouches for; the only reader of bytes that a student's process wrote."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import torch

from grader.wire.dtypes import DTYPES, stride_elements
from grader.wire.encode import MAGIC, is_integer
from grader.wire.envelope import parse_json, unpack
from grader.wire.errors import WireError
from grader.wire.limits import WireLimits
from grader.wire.tree import Opaque, TensorLeaf, Tree

_DEFAULT_LIMITS: Final = WireLimits()
_DEVICE: Final = re.compile(r"[a-z]{1,20}")
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]*")
_FLOAT_LETTERS: Final = 32
_OPAQUE_BYTES: Final = 1000  # each text of an opaque leaf
_INNER_LEVELS: Final = 2  # a leaf's own array, and the shape inside it


def decode(data: bytes, limits: WireLimits = _DEFAULT_LIMITS) -> Tree:
    """Read an observation, or say why it is none.

    Args:
        data: Any bytes whatever.
        limits: What may cross.

    Returns:
        The tree; its tensors are plain, contiguous, on the CPU and share no memory.

    Raises:
        WireError: The bytes are no observation. Nothing else is ever raised.

    Example:
        >>> decode(b"anything")
        Traceback (most recent call last):
        grader.wire.errors.WireError: the data ends after 8 bytes, within its first 16
    """
    try:
        header, body = unpack(MAGIC, data, limits)
        return _Decoder(body, limits).tree(parse_json(header, limits.depth_levels + _INNER_LEVELS))
    except WireError:
        raise
    except Exception as error:
        raise WireError(f"the observation cannot be read ({type(error).__name__})") from error


class _Decoder:
    """One observation while it is read; tensors lie in the body in the order in which the header has them."""

    def __init__(self, body: bytes, limits: WireLimits) -> None:
        self._body = body
        self._limits = limits
        self._used_bytes = 0
        self._nodes = 0
        self._tensors = 0

    def tree(self, header: Any) -> Tree:
        """Read the whole tree and make sure that it uses the whole body."""
        tree = self._node(header, 0)
        if self._used_bytes != len(self._body):
            raise WireError(f"{len(self._body) - self._used_bytes} bytes of the body belong to no tensor")
        return tree

    def _node(self, node: Any, depth: int) -> Tree:
        self._nodes += 1
        if self._nodes > self._limits.nodes:
            raise WireError(f"the observation has more than {self._limits.nodes} values")
        if node is None or type(node) is bool:
            return node
        if type(node) is int:
            return self._integer(node)
        if type(node) is str:
            return self._text(node)
        if type(node) is list and node and type(node[0]) is str:
            return self._tagged(node[0], node[1:], depth)
        raise WireError("the header has something that is no value of an observation")

    def _tagged(self, tag: str, parts: list[Any], depth: int) -> Tree:
        match tag, parts:
            case "list", _:
                return self._items(parts, depth)
            case "tuple", _:
                return tuple(self._items(parts, depth))
            case "dict", _:
                return self._dict(parts, depth)
            case "float", [str() as real]:
                return _float(real)
            case "complex", [str() as real, str() as imaginary]:
                return complex(_float(real), _float(imaginary))
            case "bytes", [str() as text]:
                return self._bytes(text)
            case "opaque", [str() as name, str() as reason]:
                return self._opaque(name, reason)
            case "tensor", [str() as dtype, list() as shape, str() as device, bool() as requires_grad]:
                if not _DEVICE.fullmatch(device):
                    raise WireError("a tensor has a device type that is no lower-case word")
                return TensorLeaf(self._values(dtype, shape), "tensor", device, requires_grad)
            case "ndarray", [str() as dtype, list() as shape]:
                return TensorLeaf(self._values(dtype, shape), "ndarray", "cpu", False)
        raise WireError(f"the header has a malformed or unknown entry {tag[:20]!r}")

    def _items(self, parts: list[Any], depth: int) -> list[Tree]:
        if depth >= self._limits.depth_levels:
            raise WireError(f"the observation nests more than {self._limits.depth_levels} containers deep")
        return [self._node(part, depth + 1) for part in parts]

    def _dict(self, parts: list[Any], depth: int) -> dict[str, Tree]:
        keys, nodes = parts[::2], parts[1::2]
        if len(keys) != len(nodes) or not all(type(key) is str for key in keys):
            raise WireError("a dict has a key that is no text, or no value")
        if len(set(keys)) != len(keys):
            raise WireError("a dict has the same key twice")
        return dict(zip(map(self._text, keys), self._items(nodes, depth), strict=True))

    def _integer(self, number: int) -> int:
        if not is_integer(number):
            raise WireError("an integer has more than 63 bits")
        return number

    def _text(self, text: str) -> str:
        return _checked_text(text, self._limits.string_bytes)

    def _bytes(self, text: str) -> bytes:
        if len(text) % 2 or not _HEXADECIMAL.fullmatch(text):
            raise WireError("a bytes value is not written as bytes.hex writes it")
        value = bytes.fromhex(text)
        if len(value) > self._limits.string_bytes:
            raise WireError(f"a bytes value of {len(value)} is over the limit of {self._limits.string_bytes}")
        return value

    def _opaque(self, name: str, reason: str) -> Opaque:
        return Opaque(_checked_text(name, _OPAQUE_BYTES), _checked_text(reason, _OPAQUE_BYTES))

    def _values(self, name: str, shape: list[Any]) -> torch.Tensor:
        dtype = DTYPES.get(name)
        if dtype is None:
            raise WireError(f"a tensor has the unknown number type {name[:20]!r}")
        if not all(type(size) is int and size >= 0 for size in shape):
            raise WireError("a tensor has a dimension that is no count")
        if len(shape) > self._limits.tensor_dims or stride_elements(shape) > self._limits.body_bytes:
            raise WireError("a tensor has too many dimensions or elements")
        self._tensors += 1
        if self._tensors > self._limits.tensors:
            raise WireError(f"the observation has more than {self._limits.tensors} tensors")
        data = self._take(stride_elements(shape) * dtype.itemsize if 0 not in shape else 0)
        if dtype is torch.bool and data.strip(b"\0\1"):
            raise WireError("a tensor of booleans has a byte that is neither 0 nor 1")
        if not data:
            return torch.empty(shape, dtype=dtype, device="cpu")
        return torch.frombuffer(data, dtype=dtype).reshape(shape)

    def _take(self, count: int) -> bytearray:
        """The next bytes of the body as a copy that a tensor may own."""
        end = self._used_bytes + count
        if end > len(self._body):
            left = len(self._body) - self._used_bytes
            raise WireError(f"a tensor needs {count} bytes, the body has {left} left")
        data = bytearray(memoryview(self._body)[self._used_bytes : end])
        self._used_bytes = end
        return data


def _checked_text(text: str, limit_bytes: int) -> str:
    try:
        length = len(text.encode())
    except UnicodeEncodeError as error:
        raise WireError("a text holds half of a surrogate pair") from error
    if length > limit_bytes:
        raise WireError(f"a text of {length} bytes is over the limit of {limit_bytes}")
    return text


def _float(text: str) -> float:
    # The one spelling that float.hex writes: anything else is not from the encoder.
    try:
        value = float.fromhex(text[:_FLOAT_LETTERS])
    except (ValueError, OverflowError):
        value = math.nan
    if value.hex() != text:
        raise WireError("a number is not written as float.hex writes it")
    return value
