"""Load check files: course staff's own code, executed once as a module of its own."""

from __future__ import annotations

import linecache
import marshal
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def compiled(source: str, filename: str) -> bytes:
    """Compile a check file for processes of this very interpreter, each of which would take as long to do it.

    Args:
        source: Python source.
        filename: What tracebacks call it.

    Returns:
        What `load_module` takes.
    """
    return marshal.dumps(compile(source, f"<{filename}>", "exec"))


def load_module(source: str, filename: str, code: bytes = b"") -> ModuleType:
    """Execute a check file's source as a module.

    Args:
        source: Python source.
        filename: What tracebacks call it.
        code: The same, `compiled`; none of it where empty. Never what came from a process that student code shares.

    Returns:
        The module; it is not entered in ``sys.modules``.

    Raises:
        Exception: Whatever the source raises.
    """
    name = f"<{filename}>"
    module = ModuleType(filename.removesuffix(".py"))
    module.__file__ = name
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    program = marshal.loads(code) if code else compile(source, name, "exec")
    exec(program, module.__dict__)  # noqa: S102 - a check file is the course's own program
    return module


def load_source(source: str, filename: str, name: str, kind: type[T], code: bytes = b"") -> T:
    """Load one object out of a check file.

    Args:
        source: Python source that defines it.
        filename: What tracebacks call the file.
        name: The object's name.
        kind: The type it must have.
        code: As for `load_module`.

    Returns:
        The object.

    Raises:
        LookupError: There is no such object of that type.
    """
    found = getattr(load_module(source, filename, code), name, None)
    if not isinstance(found, kind):
        raise LookupError(f"{filename} defines no {kind.__name__.lower()} {name!r}")
    return found


def members(module: ModuleType, kind: type[T]) -> list[T]:
    """All the objects of a type that a check file defines, in its order."""
    return [value for value in vars(module).values() if isinstance(value, kind)]
