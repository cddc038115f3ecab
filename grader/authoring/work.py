"""The work: what a notebook defines, as a check sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class MissingName(Exception):
    """A check asked for a name that the notebook does not define.

    Attributes:
        name: The missing name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"the notebook does not define `{name}`")
        self.name = name


class Work:
    """Read access by attribute to the names that a notebook has defined.

    Args:
        namespace: The notebook's global names and their values.

    Example:
        >>> work = Work({"double": lambda x: 2 * x})
        >>> work.double(4)
        8
        >>> work.triple
        Traceback (most recent call last):
            ...
        grader.authoring.work.MissingName: the notebook does not define `triple`
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_namespace", namespace)

    def __getattr__(self, name: str) -> Any:
        """Return what the notebook calls `name`; raises `MissingName` where it defines no such name."""
        namespace: Mapping[str, Any] = object.__getattribute__(self, "_namespace")
        if name not in namespace:
            raise MissingName(name)
        return namespace[name]

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse: a check observes a work, it does not change it."""
        raise AttributeError(f"a work is read-only; cannot set {name!r}")
