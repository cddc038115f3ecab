"""What a worker is doing, in memory that outlives it: its input can be saved after it has been killed by it."""

from __future__ import annotations

import mmap
import struct
import time
from dataclasses import astuple, dataclass
from pathlib import Path

_FIELDS = struct.Struct("<QdQQQdQQ")
_DATA_BYTES = 4 * 1024 * 1024


@dataclass
class Entry:
    """Where a worker stands.

    Attributes:
        index: Number of the input at hand.
        began_seconds: Monotonic clock when it was begun; 0 between inputs.
        input_bytes: Its length.
        accepted: Inputs that were accepted so far.
        refused: Inputs that were refused as they should be.
        worst_seconds: CPU time of the slowest input.
        growth_bytes: By how much the peak of memory has grown since the first inputs.
        done: 1 once all inputs have been tried.
    """

    index: int = 0
    began_seconds: float = 0.0
    input_bytes: int = 0
    accepted: int = 0
    refused: int = 0
    worst_seconds: float = 0.0
    growth_bytes: int = 0
    done: int = 0


class Ledger:
    """A file that worker and watcher both map.

    Args:
        path: The file; made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        size = _FIELDS.size + _DATA_BYTES
        if not path.exists():
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), size)

    def write(self, entry: Entry) -> None:
        """Say where the worker stands."""
        _FIELDS.pack_into(self._map, 0, *astuple(entry))

    def begin(self, entry: Entry, data: bytes) -> None:
        """Keep the input that is about to be tried."""
        self._map[_FIELDS.size : _FIELDS.size + len(data)] = data
        entry.input_bytes, entry.began_seconds = len(data), time.monotonic()
        self.write(entry)

    def read(self) -> Entry:
        """Where the worker stands, or stood when it died."""
        return Entry(*_FIELDS.unpack_from(self._map, 0))

    def data(self) -> bytes:
        """The input at hand."""
        return bytes(self._map[_FIELDS.size : _FIELDS.size + self.read().input_bytes])
