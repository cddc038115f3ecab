"""The one error of this package: a notebook that cannot be read."""

from __future__ import annotations

from grader.errors import BadInput


class BadNotebook(BadInput):
    """A file is not a notebook that can be graded; the message says why, for the student who sent it."""
