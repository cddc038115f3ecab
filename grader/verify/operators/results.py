"""What a function returns, cut off from its inputs: without their gradients, without their memory."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from grader.verify.operators.place import Change, Place, called, dotted, enclosed, words
from grader.verify.operators.views import given, is_view, origin

_NO_TENSORS = words(
    "all any append bool copy data_ptr deepcopy dict float format get int is_tensor isinstance item items keys len "
    "list ndim join numel numpy range set size sorted str super tolist tuple type values zip"
)
# They begin anew, or with whole numbers: there are no gradients to lose.
_NO_GRADIENTS = words(
    "arange argmax argmin argsort bincount bool empty empty_like eye full full_like int long new_full new_ones "
    "new_tensor new_zeros ones ones_like rand rand_like randint randn randn_like randperm tensor zeros zeros_like"
)
_WHOLE = words("torch.bool torch.int torch.int8 torch.int16 torch.int32 torch.int64 torch.long torch.uint8")


def detached(place: Place) -> Iterator[Change]:
    """``return x * w`` to ``return (x * w).detach()``, where what is returned may be a tensor with gradients.

    Not in the methods of a ``torch.autograd.Function``, where autograd does not look.
    """
    match place.node, place.parent:
        case cst.BaseExpression() as value, cst.Return() | cst.Lambda():
            values = (value,) if not isinstance(value, cst.Tuple) else ()
        case cst.Element(value=cst.BaseExpression() as value), cst.Tuple():
            values = (value,) if len(place.parents) > 1 and isinstance(place.parents[1], cst.Return) else ()
        case _:
            return
    for value in values:
        if _may_have_gradients(value) and not _made_without(place, value) and "ctx" not in given(place):
            call = cst.Call(cst.Attribute(enclosed(value), cst.Name("detach")))
            yield place.node.with_changes(value=call) if isinstance(place.node, cst.Element) else call


def copied(place: Place) -> Iterator[Change]:
    """``return x[:, 0]`` to ``return x[:, 0].clone()``, where a view of memory from elsewhere is returned."""
    match place.node:
        case cst.BaseExpression() as view if is_view(view) and origin(view) in given(place) and _is_returned(place):
            yield cst.Call(cst.Attribute(view, cst.Name("clone")))


def _is_returned(place: Place) -> bool:
    """Whether an expression is what a function returns or a part of that, at once or under a name."""
    match place.parents:
        case (cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]), *_):
            function = next((p for p in place.parents if isinstance(p, cst.FunctionDef)), None)
            return function is not None and _returns(function, name)
    around = next((p for p in place.parents if not isinstance(p, cst.Element | cst.Tuple | cst.IfExp)), None)
    return isinstance(around, cst.Return)


def _returns(node: cst.CSTNode, name: str) -> bool:
    match node:
        case cst.Return(value=cst.BaseExpression() as value):
            parts = [element.value for element in value.elements] if isinstance(value, cst.Tuple) else [value]
            parts = [
                end for part in parts for end in ((part.body, part.orelse) if isinstance(part, cst.IfExp) else (part,))
            ]
            return any(isinstance(part, cst.Name) and part.value == name for part in parts)
    return any(_returns(child, name) for child in node.children)


def _made_without(place: Place, value: cst.BaseExpression) -> bool:
    """Whether a name is only ever given values in its function that have no gradients, such as a new list."""
    function = next((p for p in place.parents if isinstance(p, cst.FunctionDef)), None)
    if not isinstance(value, cst.Name) or function is None or value.value in given(place):
        return False
    values = list(_assigned(function, value.value))
    return bool(values) and not any(map(_may_have_gradients, values))


def _assigned(node: cst.CSTNode, name: str) -> Iterator[cst.BaseExpression]:
    match node:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=target))], value=value) if target == name:
            yield value
    for child in node.children:
        yield from _assigned(child, name)


def _may_have_gradients(value: cst.BaseExpression) -> bool:
    match value:
        case cst.Call(args=args) as call:
            whole = called(call) == "to" and any(dotted(arg.value) in _WHOLE for arg in args)
            return not whole and called(call) not in _NO_TENSORS | _NO_GRADIENTS
        case cst.Name(value=name):
            return name not in ("None", "True", "False")
        case cst.BinaryOperation() | cst.Subscript() | cst.UnaryOperation(operator=cst.Minus()):
            return True
    return False
