"""The toolkit that checks observe with, as it was before the notebook ran.

What a check's helpers say is a claim made in the student's process, and no claim is proof. But a notebook that rebinds
``raises`` or ``hooks`` should have to do more than that to be believed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

from grader import authoring

_TOOLKITS = ("grader.authoring.", "grader.observe.rehearsal.")
_REHEARSAL = "grader.observe.rehearsal.stage"  # the one part of the toolkit that not every session has
_ALSO = (
    "grader.authoring",
    "grader.observe.rehearsal",
    "grader.wire.encode",
    "grader.wire.dense",
    "grader.wire.dtypes",
    "grader.observe.run",
    "grader.observe.used",
)


def remember() -> Callable[[], None]:
    """Remember the toolkit's functions and classes; quick where that was done before in this process or its parent.

    Returns:
        Puts all of them back, with the code that they had.
    """
    for name in authoring.__all__:
        getattr(authoring, name)  # loads the room that defines it
    return _remember(_REHEARSAL in sys.modules)


@cache
def _remember(_rehearsing: bool) -> Callable[[], None]:
    modules = {n: m for n, m in sys.modules.items() if n in _ALSO or n.startswith(_TOOLKITS)}
    names = {module: dict(vars(module)) for module in modules.values()}
    classes = {v: dict(vars(v)) for held in names.values() for v in held.values() if _is_ours(v)}
    functions = {
        v: (v.__code__, v.__defaults__, v.__kwdefaults__)
        for held in (*names.values(), *classes.values())
        for v in held.values()
        if isinstance(v, FunctionType)
    }

    def restore() -> None:
        for name, module in modules.items():
            sys.modules[name] = module
            vars(module).clear()
            vars(module).update(names[module])
        for kind, held in classes.items():
            for name, value in held.items():
                if vars(kind).get(name) is not value:
                    setattr(kind, name, value)
        for function, (code, defaults, keywords) in functions.items():
            function.__code__, function.__defaults__, function.__kwdefaults__ = code, defaults, keywords

    return restore


def _is_ours(value: Any) -> bool:
    return isinstance(value, type) and value.__module__.startswith("grader.")
