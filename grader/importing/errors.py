"""The one error of this package: a notebook that cannot be imported."""

from __future__ import annotations

from grader.errors import BadInput


class BadImport(BadInput):
    """A notebook of another grader cannot be imported as it is; the message says where and why."""
