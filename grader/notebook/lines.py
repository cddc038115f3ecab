"""Where the lines of Python text start: in a string, inside brackets, or afresh; in one pass, whatever the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Triple quotes, whole or unclosed strings of one line, comments, brackets.
_TOKEN = re.compile(r"""\'{3}|"{3}|'(?:[^'\\]|\\.)*+'?|"(?:[^"\\]|\\.)*+"?|\#.*|[([{]|[)\]}]""")
_CLOSING = {
    quote: re.compile(rf"(?:[^\\{quote[0]}]|\\.|{quote[0]}(?!{quote[1:]}))*+{quote}") for quote in ("'''", '"""')
}


@dataclass(frozen=True)
class Start:
    """How a line starts.

    Attributes:
        quoted: Inside a string in triple quotes that an earlier line opened.
        fresh: Where a statement may start: neither quoted, nor in brackets, nor after a backslash.
    """

    quoted: bool
    fresh: bool


def starts(lines: Sequence[str], is_magic: Callable[[str], bool] = lambda _: False) -> list[Start]:
    r"""Tell how each line of Python text starts.

    Args:
        lines: The lines.
        is_magic: Which lines that start afresh are no Python: quotes and brackets in them count for nothing.

    Returns:
        One entry a line. Text with mistakes gets an answer too, though not always the one its author had in mind.

    Example:
        >>> [start.fresh for start in starts(["x = (", "1)", "s = '''", "a", "'''", "y = 2"])]
        [True, False, True, False, False, True]
    """
    found: list[Start] = []
    quote, depth, continued = "", 0, False
    for line in lines:
        found.append(Start(bool(quote), not (quote or depth or continued)))
        if found[-1].fresh and is_magic(line):
            continued = line.endswith("\\")
            continue
        quote, depth = _after(line, quote, depth)
        continued = not quote and line.endswith("\\")
    return found


def _after(line: str, quote: str, depth: int) -> tuple[str, int]:
    """The open triple quote and the depth of brackets after a line."""
    position = 0
    while True:
        if quote:
            closing = _CLOSING[quote].match(line, position)
            if closing is None:
                return quote, depth
            quote, position = "", closing.end()
        token = _TOKEN.search(line, position)
        if token is None or token[0].startswith("#"):
            return "", depth
        position = token.end()
        if token[0] in _CLOSING:
            quote = token[0]
        elif token[0] in "([{":
            depth += 1
        elif token[0] in ")]}":
            depth = max(0, depth - 1)
