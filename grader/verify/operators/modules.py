"""What makes a module part of its tree, left out: registration in all its forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import libcst as cst

from grader.verify.operators.place import Change, Place, called

_WRAPPERS = frozenset({"Parameter", "Buffer"})
_CONTAINERS: Mapping[str, str] = MappingProxyType(
    {"ModuleList": "list", "ParameterList": "list", "ModuleDict": "dict", "ParameterDict": "dict"}
)
_REGISTRATIONS = frozenset({"register_buffer", "register_parameter", "register_module", "add_module"})


def dropped_super(place: Place) -> Iterator[Change]:
    """``super().__init__()`` to ``pass``."""
    match place.node:
        case cst.Expr(value=cst.Call(func=cst.Attribute(value=cst.Call(func=cst.Name(value="super"))))):
            yield cst.Pass()


def plain_tensor(place: Place) -> Iterator[Change]:
    """``nn.Parameter(x)`` to ``x``."""
    match place.node:
        case cst.Call(args=[cst.Arg(value=value), *_]) as call if called(call) in _WRAPPERS:
            yield value


def plain_container(place: Place) -> Iterator[Change]:
    """``nn.ModuleList(layers)`` to ``list(layers)``, ``nn.ModuleDict`` to ``dict``."""
    if isinstance(place.node, cst.Call) and called(place.node) in _CONTAINERS:
        yield place.node.with_changes(func=cst.Name(_CONTAINERS[called(place.node)]))


def plain_attribute(place: Place) -> Iterator[Change]:
    """``self.register_buffer("mean", x)`` to ``self.mean = x``; what registers None does little else."""
    match place.node:
        case cst.Expr(
            value=cst.Call(
                func=cst.Attribute(value=owner),
                args=[cst.Arg(value=cst.SimpleString() as name), cst.Arg(value=value), *_],
            ) as call
        ) if called(call) in _REGISTRATIONS:
            attribute = name.raw_value
            if attribute.isidentifier() and not (isinstance(value, cst.Name) and value.value == "None"):
                yield cst.Assign([cst.AssignTarget(cst.Attribute(owner, cst.Name(attribute)))], value)
