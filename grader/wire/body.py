"""Bodies in msgpack, read into the struct that is expected; what they would cost is known before they are read."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from grader.wire.errors import WireError

T = TypeVar("T")

# One array of small numbers takes a byte a value on the wire and some fifty in memory.
VALUES: Final = 200_000
# By first byte: how many bytes follow that say a length, and what is known without them.
_FIXED: Final = dict.fromkeys((0xC0, 0xC2, 0xC3), 0) | {
    **{0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8},  # noqa: PIE800
    **{0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17},  # noqa: PIE800 - a line for numbers, a line for extensions
}
_SIZED: Final = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xC7: 1, 0xC8: 2, 0xC9: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_EXTENSIONS: Final = (0xC7, 0xC8, 0xC9)
_HOLDERS: Final = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}


def read_body(data: bytes, kind: type[T], values: int = VALUES) -> T:
    """Read a body that nobody vouches for.

    Args:
        data: Any bytes whatever.
        kind: The struct that it is to be.
        values: How many values it may hold, those inside others counted too.

    Returns:
        The struct.

    Raises:
        WireError: The bytes are no such struct, or hold or declare more values.
    """
    if _declared(data, values) > values:
        raise WireError(f"the body holds more than {values} values")
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, MemoryError) as error:
        raise WireError(f"the body is no {kind.__name__}: {str(error)[:200]}") from error


def _declared(data: bytes, most: int) -> int:
    """How many values msgpack declares, counted no further than is needed to know that there are too many."""
    declared, seen, place = 1, 0, 0
    while seen < declared <= most and place < len(data):
        first = data[place]
        place, seen = place + 1, seen + 1
        if 0x80 <= first <= 0x9F:
            declared += (first & 0x0F) * (2 if first < 0x90 else 1)
        elif 0xA0 <= first <= 0xBF:
            place += first & 0x1F
        elif first in _FIXED:
            place += _FIXED[first]
        elif first in _SIZED:
            width = _SIZED[first]
            place += width + int.from_bytes(data[place : place + width], "big") + (first in _EXTENSIONS)
        elif first in _HOLDERS:
            width, parts = _HOLDERS[first]
            declared += parts * int.from_bytes(data[place : place + width], "big")
            place += width
    return declared
