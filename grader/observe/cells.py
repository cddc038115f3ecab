"""A notebook's cells as a session is to run them: those that had to be stopped run no more, or only in part."""

from __future__ import annotations

from collections.abc import Iterable

from grader.observe.protocol import CellEnded, CellMode, CellSource
from grader.observe.results import CellEnd
from grader.wire.outcome import Stopped


class Cells:
    """The code cells of a notebook, and how those ended that did not run to their end.

    Args:
        cells: Each cell's number and text, in order.

    Attributes:
        ends: How cells ended, by number, but for those that ran through.
    """

    def __init__(self, cells: Iterable[tuple[int, str]]) -> None:
        self.ends: dict[int, CellEnd] = {}
        self._cells = {number: CellSource(number, source) for number, source in cells}

    def next_run(self) -> tuple[CellSource, ...]:
        """The cells as they run the next time."""
        return tuple(self._cells.values())

    def note(self, event: CellEnded) -> None:
        """Take note of a cell that ended with an error, once."""
        if event.error and event.number in self._cells and event.number not in self.ends:
            self.ends[event.number] = CellEnd(event.number, "error", event.error, event.message, event.frames)

    def downgrade(self, number: int, stopped: Stopped) -> None:
        """After a cell had to be stopped: next time only its definitions, and then nothing of it."""
        cell = self._cells.get(number)
        if cell is None:  # it was stopped before the first cell: nothing can be run
            self.give_up_from(0)
            return
        mode: CellMode = "definitions" if cell.mode == "run" else "skip"
        self._cells[number] = CellSource(number, cell.source, mode)
        self.ends.setdefault(number, CellEnd(number, stopped.reason, message=stopped.detail))

    def give_up_from(self, number: int) -> None:
        """Run nothing from a cell on."""
        for later, cell in self._cells.items():
            if later >= number:
                if cell.mode == "run":
                    message = "not run: too many cells before it had to be stopped, or the time was used up"
                    self.ends.setdefault(later, CellEnd(later, "not run", message=message))
                self._cells[later] = CellSource(later, cell.source, "skip")
