"""Other constants: numbers nearby, the other truth value, another text."""

from __future__ import annotations

import math
from collections.abc import Iterator

import libcst as cst

from grader.verify.operators.dimensions import is_dimension
from grader.verify.operators.place import Change, Place, called, dotted, literal, whole_number

_INFINITE = frozenset({"math.inf", "np.inf", "torch.inf", "numpy.inf"})
# Here -1 stands for "whatever is left", and any other negative number is an error.
_SHAPES = frozenset({"reshape", "view", "expand", "unflatten"})
_ADDED = "_"


def integer(place: Place) -> Iterator[Change]:
    """``0`` to ``1``, ``1`` to ``0``, ``3`` to ``4`` and ``2``, ``-1`` to ``-2`` and ``0``.

    Not a number that names a dimension or bounds a slice, which have operators of their own.
    """
    number = whole_number(place.node)
    if number is None or _part_of_negative(place) or isinstance(place.parent, cst.Slice) or is_dimension(place):
        return
    if number < 0 and _is_shape(place):
        return
    if number in (0, 1):
        yield literal(1 - number)
    else:
        yield literal(number + 1)
        yield literal(number - 1)


def floating(place: Place) -> Iterator[Change]:
    """``0.1`` to ``0.2`` and ``0.05``, ``0.0`` to ``1.0``."""
    if isinstance(place.node, cst.Float):
        number = place.node.evaluated_value
        for other in (number * 2, number / 2) if number else (1.0,):
            if math.isfinite(other) and other != number:
                yield literal(other)


def infinity(place: Place) -> Iterator[Change]:
    """``math.inf`` to ``-math.inf``; the other way round is `dropped_minus`."""
    if isinstance(place.node, cst.Attribute) and dotted(place.node) in _INFINITE and not _part_of_negative(place):
        yield cst.UnaryOperation(cst.Minus(), place.node)


def truth(place: Place) -> Iterator[Change]:
    """``True`` to ``False`` and back."""
    match place.node:
        case cst.Name(value="True"):
            yield place.node.with_changes(value="False")
        case cst.Name(value="False"):
            yield place.node.with_changes(value="True")


def text(place: Place) -> Iterator[Change]:
    """``"mean"`` to ``"mean_"``; not a key that is looked up, where it could only raise an error."""
    match place.node, place.parent:
        case cst.SimpleString(), cst.Index():
            return
        case cst.SimpleString(value=value) as string, _:
            end = len(value) - len(string.quote)
            yield string.with_changes(value=value[:end] + _ADDED + value[end:])
        case cst.FormattedStringText(value=value) as part, cst.FormattedString():
            yield part.with_changes(value=value + _ADDED)


def _part_of_negative(place: Place) -> bool:
    return isinstance(place.parent, cst.UnaryOperation) and isinstance(place.parent.operator, cst.Minus)


def _is_shape(place: Place) -> bool:
    match place.parents:
        case (cst.Arg(), cst.Call() as call, *_) | (cst.Element(), cst.Tuple(), cst.Arg(), cst.Call() as call, *_):
            return called(call) in _SHAPES
    return False
