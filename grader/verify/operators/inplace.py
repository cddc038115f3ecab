"""In place instead of anew, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from grader.verify.operators.place import Change, Place, enclosed, words
from grader.verify.operators.views import given, origin

_METHODS = words(
    "abs add addcdiv addcmul clamp clamp_max clamp_min copysign cumsum div exp floor index_add index_copy index_fill "
    "lerp log masked_fill mul neg pow relu requires_grad round scatter scatter_add sigmoid sqrt squeeze sub tanh tril "
    "triu unsqueeze"
)
_OPERATORS: tuple[tuple[type[cst.BaseAugOp], type[cst.BaseBinaryOp]], ...] = (
    (cst.AddAssign, cst.Add),
    (cst.SubtractAssign, cst.Subtract),
    (cst.MultiplyAssign, cst.Multiply),
    (cst.DivideAssign, cst.Divide),
)


def in_place_method(place: Place) -> Iterator[Change]:
    """``x.add(y)`` to ``x.add_(y)`` and back, where `x` came from elsewhere and the result is used."""
    match place.node, place.parent:
        case cst.Call(func=cst.Attribute(value=value, attr=attr) as function) as call, parent:
            if attr.value.removesuffix("_") not in _METHODS or isinstance(parent, cst.Expr):
                return
            if origin(value) in given(place):
                other = attr.value[:-1] if attr.value.endswith("_") else f"{attr.value}_"
                yield call.with_changes(func=function.with_changes(attr=attr.with_changes(value=other)))


def in_place_assignment(place: Place) -> Iterator[Change]:
    """``p -= g`` to ``p = p - g`` and back, where `p` is an argument or runs through a loop.

    Numbers that are counted up make no difference between the two, and they are mostly other variables.
    """
    match place.node:
        case cst.AugAssign(target=cst.Name(value=name) as target, operator=operator, value=value):
            for augmented, binary in _OPERATORS:
                if isinstance(operator, augmented) and name in given(place):
                    computed = cst.BinaryOperation(target, binary(), enclosed(value))
                    yield cst.Assign([cst.AssignTarget(target)], computed)
        case cst.Assign(
            targets=[cst.AssignTarget(target=cst.Name(value=name) as target)],
            value=cst.BinaryOperation(left=cst.Name(value=left), operator=operator, right=value),
        ) if left == name and name in given(place):
            for augmented, binary in _OPERATORS:
                if isinstance(operator, binary):
                    yield cst.AugAssign(target, augmented(), value)
