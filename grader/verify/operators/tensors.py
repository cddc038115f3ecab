"""What is particular to tensors: gradient modes and dtypes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import libcst as cst

from grader.verify.operators.place import Change, Place, called, dotted

_GRADIENT_MODES = frozenset({"no_grad", "inference_mode", "enable_grad", "set_grad_enabled"})
_DTYPES: Mapping[str, str] = MappingProxyType(
    {
        "float16": "float32",
        "bfloat16": "float32",
        "float32": "float64",
        "float64": "float32",
        "float": "double",
        "double": "float",
        "half": "float",
        "int8": "int64",
        "uint8": "int64",
        "int16": "int64",
        "int32": "int64",
        "int64": "int32",
        "long": "int",
        "int": "long",
        "bool": "uint8",
    }
)
_CASTS = frozenset({"float", "double", "half", "long", "int"})


def dropped_gradient_mode(place: Place) -> Iterator[Change]:
    """``with torch.no_grad():`` in a function to its body, and the decorator ``@torch.no_grad()`` left out."""
    match place.node:
        case cst.With(items=items, body=cst.IndentedBlock(body=body)) if place.parents:
            rest = [item for item in items if not _is_gradient_mode(item.item)]
            if not rest:
                yield cst.FlattenSentinel(body)
            elif len(rest) < len(items):
                rest[-1] = rest[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
                yield place.node.with_changes(items=rest)
        case cst.Decorator(decorator=decorator) if _is_gradient_mode(decorator):
            yield cst.RemoveFromParent()


def dtype(place: Place) -> Iterator[Change]:
    """``torch.float32`` to ``torch.float64``, ``x.long()`` to ``x.int()``, the default dtype to ``torch.float64``."""
    match place.node, place.parent:
        case cst.Call(func=func), _ if dotted(func) == "torch.get_default_dtype":
            yield cst.parse_expression("torch.float64")
        case cst.Call(args=[], func=cst.Attribute(attr=name) as cast), _ if name.value in _CASTS:
            yield place.node.with_changes(func=_renamed(cast))
        case cst.Attribute(), cst.Call(func=func) if func is place.node:
            return
        case cst.Attribute(value=cst.Name(value="torch" | "np"), attr=name) as kind, _ if name.value in _DTYPES:
            yield _renamed(kind)


def _is_gradient_mode(expression: cst.BaseExpression) -> bool:
    match expression:
        case cst.Call() as call:
            return called(call) in _GRADIENT_MODES
        case cst.Attribute(attr=name):
            return name.value in _GRADIENT_MODES
    return False


def _renamed(attribute: cst.Attribute) -> cst.Attribute:
    name = attribute.attr
    return attribute.with_changes(attr=name.with_changes(value=_DTYPES[name.value]))
