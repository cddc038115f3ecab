"""Magic, two lengths, a JSON header, a body: the outer form of observations and messages, without torch."""

from __future__ import annotations

import json
import math
import re
import struct
from typing import Any, NoReturn

from grader.wire.errors import WireError
from grader.wire.limits import WireLimits

_PREFIX = struct.Struct("<4sIQ")
_NUMBER_LETTERS = 40  # the longest a finite double or 63-bit integer is ever written
# The last alternative makes an unclosed string one token as well: no input is scanned twice.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[][{}]', re.DOTALL)

PREFIX_BYTES = _PREFIX.size


def pack(magic: bytes, header: object, body: bytes, limits: WireLimits) -> bytes:
    """Put a header and a body into one run of bytes.

    Args:
        magic: Four bytes that say what it is.
        header: Anything JSON can write.
        body: Raw bytes.
        limits: What may cross.

    Returns:
        Magic, u32 header length, u64 body length (little-endian), header in UTF-8, body.

    Raises:
        WireError: The header is not JSON, or a part is over its limit.
    """
    try:
        text = json.dumps(header, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError(f"the header cannot be written as JSON: {error}") from error
    _check_lengths(len(text), len(body), limits)
    return _PREFIX.pack(magic, len(text), len(body)) + text + body


def read_lengths(magic: bytes, prefix: bytes, limits: WireLimits) -> tuple[int, int]:
    """Read the first 16 bytes.

    Args:
        magic: What they must start with.
        prefix: `PREFIX_BYTES` bytes.
        limits: What may cross.

    Returns:
        Lengths of the header and the body in bytes, both within the limits.

    Raises:
        WireError: The magic is another, or a length is over its limit.
    """
    found, header_bytes, body_bytes = _PREFIX.unpack(prefix)
    if found != magic:
        raise WireError(f"the data starts with {found!r} instead of {magic!r}")
    _check_lengths(header_bytes, body_bytes, limits)
    return header_bytes, body_bytes


def unpack(magic: bytes, data: bytes, limits: WireLimits) -> tuple[bytes, bytes]:
    """Take whole data apart.

    Args:
        magic: What it must start with.
        data: All of it.
        limits: What may cross.

    Returns:
        The header's bytes and the body.

    Raises:
        WireError: The prefix is refused, or the data is longer or shorter than its lengths say.
    """
    if len(data) < PREFIX_BYTES:
        raise WireError(f"the data ends after {len(data)} bytes, within its first {PREFIX_BYTES}")
    header_bytes, body_bytes = read_lengths(magic, data[:PREFIX_BYTES], limits)
    expected = PREFIX_BYTES + header_bytes + body_bytes
    if len(data) != expected:
        raise WireError(f"the data has {len(data)} bytes, its lengths say {expected}")
    split = PREFIX_BYTES + header_bytes
    return data[PREFIX_BYTES:split], data[split:]


def parse_json(data: bytes, depth_levels: int) -> Any:
    """Read JSON that nobody vouches for.

    Args:
        data: UTF-8.
        depth_levels: How deep arrays and objects may nest.

    Returns:
        The value: None, bool, int (up to 40 digits), finite float, str, list, dict.

    Raises:
        WireError: It is no JSON, nests too deep, has a key twice, or a number that is too long or not finite.
    """
    try:
        text = data.decode("utf-8")
        _check_nesting(text, depth_levels)
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_refuse_constant,
        )
    except WireError:
        raise
    except (ValueError, RecursionError) as error:
        raise WireError(f"the header is not JSON in UTF-8: {str(error)[:200]}") from error


def _check_lengths(header_bytes: int, body_bytes: int, limits: WireLimits) -> None:
    if header_bytes > limits.header_bytes:
        raise WireError(
            f"the header of {header_bytes} bytes is over the limit of {limits.header_bytes}; shorten texts and lists"
        )
    if body_bytes > limits.body_bytes:
        raise WireError(f"the body of {body_bytes} bytes is over the limit of {limits.body_bytes}")


def _check_nesting(text: str, levels: int) -> None:
    # Ahead of the parser: its own bound is the interpreter's recursion limit, which any library may raise.
    depth = 0
    for match in _TOKEN.finditer(text):
        first = text[match.start()]
        if first in "[{":
            depth += 1
        elif first in "]}":
            depth -= 1
        if depth > levels:
            raise WireError(f"the header nests more than {levels} levels deep")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise WireError("the header has an object with the same key twice")
    return found


def _integer(text: str) -> int:
    if len(text) > _NUMBER_LETTERS:
        raise WireError(f"the header has a number of {len(text)} letters; at most {_NUMBER_LETTERS} are read")
    return int(text)


def _finite(text: str) -> float:
    if len(text) > _NUMBER_LETTERS or not math.isfinite(number := float(text)):
        raise WireError("the header has a number that is too long or too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise WireError(f"the header has {name}, which is not JSON")
