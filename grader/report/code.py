"""Python code as HTML with classes for its colours."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from markupsafe import Markup

from grader.report.text import CODE_LETTERS, cut, visible

# Longer code is coloured anew each time: whatever students hand in, what is kept stays under some 35 MB.
_KEPT_LETTERS = 4_000


def highlight(source: str) -> Markup:
    """Colour Python code.

    Args:
        source: A student's code; hidden characters in it are made visible, and it is cut at 40,000 letters.

    Returns:
        Escaped HTML of spans whose classes start with "t-" (see templates/code.css).

    Example:
        >>> highlight("x < 2")
        Markup('<span class="t-n">x</span> <span class="t-o">&lt;</span> <span class="t-mi">2</span>')
    """
    text = visible(cut(source, CODE_LETTERS))
    return _kept(text) if len(text) <= _KEPT_LETTERS else _coloured(text)


# The same code stands in the notebook and in two editions of a report, and what is given out in every notebook.
@lru_cache(maxsize=256)
def _kept(text: str) -> Markup:
    return _coloured(text)


def _coloured(text: str) -> Markup:
    from pygments import highlight as colour  # imported here: 50 ms that a terminal's text needs not pay

    html = colour(text, *_tools())
    return Markup(str(html).rstrip("\n"))  # Pygments has escaped the text


@lru_cache(maxsize=1)
def _tools() -> tuple[Any, Any]:
    """The lexer and the formatter; making the formatter takes as long as colouring a short cell."""
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return PythonLexer(stripnl=False), HtmlFormatter(nowrap=True, classprefix="t-")
