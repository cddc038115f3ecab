"""In place instead of anew, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from grader.verify.operators.place import Change, Place, called, dotted, enclosed, words

_METHODS = words(
    "abs add addcdiv addcmul clamp clamp_max clamp_min copysign cumsum div exp floor index_add index_copy index_fill "
    "lerp log masked_fill mul neg pow relu requires_grad round scatter scatter_add sigmoid sqrt squeeze sub tanh tril "
    "triu unsqueeze"
)
_MODULES = frozenset({"torch", "F", "np", "math", "nn.init", "torch.nn.init"})
_OPERATORS: tuple[tuple[type[cst.BaseAugOp], type[cst.BaseBinaryOp]], ...] = (
    (cst.AddAssign, cst.Add),
    (cst.SubtractAssign, cst.Subtract),
    (cst.MultiplyAssign, cst.Multiply),
    (cst.DivideAssign, cst.Divide),
)


def in_place_method(place: Place) -> Iterator[Change]:
    """``x.add(y)`` to ``x.add_(y)`` and back, where the result is used."""
    match place.node, place.parent:
        case cst.Call(func=cst.Attribute(value=value, attr=attr) as function) as call, parent:
            name = called(call)
            if name.removesuffix("_") not in _METHODS or dotted(value) in _MODULES:
                return
            other = name[:-1] if name.endswith("_") else f"{name}_"
            if name.endswith("_") or not isinstance(parent, cst.Expr):
                yield call.with_changes(func=function.with_changes(attr=attr.with_changes(value=other)))


def in_place_assignment(place: Place) -> Iterator[Change]:
    """``p -= g`` to ``p = p - g`` and back, where `p` is an argument or runs through a loop.

    Numbers that are counted up make no difference between the two, and they are mostly other variables.
    """
    match place.node:
        case cst.AugAssign(target=cst.Name(value=name) as target, operator=operator, value=value):
            for augmented, binary in _OPERATORS:
                if isinstance(operator, augmented) and name in _given(place):
                    computed = cst.BinaryOperation(target, binary(), enclosed(value))
                    yield cst.Assign([cst.AssignTarget(target)], computed)
        case cst.Assign(
            targets=[cst.AssignTarget(target=cst.Name(value=name) as target)],
            value=cst.BinaryOperation(left=cst.Name(value=left), operator=operator, right=value),
        ) if left == name and name in _given(place):
            for augmented, binary in _OPERATORS:
                if isinstance(operator, binary):
                    yield cst.AugAssign(target, augmented(), value)


def _given(place: Place) -> set[str]:
    """The names of the function's parameters and of the loop variables around a place."""
    found: set[str] = set()
    for parent in place.parents:
        if isinstance(parent, cst.For):
            found |= _names(parent.target)
        elif isinstance(parent, cst.FunctionDef):
            return found | {param.name.value for param in parent.params.params}
    return found


def _names(target: cst.CSTNode) -> set[str]:
    if isinstance(target, cst.Name):
        return {target.value}
    return set().union(*(_names(child) for child in target.children))
