"""The one error of this package: something about an assignment that its author can mend."""

from __future__ import annotations

from grader.errors import BadInput


class BadAssignment(BadInput):
    """An assignment, or the course folder around it, is not as it must be; the message says where and why."""
