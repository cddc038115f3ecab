"""Which torch functions a call used, and whether it moved the global random streams."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._python_dispatch import TorchDispatchMode


@dataclass
class Calls:
    """What a `calls` block used.

    Attributes:
        functions: Python-level torch functions in order of call, such as "torch.nn.functional.softmax".
        ops: Operators that reached the dispatcher, such as "aten::mm".
    """

    functions: list[str] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)

    def uses(self, *names: str) -> list[str]:
        """Which of the names were called: matched against the last part of functions and operators."""
        called = {name.rsplit(".", 1)[-1] for name in self.functions}
        called |= {op.rsplit("::", 1)[-1] for op in self.ops}
        return sorted(set(names) & called)


class _FunctionLog(TorchFunctionMode):
    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.log.append(resolve_name(func) or getattr(func, "__name__", str(func)))
        return func(*args, **(kwargs or {}))


class _OperatorLog(TorchDispatchMode):
    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.log.append(func.name().split(".", 1)[0])
        return func(*args, **(kwargs or {}))


@contextmanager
def calls() -> Iterator[Calls]:
    """Record the torch functions and operators that a block uses.

    Yields:
        The log; it grows while the block runs.

    Example:
        >>> with calls() as log:
        ...     _ = torch.ones(2, 2) @ torch.ones(2, 2)
        >>> log.uses("matmul", "mm", "bmm")
        ['matmul', 'mm']
    """
    log = Calls()
    with _FunctionLog(log.functions), _OperatorLog(log.ops):
        yield log


def random_state() -> dict[str, str]:
    """A fingerprint of each global random stream; equal before and after means that nobody drew from it.

    Returns:
        Digests for "python", "numpy" and "torch".

    Example:
        >>> before = random_state()
        >>> _ = torch.rand(1, generator=torch.Generator())
        >>> random_state() == before
        True
    """
    words: tuple[Any, ...] = tuple(np.random.get_state(legacy=True))
    return {
        "python": _digest(repr(random.getstate()).encode()),
        "numpy": _digest(repr((words[0], np.asarray(words[1]).tobytes(), words[2:])).encode()),
        "torch": _digest(bytes(torch.get_rng_state().tolist())),
    }


def raises(call: Callable[[], Any], *expected: type[BaseException]) -> str:
    """Run a call for the error that it should raise.

    Args:
        call: A function without arguments.
        *expected: The error types that the exercise allows; a subclass counts as its base.

    Returns:
        The name of the expected type that was raised, of any other type that was, or "no error".

    Raises:
        MissingName: The call needs a name that the notebook does not define.

    Example:
        >>> raises(lambda: int("x"), ValueError), raises(lambda: int("1"), ValueError)
        ('ValueError', 'no error')
    """
    from grader.authoring.work import MissingName

    try:
        call()
    except MissingName:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the student's code raises is the observation
        return next((kind.__name__ for kind in expected if isinstance(error, kind)), type(error).__name__)
    return "no error"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
