"""Other operators between the same operands, and operands without their operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import libcst as cst

from grader.verify.operators.place import Change, Place, whole_number

Exchanges = Mapping[type[cst.CSTNode], type[cst.CSTNode]]

_ARITHMETIC: Exchanges = MappingProxyType(
    {
        cst.Add: cst.Subtract,
        cst.Subtract: cst.Add,
        cst.Multiply: cst.Divide,
        cst.Divide: cst.Multiply,
        cst.FloorDivide: cst.Divide,
        cst.Modulo: cst.Multiply,
        cst.Power: cst.Multiply,
        cst.MatrixMultiply: cst.Multiply,
        cst.BitAnd: cst.BitOr,
        cst.BitOr: cst.BitAnd,
        cst.BitXor: cst.BitOr,
        cst.LeftShift: cst.RightShift,
        cst.RightShift: cst.LeftShift,
        cst.AddAssign: cst.SubtractAssign,
        cst.SubtractAssign: cst.AddAssign,
        cst.MultiplyAssign: cst.DivideAssign,
        cst.DivideAssign: cst.MultiplyAssign,
        cst.FloorDivideAssign: cst.DivideAssign,
        cst.PowerAssign: cst.MultiplyAssign,
    }
)
_COMPARISONS: Exchanges = MappingProxyType(
    {
        cst.LessThan: cst.LessThanEqual,
        cst.LessThanEqual: cst.LessThan,
        cst.GreaterThan: cst.GreaterThanEqual,
        cst.GreaterThanEqual: cst.GreaterThan,
        cst.Equal: cst.NotEqual,
        cst.NotEqual: cst.Equal,
        cst.Is: cst.IsNot,
        cst.IsNot: cst.Is,
        cst.In: cst.NotIn,
        cst.NotIn: cst.In,
    }
)
_YES_OR_NO = (cst.Equal, cst.NotEqual, cst.Is, cst.IsNot, cst.In, cst.NotIn)
_TEXTS = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)


def arithmetic(place: Place) -> Iterator[Change]:
    """``a + b`` to ``a - b``, ``n //= 2`` to ``n /= 2``; not beside a text, where it could only raise an error."""
    match place.parent:
        case cst.BinaryOperation(left=left, right=right) if isinstance(left, _TEXTS) or isinstance(right, _TEXTS):
            return
    yield from _exchanged(place.node, _ARITHMETIC)


def comparison(place: Place) -> Iterator[Change]:
    """``a < b`` to ``a <= b``, ``a == b`` to ``a != b``, ``a in b`` to ``a not in b``.

    Not where it would negate a condition as a whole: `conditions.fixed_condition` has what is harder to notice.
    """
    match place.parents:
        case (_, cst.Comparison(comparisons=[_]), cst.If() | cst.IfExp() | cst.CompIf(), *_):
            if isinstance(place.node, _YES_OR_NO):
                return
    yield from _exchanged(place.node, _COMPARISONS)


def dropped_operand(place: Place) -> Iterator[Change]:
    """``a and b`` to ``a`` and to ``b``, ``a or b`` likewise.

    Whoever notices one of these would notice ``a or b`` in place of ``a and b``, too, so that is not tried.
    """
    if isinstance(place.node, cst.BooleanOperation):
        yield place.node.left
        yield place.node.right


def dropped_not(place: Place) -> Iterator[Change]:
    """``not a`` to ``a``."""
    match place.node:
        case cst.UnaryOperation(operator=cst.Not(), expression=expression):
            yield expression


def dropped_minus(place: Place) -> Iterator[Change]:
    """``-a`` to ``a``; whole numbers are changed as constants."""
    match place.node:
        case cst.UnaryOperation(operator=cst.Minus(), expression=expression) if whole_number(place.node) is None:
            yield expression


def _exchanged(node: cst.CSTNode, table: Exchanges) -> Iterator[Change]:
    other: Any = table.get(type(node))
    if other is not None:
        spaces: Any = node
        yield other(whitespace_before=spaces.whitespace_before, whitespace_after=spaces.whitespace_after)
