"""What a notebook's text holds: its headings, and pictures from files."""

from __future__ import annotations

import re

from grader.notebook.model import Notebook

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.*?)[ \t#]*$", re.MULTILINE)
_TITLE = re.compile(r"^ {0,3}#[ \t]", re.MULTILINE)
# A picture in a file beside the notebook: no address on the web, and no attachment.
_PICTURE = re.compile(r"!\[[^\]\n]*\]\((?![a-z]+:)([^)\s]+)", re.IGNORECASE)
_LETTERS = 100


def headings(notebook: Notebook) -> list[str]:
    """For each cell of a notebook the last heading in or above it; "" where there is none."""
    found: list[str] = []
    for cell in notebook.cells:
        inside = found_in(cell.source) if cell.kind == "markdown" else []
        found.append(inside[-1] if inside else found[-1] if found else "")
    return found


def title_of(notebook: Notebook) -> str:
    """The notebook's first heading of the first level; "" where there is none."""
    text = [cell for cell in notebook.cells if cell.kind == "markdown"]
    texts = (cell.source[match.start() :] for cell in text if (match := _TITLE.search(cell.source)))
    return next((heading for text in texts for heading in found_in(text)), "")


def pictures(notebook: Notebook) -> list[str]:
    """The picture files that a notebook's text shows from the folder that it lies in, each once."""
    texts = (cell.source for cell in notebook.cells if cell.kind == "markdown")
    return list(dict.fromkeys(name for text in texts for name in _PICTURE.findall(text)))


def found_in(text: str) -> list[str]:
    r"""The headings of a text, as one line of what can be printed each.

    Example:
        >>> found_in("# One\ntext\n## Two ##")
        ['One', 'Two']
    """
    printable = ("".join(c for c in heading if c.isprintable()).strip() for heading in _HEADING.findall(text))
    return [heading[:_LETTERS] for heading in printable if heading]
