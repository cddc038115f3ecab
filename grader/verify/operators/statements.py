"""Statements left out, and what they give back."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import libcst as cst

from grader.verify.operators.place import Change, Place, called, reads

_ORDERED = frozenset({"zero_grad", "backward", "step", "clip_grad_norm_", "clip_grad_value_"})


def dropped_call(place: Place) -> Iterator[Change]:
    """``optimizer.step()`` to ``pass``: a statement that only has an effect."""
    match place.node:
        case cst.Expr(value=cst.Call() | cst.Await()):
            yield cst.Pass()


def dropped_update(place: Place) -> Iterator[Change]:
    """``total += n`` to ``pass``."""
    if isinstance(place.node, cst.AugAssign):
        yield cst.Pass()


def dropped_assignment(place: Place) -> Iterator[Change]:
    """``p.grad = None``, ``d[k] = v`` and ``x = f(x)`` to ``pass``.

    Not of other names, nor of attributes in ``__init__``: to miss them could only raise an error.
    """
    match place.node:
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))], value=value) if reads(value, name):
            yield cst.Pass()
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Attribute() | cst.Subscript())]):
            function = next((p for p in place.parents if isinstance(p, cst.FunctionDef)), None)
            if function is None or function.name.value != "__init__":
                yield cst.Pass()


def dropped_raise(place: Place) -> Iterator[Change]:
    """``raise ValueError(...)`` to ``pass``."""
    if isinstance(place.node, cst.Raise):
        yield cst.Pass()


def other_exception(place: Place) -> Iterator[Change]:
    """``raise ValueError(...)`` to ``raise Exception(...)``."""
    match place.node:
        case cst.Raise(exc=cst.Call(func=cst.Name() as kind) as made):
            yield place.node.with_changes(exc=made.with_changes(func=kind.with_changes(value="Exception")))
        case cst.Raise(exc=cst.Name() as kind) if kind.value[:1].isupper():
            yield place.node.with_changes(exc=kind.with_changes(value="Exception"))


def dropped_guard(place: Place) -> Iterator[Change]:
    """``assert``, ``del``, ``continue`` and an early bare ``return`` to ``pass``."""
    match place.node:
        case cst.Assert() | cst.Del() | cst.Continue():
            yield cst.Pass()
        case cst.Return(value=None | cst.Name(value="None")):
            around = next((p for p in place.parents if isinstance(p, cst.BaseCompoundStatement)), None)
            if not isinstance(around, cst.FunctionDef):
                yield cst.Pass()


def returned_none(place: Place) -> Iterator[Change]:
    """``return x`` to ``return None``."""
    match place.node:
        case cst.Return(value=cst.BaseExpression()):
            yield place.node.with_changes(value=cst.Name("None", lpar=(), rpar=()))


def accumulation(place: Place) -> Iterator[Change]:
    """``total += n`` to ``total = n``."""
    match place.node:
        case cst.AugAssign(target=target, value=value):
            yield cst.Assign([cst.AssignTarget(target)], value)


def swapped_steps(place: Place) -> Iterator[Change]:
    """``loss.backward()`` and ``optimizer.step()`` the other way round: neighbours whose order makes training work."""
    if isinstance(place.node, cst.IndentedBlock):
        body = place.node.body
        for number, (one, other) in enumerate(itertools.pairwise(body)):
            if _is_step(one) and _is_step(other):
                yield place.node.with_changes(body=[*body[:number], other, one, *body[number + 2 :]])


def _is_step(statement: cst.BaseStatement) -> bool:
    match statement:
        case cst.SimpleStatementLine(body=[cst.Expr(value=cst.Call() as call)]):
            return called(call) in _ORDERED
    return False
