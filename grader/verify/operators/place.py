"""A place in the reference's code that may be changed, and what operators have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import libcst as cst

Change: TypeAlias = cst.CSTNode | cst.RemovalSentinel | cst.FlattenSentinel[cst.BaseStatement]

_CLOSED = (
    *(cst.Name, cst.Attribute, cst.Call, cst.Subscript, cst.Integer, cst.Float, cst.SimpleString, cst.FormattedString),
    *(cst.List, cst.ListComp, cst.Dict, cst.DictComp, cst.Set, cst.SetComp),
)


@dataclass(frozen=True)
class Place:
    """A node of the syntax tree and what it stands in.

    Attributes:
        node: The node that a change would replace.
        parents: The nodes around it, the nearest first.
    """

    node: cst.CSTNode
    parents: tuple[cst.CSTNode, ...]

    @property
    def parent(self) -> cst.CSTNode | None:
        """The node that this one is a part of; None for a top-level statement."""
        return self.parents[0] if self.parents else None


@dataclass(frozen=True)
class Operator:
    """One kind of small change.

    Attributes:
        name: What a report calls it; part of the ids of its mutants, so it stays.
        changes: What may stand at a place instead; nothing for most places.
    """

    name: str
    changes: Callable[[Place], Iterable[Change]]


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


def dotted(node: cst.CSTNode | None) -> str:
    """The name that an expression spells, such as "torch.no_grad"; "" where it is no plain name.

    Example:
        >>> dotted(cst.parse_expression("torch.nn.Linear")), dotted(cst.parse_expression("f(x).sum"))
        ('torch.nn.Linear', '')
    """
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr.value}" if owner else ""
    return ""


def called(call: cst.Call) -> str:
    """The last name of what is called: "sum" for ``x.sum(0)`` as for ``torch.sum(x)``; "" for anything else."""
    match call.func:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
    return ""


def reads(node: cst.CSTNode, name: str) -> bool:
    """Whether a name stands anywhere in an expression, other than as an attribute's or a keyword's."""
    match node:
        case cst.Name(value=value):
            return value == name
        case cst.Attribute(value=owner):
            return reads(owner, name)
        case cst.Arg(value=argument):
            return reads(argument, name)
    return any(reads(child, name) for child in node.children)


def enclosed(expression: cst.BaseExpression) -> cst.BaseExpression:
    """The expression, in parentheses unless it can stand in any other expression without."""
    if isinstance(expression, _CLOSED) or expression.lpar:
        return expression
    return expression.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def whole_number(node: cst.CSTNode | None) -> int | None:
    """The value of a literal such as ``3`` or ``-1``; None for anything else."""
    match node:
        case cst.Integer():
            return node.evaluated_value
        case cst.UnaryOperation(operator=cst.Minus(), expression=cst.Integer() as number):
            return -number.evaluated_value
    return None


def literal(value: float) -> cst.BaseExpression:
    """A number as an expression."""
    return cst.parse_expression(repr(value))


def shifted(expression: cst.BaseExpression, by: int) -> cst.BaseExpression:
    """An expression for one more or less.

    Args:
        expression: A bound, a count, an index.
        by: 1 or -1.
    """
    number = whole_number(expression)
    if number is not None:
        return literal(number + by)
    operator = cst.Add() if by > 0 else cst.Subtract()
    return cst.BinaryOperation(enclosed(expression), operator, cst.Integer("1"))


def with_argument(call: cst.Call, number: int, value: cst.BaseExpression) -> cst.Call:
    """The call with another value for one of its arguments, counted from 0."""
    args = list(call.args)
    args[number] = args[number].with_changes(value=value)
    return call.with_changes(args=args)
