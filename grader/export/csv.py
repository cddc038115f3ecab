"""Cells of a CSV file that a spreadsheet shows and never runs."""

from __future__ import annotations

import unicodedata

# What Excel, LibreOffice and Google Sheets take for the start of a formula, a command or an import.
_FORMULA_STARTS = frozenset("=+-@|%")
_QUOTE = "'"


def csv_cell(value: str | float | None) -> str | float:
    r"""Make a value safe in a cell: text that a spreadsheet would run gets an apostrophe in front.

    Numbers stay numbers. Text that starts with an apostrophe gets one more, so that `csv_value` gives every text back.
    Quotes, separators and line ends are the business of `csv.writer`.

    Args:
        value: Text from anybody, a number of the grader's own, or None for an empty cell.

    Returns:
        What to write.

    Example:
        >>> csv_cell("=HYPERLINK(A1)"), csv_cell("Ada"), csv_cell(-5.0), csv_cell(None)
        ("'=HYPERLINK(A1)", 'Ada', -5.0, '')
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    return _QUOTE + value if _runs(value) else value


def csv_value(cell: str) -> str:
    """Read back the text of a cell that `csv_cell` made.

    Example:
        >>> csv_value("'=1+1"), csv_value("O'Neil")
        ('=1+1', "O'Neil")
    """
    inside = cell.removeprefix(_QUOTE)
    return inside if _runs(inside) else cell


def _runs(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula, or the text begins with the mark that prevents it."""
    # White space, invisible characters and full-width forms in front of a formula are skipped or folded by some.
    for character in unicodedata.normalize("NFKC", text[:100]):
        if not (character.isspace() or unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Zs")):
            return character in _FORMULA_STARTS or character == _QUOTE
    # Nothing to see: a cell of invisible characters alone, or a hundred of them in front of who knows what.
    return bool(text)
