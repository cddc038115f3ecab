"""What a function returns, cut off from its inputs: without their gradients, without their memory."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from grader.verify.operators.place import Change, Place, called, enclosed, words

_NO_TENSORS = words(
    "all any append bool copy data_ptr deepcopy dict float format get int is_tensor isinstance item items keys len "
    "list ndim join numel numpy range set size sorted str super tolist tuple type values zip"
)
_VIEWS = words(
    "as_strided detach diagonal expand expand_as flatten movedim narrow permute ravel reshape select squeeze swapaxes "
    "t transpose unflatten unfold unsqueeze view view_as"
)
_VIEW_ATTRIBUTES = frozenset({"T", "mT", "H", "mH", "data"})


def detached(place: Place) -> Iterator[Change]:
    """``return x * w`` to ``return (x * w).detach()``, where what is returned may be a tensor."""
    match place.node, place.parent:
        case cst.BaseExpression() as value, cst.Return() | cst.Lambda():
            values = (value,) if not isinstance(value, cst.Tuple) else ()
        case cst.Element(value=cst.BaseExpression() as value), cst.Tuple():
            values = (value,) if len(place.parents) > 1 and isinstance(place.parents[1], cst.Return) else ()
        case _:
            return
    for value in values:
        if _may_be_tensor(value):
            call = cst.Call(cst.Attribute(enclosed(value), cst.Name("detach")))
            yield place.node.with_changes(value=call) if isinstance(place.node, cst.Element) else call


def copied(place: Place) -> Iterator[Change]:
    """``return x[:, 0]`` to ``return x[:, 0].clone()``, where a view of other memory is returned or kept."""
    match place.node, place.parent:
        case cst.BaseExpression() as view, cst.Return() | cst.Assign() | cst.Element() | cst.IfExp() if _is_view(view):
            yield cst.Call(cst.Attribute(view, cst.Name("clone")))


def _may_be_tensor(value: cst.BaseExpression) -> bool:
    match value:
        case cst.Call() as call:
            return called(call) not in _NO_TENSORS
        case cst.Name(value=name):
            return name not in ("None", "True", "False")
        case cst.BinaryOperation() | cst.Subscript() | cst.UnaryOperation(operator=cst.Minus()):
            return True
    return False


def _is_view(node: cst.CSTNode) -> bool:
    match node:
        case cst.Call(func=cst.Attribute()) as call:
            return called(call) in _VIEWS
        case cst.Attribute(attr=name):
            return name.value in _VIEW_ATTRIBUTES
        case cst.Subscript(slice=[*elements]):
            return any(isinstance(element.slice, cst.Slice) for element in elements)
    return False
