"""What goes wrong at the door."""

from __future__ import annotations


class WireError(Exception):
    """Something does not cross: bytes that are not what they should be, or a value that no bytes stand for.

    Its text is one clause that starts with a lower-case letter and says what is wrong, where, and what to do.
    """
