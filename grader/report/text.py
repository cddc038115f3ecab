"""Text that a student controls, made safe to look at: nothing in it is invisible, reordered or endless."""

from __future__ import annotations

import math
import re
from datetime import datetime

LINE_LETTERS = 200
MESSAGE_LETTERS = 2_000
OUTPUT_LETTERS = 10_000
CODE_LETTERS = 40_000

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_COLOUR_CODES = re.compile(r"\x1b\[[0-9;]{0,20}m")
_PILED_MARKS = re.compile(
    r"([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{4})"
    r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
# Everything that moves, reorders or hides text. Joiners (U+200C, U+200D) stay: Persian names and emoji need them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Make control characters and bidi overrides visible, so that text cannot pose as something else.

    Colour codes of terminals are dropped; a carriage return, with which progress bars overwrite themselves,
    starts a new line; newlines and tabs stay.

    Args:
        text: Anything a submission holds.

    Returns:
        The text with every hidden character spelled out.

    Example:
        >>> visible("grade\u202etxt.exe \x07")
        'grade⟨U+202E⟩txt.exe ⟨U+0007⟩'
    """
    if text.isascii() and text.isprintable():  # most of the thousand texts of a report, and nothing to hide in them
        return text
    text = _COLOUR_CODES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _PILED_MARKS.sub(r"\1", _HIDDEN.sub(_spell, text))


def cut(text: str, letters: int = MESSAGE_LETTERS) -> str:
    """Cut a text that is too long to read, and say how much is missing.

    Example:
        >>> cut("x" * 12, 5)
        'xxxxx … (7 more characters)'
    """
    if len(text) <= letters:
        return text
    return f"{text[:letters]} … ({len(text) - letters:,} more characters)"


def line(text: str, letters: int = LINE_LETTERS) -> str:
    r"""Make a text one visible line, for names and titles.

    Example:
        >>> line("Ada\nLovelace")
        'Ada⟨U+000A⟩Lovelace'
    """
    return visible(cut(text, letters)).replace("\n", "⟨U+000A⟩").replace("\t", "⟨U+0009⟩")


def points(number: float) -> str:
    """Write points without noise.

    Example:
        >>> points(3.0), points(2.5), points(1 / 3)
        ('3', '2.5', '0.33')
    """
    if not math.isfinite(number):
        return "?"
    return f"{number:.2f}".rstrip("0").rstrip(".")


def signed(number: float) -> str:
    """Write a change of points with its sign, and nothing for none.

    Example:
        >>> signed(2.5), signed(-3.0), signed(0.0)
        ('+2.5', '−3', '')
    """
    if not number:
        return ""
    return ("+" if number > 0 else "−") + points(abs(number))


def seconds(number: float) -> str:
    """Write a duration in the unit that a person would choose.

    Example:
        >>> seconds(0.0312), seconds(2.25), seconds(95.0)
        ('31 ms', '2.2 s', '1 min 35 s')
    """
    if not math.isfinite(number) or number < 0:
        return "?"
    if number < 0.9995:
        return f"{number * 1000:.0f} ms"
    if number < 60:
        return f"{number:.1f} s"
    return f"{int(number) // 60} min {int(number) % 60} s"


def percent(part: float, whole: float) -> float:
    """The share in percent between 0 and 100, 0 where there is nothing to earn.

    Example:
        >>> percent(3, 4), percent(1, 0)
        (75.0, 0.0)
    """
    if not (math.isfinite(part) and math.isfinite(whole)) or whole <= 0:
        return 0.0
    return round(min(100.0, max(0.0, 100.0 * part / whole)), 2)


def moment(iso: str) -> str:
    """Write an ISO 8601 moment for people, in the zone it was recorded in; leave anything else as it is.

    Example:
        >>> moment("2026-10-12T23:14:05+02:00")
        '12 Oct 2026, 23:14 (UTC+02:00)'
    """
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    zone = when.tzname()
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}, {when:%H:%M}" + (f" ({zone})" if zone else "")


def count(number: int, noun: str) -> str:
    """Write a number with its noun.

    Example:
        >>> count(1, "hidden check"), count(3, "hidden check")
        ('1 hidden check', '3 hidden checks')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _spell(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match[0]):04X}⟩"
