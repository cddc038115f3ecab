"""Conditions that always or never hold, or that take nothing for what is empty."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from grader.verify.operators.place import Change, Place, enclosed

_DROPPED = (cst.Expr, cst.AugAssign, cst.Raise, cst.Continue, cst.Pass)


def fixed_condition(place: Place) -> Iterator[Change]:
    """``if a:`` to ``if True:`` and to ``if False:``, also in ``a if b else c`` and behind a comprehension.

    Checks that notice both would notice a negated condition, too, so that is not tried. Not of a ``while``, which
    might then never end; and where all that depends on the condition is one statement, that is dropped instead.
    """
    match place.node:
        case cst.If(orelse=None, body=cst.IndentedBlock(body=[cst.SimpleStatementLine(body=[only])])) as branch:
            if not isinstance(only, cst.Raise):
                yield branch.with_changes(test=cst.Name("True"))
            if not isinstance(only, _DROPPED):
                yield branch.with_changes(test=cst.Name("False"))
        case cst.If() | cst.CompIf():
            yield place.node.with_changes(test=cst.Name("True"))
            yield place.node.with_changes(test=cst.Name("False"))
        case cst.IfExp(body=body, orelse=orelse):
            yield enclosed(body)
            yield enclosed(orelse)


def none_to_false(place: Place) -> Iterator[Change]:
    """``a is None`` to ``not a``, ``a is not None`` to ``a``, which differ for 0, "" and []; only in conditions."""
    match place.node, place.parent:
        case (
            cst.Comparison(
                left=left,
                comparisons=[
                    cst.ComparisonTarget(operator=(cst.Is() | cst.IsNot()) as operator, comparator=cst.Name("None"))
                ],
            ),
            cst.If() | cst.IfExp() | cst.CompIf() | cst.BooleanOperation(),
        ):
            same = enclosed(left)
            yield same if isinstance(operator, cst.IsNot) else cst.UnaryOperation(cst.Not(), same)
