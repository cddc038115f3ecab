"""What a notebook is once it has been read, whatever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

CellKind = Literal["code", "markdown", "raw"]


@dataclass(frozen=True)
class Cell:
    r"""One cell.

    Attributes:
        number: For a code cell its number among the code cells, counted from 1; 0 for any other.
        source: Its text, with lines that end in ``"\n"``.
        kind: "code", "markdown" or "raw".
    """

    number: int
    source: str
    kind: CellKind


@dataclass(frozen=True)
class Notebook:
    """A notebook, read and put in order.

    Attributes:
        name: Its file name.
        cells: All its cells in order.
        metadata: The notebook's own metadata.
        node: The whole notebook as plain JSON values in the shape of nbformat 4.5, for rendering.
        notices: Sentences about what had to be mended, for the report.
    """

    name: str
    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any]
    node: Mapping[str, Any]
    notices: tuple[str, ...] = ()

    @property
    def code(self) -> tuple[Cell, ...]:
        """The code cells."""
        return tuple(cell for cell in self.cells if cell.kind == "code")
