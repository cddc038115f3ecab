"""The one error of this package: something handed in that cannot be graded."""

from __future__ import annotations

from grader.errors import BadInput


class BadHandIn(BadInput):
    """What was handed in cannot be opened or must not be; the message says why, for the student who sent it."""
