"""Python code as a stream of tokens that renaming, comments and layout leave as it is."""

from __future__ import annotations

import io
import keyword
import token as kinds
import tokenize
from collections.abc import Iterator

_LETTERS = 40_000
_LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.ENDMARKER)
_TEXTS = tuple(
    getattr(kinds, name)
    for name in ("STRING", "FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END")
    if hasattr(kinds, name)
)
_NAME, _TEXT, _NUMBER = "name", "text", "0"


def normalised(source: str) -> tuple[str, ...]:
    """Turn code into tokens that stay the same when names are changed or lines are moved about.

    Names become one and the same, but for keywords and for what stands behind the dot of anything but ``self``: which
    functions of a library are called says much, what somebody calls a variable little. Texts and numbers become one
    each, comments and empty lines go.

    Args:
        source: Any text; what cannot be read as tokens ends the stream, as does the 40,000th letter.

    Returns:
        The tokens.

    Example:
        >>> normalised("y = torch.sum(x)  # all") == normalised("total = torch.sum(values)")
        True
    """
    return tuple(_stream(source[:_LETTERS]))


def _stream(source: str) -> Iterator[str]:
    before = ("", "")
    try:
        for each in tokenize.generate_tokens(io.StringIO(source).readline):
            if each.type in _LAYOUT:
                continue
            yield _normal(each, before)
            before = (before[1], each.string)
    except (tokenize.TokenError, SyntaxError, ValueError):
        return


def _normal(each: tokenize.TokenInfo, before: tuple[str, str]) -> str:
    if each.type == tokenize.NAME:
        of_a_library = before[1] == "." and before[0] != "self"
        return each.string if keyword.iskeyword(each.string) or of_a_library else _NAME
    if each.type == tokenize.NUMBER:
        return _NUMBER
    if each.type in _TEXTS:
        return _TEXT
    return each.string if each.type == tokenize.OP else kinds.tok_name[each.type]
