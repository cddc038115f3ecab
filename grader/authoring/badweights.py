"""The error of files of weights."""

from __future__ import annotations

from grader.errors import BadInput


class BadWeights(BadInput):
    """A file of weights cannot or must not be read; the message says which file and why."""
