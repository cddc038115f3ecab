"""Values that lie, count on being touched, or run code when looked at: none of their code runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from grader.wire.decode import decode
from grader.wire.encode import encode
from grader.wire.tree import Opaque, TensorLeaf


class Touched(BaseException):
    """Code of a hostile class ran."""


def touch(*args: Any, **kwargs: Any) -> Any:
    raise Touched


HOOKS = [
    "__getattribute__",
    "__getattr__",
    "__eq__",
    "__ne__",
    "__hash__",
    "__bool__",
    "__len__",
    "__iter__",
    "__next__",
    "__float__",
    "__int__",
    "__index__",
    "__array__",
    "__repr__",
    "__str__",
    "__format__",
    "__contains__",
    "__getitem__",
    "__reduce__",
    "__reduce_ex__",
    "__instancecheck__",
    "__call__",
    "keys",
    "items",
    "values",
]
TRAPS: dict[str, Any] = dict.fromkeys(HOOKS, touch) | {
    "__class__": property(touch),
    "__dict__": property(touch),
    "shape": property(touch),
    "dtype": property(touch),
    "__slots__": (),
}


class LyingMeta(type):
    """A class that claims to be equal to every class, under every name."""

    __name__ = property(touch)  # type: ignore[assignment]
    __module__ = property(touch)  # type: ignore[assignment]
    __eq__ = touch
    __ne__ = touch
    __instancecheck__ = touch
    __subclasscheck__ = touch
    __getattribute__ = touch
    __hash__ = touch


def trapped(*bases: type) -> Any:
    """A class that raises `Touched` whenever its instances are looked at in any usual way."""
    return type("Trapped", bases, dict(TRAPS))


def crossed(value: Any) -> Any:
    return decode(encode({"x": value}))["x"]  # type: ignore[index, call-overload]


@pytest.mark.parametrize("base", [object, int, float, str, bytes, list, dict, set, complex], ids=lambda b: b.__name__)
def test_an_object_full_of_traps_is_opaque_and_untouched(base: type) -> None:
    assert crossed(trapped(base)()).type_name == "Trapped"


def test_a_class_with_a_lying_metaclass_is_opaque_and_untouched() -> None:
    cls = LyingMeta("Liar", (), {})
    assert crossed(type.__call__(cls)).type_name == "Liar"
    assert crossed(cls) == Opaque("LyingMeta", crossed(object()).reason)


def test_a_metaclass_that_hashes_and_compares_as_dict_does_not_make_a_dict() -> None:
    class DictMeta(type):
        def __hash__(cls) -> int:
            return hash(dict)

        def __eq__(cls, other: object) -> bool:
            return True

    class Fake(metaclass=DictMeta):
        pass

    assert crossed(Fake()).type_name == "Fake"


def test_a_class_that_lies_about_what_it_is_is_named_by_what_it_is() -> None:
    class Liar:
        @property
        def __class__(self) -> Any:
            return torch.Tensor

    assert isinstance(Liar(), torch.Tensor)
    assert crossed(Liar()).type_name == "Liar"


def test_a_tuple_subclass_is_read_as_the_tuple_it_is() -> None:
    assert crossed(trapped(tuple)((1, 2))) == (1, 2)


def test_a_key_full_of_traps_makes_the_dict_opaque() -> None:
    class Key(str):
        __slots__ = ()
        __str__ = __repr__ = touch

    assert crossed({Key("a"): 1}).reason == "a key of type Key does not cross; use short text keys"


def test_a_tensor_subclass_that_says_yes_to_everything_crosses_as_its_values() -> None:
    class Yes(torch.Tensor):
        shape = dtype = requires_grad = layout = device = property(touch)  # type: ignore[assignment]
        __eq__ = __len__ = __iter__ = detach = cpu = contiguous = numpy = touch  # type: ignore[assignment]
        __hash__ = None  # type: ignore[assignment]

        @classmethod
        def __torch_function__(cls, *args: Any, **kwargs: Any) -> Any:
            raise Touched

    with torch._C.DisableTorchFunctionSubclass():
        value = torch.tensor([1.0, 2.0]).as_subclass(Yes)
    leaf = crossed(value)
    assert type(leaf) is TensorLeaf
    assert type(leaf.values) is torch.Tensor
    assert leaf.values.tolist() == [1.0, 2.0]


def test_a_tensor_subclass_with_a_dispatch_of_its_own_is_opaque() -> None:
    class Hollow(torch.Tensor):
        @classmethod
        def __torch_dispatch__(cls, *args: Any, **kwargs: Any) -> Any:
            raise Touched

    value = torch.Tensor._make_wrapper_subclass(Hollow, (2, 2))  # type: ignore[attr-defined]
    assert crossed(value).reason == "a subclass with a __torch_dispatch__ of its own is not compared"


def test_modes_that_were_left_on_do_not_see_the_encoder() -> None:
    class Functions(TorchFunctionMode):
        def __torch_function__(self, *args: Any, **kwargs: Any) -> Any:
            raise Touched

    class Operators(TorchDispatchMode):
        def __torch_dispatch__(self, *args: Any, **kwargs: Any) -> Any:
            raise Touched

    value = torch.ones(2, 2).t()
    with Operators(), Functions():
        data = encode(value)
    assert decode(data).values.tolist() == [[1.0, 1.0], [1.0, 1.0]]  # type: ignore[union-attr]


def test_a_numpy_subclass_is_opaque_and_untouched() -> None:
    class Array(np.ndarray[Any, Any]):
        __getattribute__ = __array__ = tobytes = touch  # type: ignore[assignment]

    assert crossed(np.ndarray.__new__(Array, (2,))).type_name == "Array"


def test_an_object_with_an_array_interface_is_not_asked_for_it() -> None:
    class Yes:
        shape, dtype = (4, 7), torch.float32
        __array__ = __array_interface__ = __iter__ = touch

    assert crossed([Yes()])[0].type_name == "Yes"


def test_nothing_is_pickled() -> None:
    class Boom:
        def __reduce__(self) -> Any:
            return os._exit, (3,)

    assert crossed(Boom()).type_name == "Boom"


def test_nothing_is_iterated() -> None:
    def endless() -> Iterator[int]:
        raise Touched
        yield 0

    started = endless()
    assert crossed([started, iter(started), map(touch, [1]), zip(started, started, strict=False)]) == [
        Opaque(name, crossed(object()).reason) for name in ("generator", "generator", "map", "zip")
    ]


def test_a_coroutine_is_not_run() -> None:
    async def never() -> None:
        raise Touched

    coroutine = never()
    assert crossed(coroutine).type_name == "coroutine"
    coroutine.close()
