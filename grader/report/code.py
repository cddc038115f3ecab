"""Python code as HTML with classes for its colours."""

from __future__ import annotations

from markupsafe import Markup

from grader.report.text import CODE_LETTERS, cut, visible


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
    from pygments import highlight as colour  # imported here: 50 ms that a terminal's text needs not pay
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    text = visible(cut(source, CODE_LETTERS))
    html = colour(text, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True, classprefix="t-"))
    return Markup(str(html).rstrip("\n"))  # Pygments has escaped the text
