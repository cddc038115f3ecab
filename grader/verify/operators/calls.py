"""Calls with other arguments, of something else, or left out of an expression."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import libcst as cst

from grader.verify.operators.dimensions import names_dimension
from grader.verify.operators.place import Change, Place, called, dotted, enclosed, words

# Their result does not depend on the order of the first two arguments, or a wrong order could only raise an error.
_ANY_ORDER = words(
    "add allclose eq equal gcd getattr hasattr isclose isinstance issubclass logical_and logical_or logical_xor max "
    "maximum min minimum mul multiply ne setattr swapaxes transpose"
)
_METHODS = words(
    "abs clamp clamp_max clamp_min clone contiguous detach eval exp item log numpy requires_grad_ sqrt to train "
    "zero_ zero_grad"
)
_WRAPPERS = words(
    "abs bool copy.copy copy.deepcopy dict float frozenset int list np.asarray reversed round set sorted str "
    "torch.as_tensor tuple"
)
# Their functions of one argument, and a module's own children.
_OWNERS = frozenset({"torch", "F", "self"})
_PAIRS = (
    "add sub, mul div, amax amin, argmax argmin, max min, maximum minimum, any all, sum mean, var std, zeros ones, "
    "zeros_like ones_like, zeros_ ones_, add_ sub_, mul_ div_, floor ceil, sin cos, eq ne, lt le, gt ge, train eval, "
    "softmax log_softmax, cumsum cumprod, normal_ uniform_, xavier_normal_ xavier_uniform_, "
    "kaiming_normal_ kaiming_uniform_, modules children, named_modules named_children, parameters buffers, "
    "named_parameters named_buffers, startswith endswith, partition rpartition, keys values, triu tril, "
    "register_forward_hook register_forward_pre_hook"
)
_TWINS: Mapping[str, str] = MappingProxyType(
    {one: other for pair in _PAIRS.split(", ") for a, b in [pair.split()] for one, other in ((a, b), (b, a))}
    # One way only: the other would rarely make a difference.
    | {"deepcopy": "copy", "reshape": "view", "tensor_split": "chunk"}
)
_BUILTIN_TWINS = frozenset({"min", "max", "any", "all"})


def dropped_keyword(place: Place) -> Iterator[Change]:
    """``f(x, eps=1e-3)`` to ``f(x)``; not truth values nor dimensions, which have operators of their own."""
    if not isinstance(place.node, cst.Call):
        return
    for arg in place.node.args:
        truth = isinstance(arg.value, cst.Name) and arg.value.value in ("True", "False")
        if arg.keyword is not None and not truth and not names_dimension(arg):
            rest = [other for other in place.node.args if other is not arg]
            if rest and arg is place.node.args[-1]:
                rest[-1] = rest[-1].with_changes(comma=arg.comma)
            yield place.node.with_changes(args=rest)


def swapped_arguments(place: Place) -> Iterator[Change]:
    """``f(a, b)`` to ``f(b, a)``, each two neighbours; not where the order makes no difference."""
    if not isinstance(place.node, cst.Call) or called(place.node) in _ANY_ORDER:
        return
    args = place.node.args
    for number, (one, other) in enumerate(itertools.pairwise(args)):
        named = one.keyword or other.keyword or one.star or other.star
        if not named and not one.value.deep_equals(other.value):
            swapped = (one.with_changes(value=other.value), other.with_changes(value=one.value))
            yield place.node.with_changes(args=[*args[:number], *swapped, *args[number + 2 :]])


def dropped_method(place: Place) -> Iterator[Change]:
    """``x.detach()`` to ``x``; a statement of its own is dropped as a whole instead."""
    match place.node, place.parent:
        case cst.Call(), cst.Expr():
            return
        case cst.Call(func=cst.Attribute(value=value)) as call, _ if called(call) in _METHODS:
            if dotted(value) not in ("torch", "np", "math"):
                yield enclosed(value)


def dropped_wrapper(place: Place) -> Iterator[Change]:
    """``list(x)``, ``copy.deepcopy(x)``, ``torch.relu(x)`` and ``self.activation(x)`` to ``x``."""
    match place.node:
        case cst.Call(args=[cst.Arg(keyword=None, star="", value=value), *others]) as call:
            name = dotted(call.func)
            of_one = not others and name.partition(".")[0] in _OWNERS and name.count(".") == 1
            if (name in _WRAPPERS or of_one) and not isinstance(value, cst.GeneratorExp):
                yield enclosed(value)


def twin(place: Place) -> Iterator[Change]:
    """``x.max()`` to ``x.min()``, ``sum`` to ``mean``, ``torch.zeros`` to ``torch.ones``, and other such pairs."""
    match place.node:
        case cst.Call(func=cst.Attribute(attr=name) as function) if name.value in _TWINS:
            other = function.with_changes(attr=name.with_changes(value=_TWINS[name.value]))
            yield place.node.with_changes(func=other)
        case cst.Call(func=cst.Name() as name) if name.value in _BUILTIN_TWINS:
            yield place.node.with_changes(func=name.with_changes(value=_TWINS[name.value]))
