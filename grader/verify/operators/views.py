"""Whose memory an expression reads: what came from the caller, by views, or something new."""

from __future__ import annotations

import libcst as cst

from grader.verify.operators.place import Place, called, words

_METHODS = words(
    "as_strided detach diagonal expand expand_as flatten movedim narrow permute ravel reshape select squeeze swapaxes "
    "t transpose unflatten unfold unsqueeze view view_as"
)
_ATTRIBUTES = frozenset({"T", "mT", "H", "mH", "data"})


def is_view(node: cst.CSTNode) -> bool:
    """Whether an expression is a way of reading another tensor's memory, such as ``x.T`` or ``x[:, 0]``."""
    match node:
        case cst.Call(func=cst.Attribute()) as call:
            return called(call) in _METHODS
        case cst.Attribute(attr=name):
            return name.value in _ATTRIBUTES
        case cst.Subscript(slice=[*elements]):
            return any(isinstance(element.slice, cst.Slice) for element in elements)
    return False


def origin(node: cst.CSTNode) -> str:
    """The name that an expression is a part or a view of; "" for what is computed anew.

    Example:
        >>> origin(cst.parse_expression("x[0].view(-1).add_(y)")), origin(cst.parse_expression("(x + 1).view(-1)"))
        ('x', '')
    """
    match node:
        case cst.Name(value=name):
            return name
        case cst.Subscript(value=owner) | cst.Attribute(value=owner):
            return origin(owner)
        case cst.Call(func=cst.Attribute(value=owner)) as call:
            in_place = called(call).endswith("_") and not called(call).startswith("_")
            return origin(owner) if in_place or is_view(call) else ""
    return ""


def given(place: Place) -> set[str]:
    """The names around a place that come from elsewhere: parameters of the function, and loop variables."""
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
