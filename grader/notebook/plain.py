"""JSON values that are safe to walk: not too deep, and all text is text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from grader.notebook.errors import BadNotebook

DEPTH = 100


@dataclass
class Mended:
    """What `plain` had to replace.

    Attributes:
        surrogates: How many texts held halves of a surrogate pair, which no encoding can write.
    """

    surrogates: int = field(default=0)


def plain(value: Any, mended: Mended, depth: int = DEPTH) -> Any:
    r"""Copy a JSON value with every text made writable.

    Args:
        value: What ``json.loads`` returned.
        mended: Counts what was replaced.
        depth: How many levels it may have below this one.

    Returns:
        The copy.

    Raises:
        BadNotebook: It is nested more than `DEPTH` levels deep.

    Example:
        >>> plain({"a": ["\ud800"]}, Mended()) == {"a": ["\ufffd"]}
        True
    """
    if isinstance(value, str):
        return _text(value, mended)
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        raise BadNotebook(f"its JSON is nested more than {DEPTH} levels deep")
    if isinstance(value, list):
        return [plain(item, mended, depth - 1) for item in value]
    return {_text(key, mended): plain(item, mended, depth - 1) for key, item in value.items()}


def _text(value: str, mended: Mended) -> str:
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        mended.surrogates += 1
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value
