"""One more or one less: bounds of slices, counts of loops."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from grader.verify.operators.place import Change, Place, called, dotted, shifted, whole_number, with_argument

_RANGES = frozenset({"range", "torch.arange", "np.arange"})
_ENDLESS = frozenset({"count", "cycle", "repeat"})


def slice_bound(place: Place) -> Iterator[Change]:
    """``x[a:b]`` to ``x[a + 1:b]``, ``x[a:b - 1]``, ``x[:b]``, ``x[a:]``; a step is dropped."""
    if not isinstance(place.node, cst.Slice):
        return
    lower, upper = place.node.lower, place.node.upper
    if lower is not None:
        yield place.node.with_changes(lower=shifted(lower, 1))
        if whole_number(lower) != 0:
            yield place.node.with_changes(lower=None)
    if upper is not None:
        yield place.node.with_changes(upper=shifted(upper, -1))
        yield place.node.with_changes(upper=None)
    if place.node.step is not None:
        yield place.node.with_changes(step=None, second_colon=cst.MaybeSentinel.DEFAULT)


def range_bound(place: Place) -> Iterator[Change]:
    """``range(a, b)`` to ``range(a + 1, b)`` and ``range(a, b - 1)``, and ``torch.arange`` likewise."""
    if not isinstance(place.node, cst.Call) or dotted(place.node.func) not in _RANGES:
        return
    bounds = [arg.value for arg in place.node.args if arg.keyword is None and not arg.star]
    if len(bounds) == 1:
        yield with_argument(place.node, 0, shifted(bounds[0], -1))
    elif len(bounds) > 1:
        yield with_argument(place.node, 0, shifted(bounds[0], 1))
        yield with_argument(place.node, 1, shifted(bounds[1], -1))


def shorter_loop(place: Place) -> Iterator[Change]:
    """``for x in xs`` to ``for x in list(xs)[:-1]``, also in a comprehension; ranges have an operator of their own."""
    match place.node:
        case cst.For(iter=cst.Call() as call) | cst.CompFor(iter=cst.Call() as call) if (
            dotted(call.func) in _RANGES or called(call) in _ENDLESS
        ):
            return
        case cst.For(iter=things) | cst.CompFor(iter=things):
            shorter = cst.Subscript(
                cst.Call(cst.Name("list"), [cst.Arg(things)]),
                [cst.SubscriptElement(cst.Slice(None, cst.UnaryOperation(cst.Minus(), cst.Integer("1")), None))],
            )
            yield place.node.with_changes(iter=shorter)


def break_continue(place: Place) -> Iterator[Change]:
    """``break`` to ``continue`` and back; no ``break`` out of a ``while``, which might then never end."""
    if isinstance(place.node, cst.Continue):
        yield cst.Break()
    elif isinstance(place.node, cst.Break):
        loop = next((p for p in place.parents if isinstance(p, cst.For | cst.While)), None)
        if isinstance(loop, cst.For):
            yield cst.Continue()
