"""What a hand-in is found to be: its notebook, and what comes along with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Opened:
    """The notebook of a hand-in.

    Attributes:
        name: Its name; in an archive with the folders that it lies in.
        data: Its bytes.
        others: The names of all other files in the archive.
        notices: Sentences for the report.
    """

    name: str
    data: bytes = field(repr=False)
    others: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Extra:
    """What comes along with a notebook.

    Attributes:
        files: Contents by name, relative to the notebook's folder.
        notices: Sentences for the report, such as what was left out.
    """

    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    notices: tuple[str, ...] = ()
