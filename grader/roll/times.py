"""Dates and times as platforms write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

# As Moodle writes them in English, of Britain and of America.
_SPELLED = ("%A, %d %B %Y, %I:%M %p", "%A, %B %d, %Y, %I:%M %p", "%d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M")
_WRITTEN = re.compile(
    r"\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(\.\d{1,9})?\s*(Z|[+-]\d\d:?\d\d|[A-Za-z][\w+/-]{1,40})?\s*"
)


def moment(written: object) -> datetime | None:
    """Read a time; one without a zone is UTC.

    Args:
        written: What a platform wrote: a text, or what a parser made of it (also Ruby's object with a key "utc").

    Returns:
        The time with its zone; None where it cannot be read.

    Example:
        >>> moment("2026-02-02 15:58:23.948203 UTC")
        datetime.datetime(2026, 2, 2, 15, 58, 23, 948203, tzinfo=datetime.timezone.utc)
        >>> moment("yesterday") is None
        True
    """
    if isinstance(written, dict):
        return moment(written.get("utc", written.get("time")))
    if isinstance(written, datetime):
        return written if written.tzinfo else written.replace(tzinfo=UTC)
    found = _WRITTEN.fullmatch(written[:200]) if isinstance(written, str) else None
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    try:
        naive = datetime.fromisoformat(f"{day}T{clock}")
        naive = naive.replace(microsecond=int((fraction or ".0")[1:].ljust(6, "0")[:6]))
        return naive.replace(tzinfo=_zone(zone or "UTC"))
    except (ValueError, OSError, KeyError):  # a day or zone that does not exist
        return None


def moment_or_day(written: str) -> datetime | date | None:
    """Read what a person wrote for the last day or moment of something; a moment without a zone stays without one.

    Example:
        >>> moment_or_day("2026-03-05"), moment_or_day("2026-03-05 12:00")
        (datetime.date(2026, 3, 5), datetime.datetime(2026, 3, 5, 12, 0))
    """
    for read in (date.fromisoformat, datetime.fromisoformat):
        try:
            return read(written)
        except ValueError:
            continue
    return None


def written_moment(written: str) -> datetime | None:
    """Read a moment that a person or a platform wrote into a table; one without a zone stays without one.

    Example:
        >>> written_moment("Monday, 2 March 2026, 11:59 PM"), written_moment("2026-03-02") is None
        (datetime.datetime(2026, 3, 2, 23, 59), True)
    """
    found = moment_or_day(written)
    if isinstance(found, datetime):
        return found
    for form in _SPELLED:
        try:
            return datetime.strptime(written.replace("\u202f", " "), form)  # noqa: DTZ007 - the caller knows the zone
        except ValueError:
            continue
    return None if found else moment(written)


def _zone(name: str) -> tzinfo:
    if name in ("Z", "UTC", "GMT"):
        return UTC
    if name[0] in "+-":
        digits = name[1:].replace(":", "")
        away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        return timezone(away if name[0] == "+" else -away)
    return ZoneInfo(name)
