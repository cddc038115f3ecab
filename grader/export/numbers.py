"""Points as spreadsheets write them: two decimals, with a point or a comma."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

_COMMA = re.compile(r"-?(?:\d{1,3}(?:[.\u00a0\u202f' ]\d{3})+|\d+),\d{1,2}")
_POINT = re.compile(r"-?[\d,]*\.\d{1,2}")
_NUMBER = re.compile(r"-?\d[\d.,\u00a0\u202f' ]*")


def decimal_mark(cells: Iterable[str]) -> str:
    """What stands between units and decimals in a sheet: "," where its numbers show that, else ".".

    Example:
        >>> decimal_mark(["Ada", "10,00", "7"]), decimal_mark(["10", "1,000.5"])
        (',', '.')
    """
    commas = points = 0
    for cell in cells:
        text = cell.strip()
        commas += bool(_COMMA.fullmatch(text))
        points += bool(_POINT.fullmatch(text))
    return "," if commas > points else "."


def two_decimals(number: float, mark: str = ".") -> str:
    """Write a number with two decimals, halves rounded away from zero, as a person does.

    Example:
        >>> two_decimals(17.5), two_decimals(0.125, ","), two_decimals(-0.001)
        ('17.50', '0,13', '0.00')
    """
    rounded = Decimal(repr(float(number))).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{rounded or abs(rounded):f}".replace(".", mark)  # a zero has no sign


def read_number(cell: str) -> float | None:
    """Read a number that a sheet holds, with a point or a comma before its decimals; None for anything else.

    The last mark is the decimal one, any earlier one groups thousands: the rule that Canvas reads numbers by.

    Example:
        >>> read_number("1.234,50"), read_number(" 20 "), read_number("EX")
        (1234.5, 20.0, None)
    """
    text = cell.strip()
    if not _NUMBER.fullmatch(text):
        return None
    *groups, last = re.split("[.,]", re.sub("[\u00a0\u202f' ]", "", text))
    return float(f"{''.join(groups)}.{last or 0}" if groups else last)
