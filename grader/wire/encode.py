"""Write what a check returned as an observation; runs beside the student's code and trusts none of it."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import torch

from grader.wire import dense
from grader.wire.dtypes import stride_elements
from grader.wire.envelope import pack
from grader.wire.errors import WireError
from grader.wire.limits import WireLimits
from grader.wire.tree import Opaque

MAGIC: Final = b"GRO1"

T = TypeVar("T")
_Items = Callable[[Any], Iterable[tuple[Any, Any]]]

_DEFAULT_LIMITS: Final = WireLimits()
_INTEGER_LIMIT: Final = 2**63
_NAME_LETTERS: Final = 100
_CROSSES: Final = "only tensors, arrays, numbers, text, lists, tuples and dicts are compared"
_ADVICE: Final[tuple[tuple[type, str], ...]] = (
    (set, "a set has no order; return sorted(...) of it"),
    (frozenset, "a set has no order; return sorted(...) of it"),
    (range, "return list(...) of it"),
    (bytearray, "return bytes(...) of it"),
)
# The methods are bound here once, so that no method of a value's own class is ever looked up.
_DICT_ITEMS: Final[tuple[tuple[type, _Items], ...]] = (
    (dict, dict.items),
    (collections.OrderedDict, collections.OrderedDict.items),
    (collections.defaultdict, dict.items),
    (collections.Counter, dict.items),
)
_CLASS_NAME: Final = type.__dict__["__name__"]


def encode(tree: object, limits: WireLimits = _DEFAULT_LIMITS) -> bytes:
    """Write what a check returned as bytes that `grader.wire.decode` reads.

    Exact types decide, and no code of a value's own class runs. What has no plain values crosses as an
    `Opaque` leaf that names it; what has no end or no room raises.

    Args:
        tree: A tree of dict (also OrderedDict, defaultdict, Counter), list, tuple (also named tuples,
            torch.Size), tensors of any subclass, plain numpy arrays and scalars, bool, int, float, complex,
            str, bytes, None, torch.dtype and torch.device. Keys become text: see `key_text`.
        limits: What may cross.

    Returns:
        The observation.

    Raises:
        WireError: A container holds itself, or there are too many levels, values, tensors or bytes.

    Example:
        >>> from grader.wire.decode import decode
        >>> decode(encode({"losses": [0.5, 0.25], 3: (True, None)}))
        {'losses': [0.5, 0.25], '3': (True, None)}
    """
    encoder = _Encoder(limits)
    header = encoder.node(tree, "")
    return pack(MAGIC, header, b"".join(encoder.parts), limits)


class _Encoder:
    """One observation while it is written: the header is what `node` returns, the body grows in `parts`."""

    def __init__(self, limits: WireLimits) -> None:
        self.parts: list[bytes] = []
        self._limits = limits
        self._body_bytes = 0
        self._nodes = 1
        self._inside: list[int] = []
        self._labels: list[str] = []

    def node(self, value: Any, label: str) -> Any:
        """Write one value as JSON.

        Args:
            value: Anything.
            label: Its key or position in its container, for messages.

        Returns:
            None, a bool, an int, a str, or a list that starts with a tag.
        """
        self._labels.append(label)
        kind = type(value)
        if items := _find(_DICT_ITEMS, kind):
            written = self._dict(value, items)
        elif kind is list:
            written = self._sequence("list", value, value, len(value))
        elif issubclass(kind, tuple):
            written = self._sequence("tuple", value, tuple.__iter__(value), tuple.__len__(value))
        elif dense.is_tensor(value):
            written = self._tensor(value)
        elif dense.is_array(value):
            written = self._array(value)
        else:
            written = self._scalar(value, kind)
        self._labels.pop()
        return ["opaque", written.type_name, written.reason] if isinstance(written, Opaque) else written

    def _dict(self, value: Any, items: _Items) -> list[Any] | Opaque:
        named: dict[str, Any] = {}
        for key, item in items(value):
            name = key_text(key)
            if name is None or self._text_problem(name):
                return Opaque("dict", f"a key of type {type_name(key)} does not cross; use short text keys")
            if name in named:
                return Opaque("dict", "two of its keys are the same once they are written as text")
            named[name] = item
            if len(named) > self._limits.nodes:
                break  # one more than may cross: what follows says so, and the rest is not looked at
        with self._entered(value, len(named)):
            written: list[Any] = ["dict"]
            for name, item in named.items():
                written += (name, self.node(item, name[:40]))
        return written

    def _sequence(self, tag: str, value: object, items: Iterable[Any], length: int) -> list[Any]:
        with self._entered(value, length):
            return [tag, *(self.node(item, f"[{index}]") for index, item in enumerate(items))]

    @contextmanager
    def _entered(self, container: object, length: int) -> Iterator[None]:
        if id(container) in self._inside:
            raise self._error("contains itself; return a copy that does not")
        if len(self._inside) >= self._limits.depth_levels:
            raise self._error(f"lies in {self._limits.depth_levels} other containers; return a flatter tree")
        self._nodes += length
        if self._nodes > self._limits.nodes:
            limit = self._limits.nodes
            raise self._error(f"makes more than {limit} values in all; return tensors in place of long lists")
        self._inside.append(id(container))
        yield
        self._inside.pop()

    def _tensor(self, value: Any) -> list[Any] | Opaque:
        with dense.torch_alone():
            try:
                return self._plain_tensor(value)
            except RuntimeError as error:
                raise self._error(f"is a tensor that cannot be read: {str(error)[:200]}") from error

    def _plain_tensor(self, value: Any) -> list[Any] | Opaque:
        plain = dense.plain_tensor(value)
        if isinstance(plain, Opaque):
            return plain
        shape = list(plain.shape)
        self._admit(shape, plain.dtype.itemsize)
        self._append(dense.tensor_bytes(plain))
        name = str(plain.dtype).removeprefix("torch.")
        return ["tensor", name, shape, plain.device.type, dense.requires_grad(value)]

    def _array(self, value: Any) -> list[Any] | Opaque:
        plain = dense.plain_array(value)
        if isinstance(plain, Opaque):
            return plain
        shape = list(plain.shape)
        self._admit(shape, plain.dtype.itemsize)
        self._append(dense.array_bytes(plain))
        return ["ndarray", plain.dtype.name, shape]

    def _admit(self, shape: list[int], item_bytes: int) -> None:
        """Refuse a tensor before its values are copied: an expanded one may stand for terabytes."""
        if len(shape) > self._limits.tensor_dims:
            raise self._error(f"has {len(shape)} dimensions; at most {self._limits.tensor_dims} cross")
        if self._body_bytes + stride_elements(shape) * item_bytes > self._limits.body_bytes:
            limit = self._limits.body_bytes
            raise self._error(
                f"has shape {tuple(shape)}: all tensors together are over the limit of {limit} bytes;"
                " return a part of it, or numbers that sum it up"
            )
        if len(self.parts) >= self._limits.tensors:
            raise self._error(f"is one of more than {self._limits.tensors} tensors; stack them into fewer")

    def _append(self, data: bytes) -> None:
        self.parts.append(data)
        self._body_bytes += len(data)

    def _scalar(self, value: Any, kind: type) -> Any:
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if is_integer(value) else Opaque("int", "it has more than 63 bits")
        if kind is str:
            problem = self._text_problem(value)
            return Opaque("str", problem) if problem else value
        if kind is float:
            return ["float", value.hex()]
        if kind is complex:
            return ["complex", value.real.hex(), value.imag.hex()]
        if kind is bytes:
            if len(value) <= self._limits.string_bytes:
                return ["bytes", value.hex()]
            return Opaque("bytes", f"its {len(value)} bytes are over the limit of {self._limits.string_bytes}")
        if kind is torch.dtype or kind is torch.device:
            return self._scalar(str(value), str)
        return Opaque(type_name(value), _find(_ADVICE, kind) or _CROSSES)

    def _text_problem(self, value: str) -> str:
        """Why a text does not cross, "" where it does."""
        limit = self._limits.string_bytes
        if len(value) > limit:
            return f"its {len(value)} letters are over the limit of {limit} bytes"
        try:
            length = len(value.encode())
        except UnicodeEncodeError:
            return "it holds half of a surrogate pair, which is no character"
        return f"its {length} bytes are over the limit of {limit}" if length > limit else ""

    def _error(self, clause: str) -> WireError:
        place = " > ".join(label for label in self._labels if label)
        return WireError(f"the value at {place!r} {clause}" if place else f"the returned value {clause}")


def key_text(key: object) -> str | None:
    """Write a dict key as text.

    Args:
        key: Any key.

    Returns:
        A str as it is; a bool, int, float, None, torch.dtype, torch.device or a flat tuple of plain values as
        Python writes it; None for any other.

    Example:
        >>> key_text(3), key_text((0, "a")), key_text(object())
        ('3', "(0, 'a')", None)
    """
    kind = type(key)
    if kind is torch.dtype or kind is torch.device:
        return str(key)
    if type(key) is str:
        return key
    if _is_atom(key) or (type(key) is tuple and all(_is_atom(part) for part in key)):
        return repr(key)
    return None


def is_integer(value: int) -> bool:
    """Tell whether an integer is small enough to cross: 63 bits and a sign."""
    return -_INTEGER_LIMIT < value < _INTEGER_LIMIT


def type_name(value: object) -> str:
    """The name of a value's real class, which a metaclass cannot forge, cut to 100 letters."""
    name: str = _CLASS_NAME.__get__(type(value))
    return name[:_NAME_LETTERS]


def _is_atom(key: object) -> bool:
    kind = type(key)
    if type(key) is int:
        return is_integer(key)
    return key is None or kind is bool or kind is float or kind is str


def _find(table: Iterable[tuple[type, T]], kind: type) -> T | None:
    # By identity: a dict or `==` would ask the class's own metaclass, which may be of the student's making.
    return next((found for candidate, found in table if candidate is kind), None)
