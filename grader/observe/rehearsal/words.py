"""Say which names in the student's own line are where, when operands are refused."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator
from contextlib import suppress
from types import FrameType
from typing import Any

import torch
from torch import nn

from grader.observe.rehearsal.labels import Place, place_of

_CELL = "<cell "
_MOST_NAMES = 6


def seen_from_the_cell() -> str:
    """Name the tensors of the expression that the student's code is at.

    Returns:
        Such as ``" Here x is on rehearsal:0 and W on cpu; create W with device=x.device."``; "" where nothing can be
        said.
    """
    frame = _cell_frame()
    if frame is None:
        return ""
    values = dict(list(_values(_expression(frame), {**frame.f_globals, **frame.f_locals}))[:_MOST_NAMES])
    places = {name: place for name, value in values.items() if (place := _where(value)) is not None}
    if len(set(places.values())) < 2:
        return ""
    near = [name for name, place in places.items() if place is Place.DEVICE]
    left = [name for name, place in places.items() if place is Place.CPU]
    device = next((f"{name}.device" for name in near if isinstance(values[name], torch.Tensor)), "the input's device")
    advice = [
        f"create {name} with device={device}" if isinstance(values[name], torch.Tensor) else f"move {name} to {device}"
        for name in left
    ]
    return f" Here {_listed(near)} on {Place.DEVICE.value} and {_listed(left)} on cpu: {' and '.join(advice)}."


def _listed(names: list[str]) -> str:
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"


def _cell_frame() -> FrameType | None:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not frame.f_code.co_filename.startswith(_CELL):
        frame = frame.f_back
    return frame


def _values(node: ast.AST, known: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The tensors and modules that an expression names: ``self.weight`` of ``self.weight.T @ x``, and not ``self``."""
    if isinstance(node, ast.Name | ast.Attribute):
        inner = list(_values(node.value, known)) if isinstance(node, ast.Attribute) else []
        if any(isinstance(value, torch.Tensor) for _, value in inner):
            yield from inner
            return
        with suppress(Exception):  # looking a name up runs the student's own attributes
            value = _value(node, known)
            if isinstance(value, torch.Tensor | nn.Module):
                yield ast.unparse(node), value
        return
    for child in ast.iter_child_nodes(node):
        yield from _values(child, known)


def _expression(frame: FrameType) -> ast.AST:
    """The expression that the frame is at, by the positions that Python keeps for tracebacks."""
    line, last, column, end = list(frame.f_code.co_positions())[frame.f_lasti // 2]
    if line is None or last is None or column is None or end is None:
        return ast.Tuple([], ast.Load())
    lines = linecache.getlines(frame.f_code.co_filename)[line - 1 : last]
    encoded = [text.encode() for text in lines]
    encoded[-1] = encoded[-1][:end]
    encoded[0] = encoded[0][column:]
    text = b"".join(encoded).decode().strip()
    try:
        return ast.parse(f"({text}\n)", mode="eval")
    except SyntaxError:  # a statement such as x += y
        try:
            return ast.parse(text)
        except SyntaxError:
            return ast.Tuple([], ast.Load())


def _value(node: ast.expr, known: dict[str, Any]) -> Any:
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, known), node.attr)
    return known[node.id] if isinstance(node, ast.Name) else None


def _where(value: torch.Tensor | nn.Module) -> Place | None:
    """Where a tensor is, or the first parameter or buffer of a module."""
    tensor = value if isinstance(value, torch.Tensor) else next(iter((*value.parameters(), *value.buffers())), None)
    place = None if tensor is None else place_of(tensor)
    return Place.DEVICE if place is Place.ANYWHERE else place
