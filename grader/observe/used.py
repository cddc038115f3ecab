"""Which avoided torch functions the notebook's own code called while a check ran: a claim, as all that is said here."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from torch._ops import OpOverload, OpOverloadPacket
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._python_dispatch import TorchDispatchMode

from grader.assignment.avoid import avoided_by

_CELL, _CHECK = "<cell ", "<checks.py>"


class _Log:
    """The avoided functions that were called, each once, and how deep in torch's own functions the call is."""

    def __init__(self, avoid: Sequence[str]) -> None:
        self.called: dict[str, None] = {}
        self.depth = 0
        self._avoid = avoid

    def add(self, function: str) -> None:
        if function not in self.called and avoided_by(function, self._avoid) and _called_by_a_cell():
            self.called[function] = None


class _Functions(TorchFunctionMode):
    def __init__(self, log: _Log) -> None:
        super().__init__()
        self.log = log

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.log.add(_name_of(func))
        self.log.depth += 1
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.log.depth -= 1


class _Operators(TorchDispatchMode):
    def __init__(self, log: _Log) -> None:
        super().__init__()
        self.log = log

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        # Below one of torch's functions that function has been noted; torch.mm below `@` is nobody's call.
        if not self.log.depth:
            self.log.add(func.name().split(".", 1)[0])
        return func(*args, **(kwargs or {}))


@contextmanager
def used(avoid: Sequence[str]) -> Iterator[dict[str, None]]:
    """Note the avoided functions that cells' code calls inside a block; what the check itself calls does not count.

    Args:
        avoid: The names that the check's exercise avoids; without any, nothing is watched and nothing costs.

    Yields:
        The functions, such as "torch.nn.functional.softmax" or "aten::_softmax"; it grows while the block runs.
    """
    log = _Log(avoid)
    if not avoid:
        yield log.called
        return
    with _Functions(log), _Operators(log):
        yield log.called


def _name_of(function: Any) -> str:
    if isinstance(function, OpOverload | OpOverloadPacket):  # torch.ops.aten.mm, with or without an overload's name
        return "::".join(str(function).split(".")[:2])
    return resolve_name(function) or str(getattr(function, "__name__", ""))


def _called_by_a_cell() -> bool:
    """Whether the nearest code that is the course's or the student's is the student's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_CELL) or name == _CHECK:
            return name != _CHECK
        frame = frame.f_back
    return False
