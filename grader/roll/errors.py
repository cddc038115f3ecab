"""What an instructor hands to this package that it cannot work with."""

from __future__ import annotations

from grader.errors import BadInput


class BadSubmissions(BadInput):
    """The folder or archive of submissions cannot be used; the message says what is wrong and what to do."""


class BadRoster(BadInput):
    """The roster cannot be used; the message names the file and the line."""
