"""Another dimension of a tensor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import libcst as cst

from grader.verify.operators.place import Change, Place, called, dotted, literal, whole_number, with_argument

_KEYWORDS = frozenset({"dim", "dims", "axis"})
_MODULES = frozenset({"torch", "F", "torch.nn.functional", "nn.functional", "np", "numpy"})
_FIRST = (
    "all any amax amin argmax argmin argsort cat concat cummax cummin cumprod cumsum flatten flip gather index_select "
    "log_softmax logsumexp max mean median min mode narrow prod scatter scatter_ scatter_add scatter_add_ select size "
    "softmax sort squeeze squeeze_ stack std sum unbind unflatten unsqueeze unsqueeze_ var"
)
_SECOND = "chunk norm repeat_interleave roll split swapaxes tensor_split topk transpose transpose_"
# Where the dimension stands among a method's positional arguments; a function has the tensor before it.
_POSITIONS: Mapping[str, int] = MappingProxyType(dict.fromkeys(_FIRST.split(), 0) | dict.fromkeys(_SECOND.split(), 1))
# Without a dimension these do the same for many inputs, and not for all.
_OPTIONAL = frozenset({"flatten", "squeeze"})
_OTHER: Mapping[int, int] = MappingProxyType({0: 1, 1: 0, -1: -2, -2: -1})


def dimension(place: Place) -> Iterator[Change]:
    """``dim=0`` to ``dim=1``, ``x.sum(-1)`` to ``x.sum(-2)``, ``dim=(0, 2)`` to ``dim=(2,)``.

    ``x.squeeze(1)`` becomes ``x.squeeze()`` as well.
    """
    if not isinstance(place.node, cst.Call):
        return
    for number, arg in enumerate(place.node.args):
        if _names_dimension(place.node, number):
            for value in _others(arg.value):
                yield with_argument(place.node, number, value)
            if called(place.node) in _OPTIONAL and number == len(place.node.args) - 1:
                yield place.node.with_changes(args=place.node.args[:number])


def is_dimension(place: Place) -> bool:
    """Whether a number is an argument that names a dimension, alone or in a tuple."""
    for parent, outer in zip(place.parents, place.parents[1:], strict=False):
        if isinstance(parent, cst.Arg) and isinstance(outer, cst.Call):
            return any(arg is parent and _names_dimension(outer, number) for number, arg in enumerate(outer.args))
        if not isinstance(parent, cst.Element | cst.Tuple | cst.List | cst.UnaryOperation):
            return False
    return False


def names_dimension(arg: cst.Arg) -> bool:
    """Whether an argument is given as ``dim=``."""
    return arg.keyword is not None and arg.keyword.value in _KEYWORDS


def _names_dimension(call: cst.Call, number: int) -> bool:
    arg = call.args[number]
    if arg.keyword is not None or arg.star:
        return names_dimension(arg)
    if not isinstance(call.func, cst.Attribute):
        return False
    before = 1 if dotted(call.func.value) in _MODULES else 0
    return _POSITIONS.get(called(call), -2) + before == number


def _others(value: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    number = whole_number(value)
    if number is not None:
        yield literal(_OTHER.get(number, number - 1))
    if isinstance(value, cst.Tuple | cst.List) and len(value.elements) > 1:
        for left_out in value.elements:
            *rest, last = (element for element in value.elements if element is not left_out)
            yield value.with_changes(elements=[*rest, last.with_changes(comma=cst.MaybeSentinel.DEFAULT)])
