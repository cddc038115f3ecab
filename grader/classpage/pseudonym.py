"""Pseudonyms: the same for a student on every page, and made with a key that stays among the reports."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from grader.errors import BadInput

KEY_FILE = ".pseudonyms.key"
_KEY_BYTES = 32
_LETTERS = 8


def pseudonym(student: str, key: bytes) -> str:
    """The name that stands for a student: a keyed hash, so that trying all known ids needs the key.

    Args:
        student: The student's id.
        key: The key (see `key_of`).

    Returns:
        Such as "s-k3f7m2qa".
    """
    digest = hmac.digest(key, student.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"s-{base64.b32encode(digest).decode().lower()[:_LETTERS]}"


def key_of(reports: Path) -> bytes:
    """Read the key of a reports folder, or make one that only this account can read.

    Args:
        reports: Where reports land.

    Returns:
        The key, 32 bytes.

    Raises:
        BadInput: It cannot be read or made, or is no key.
    """
    path = reports / KEY_FILE
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: the key of the pseudonyms cannot be read or made ({error.strerror})") from error
    if len(key) != _KEY_BYTES:
        raise BadInput(f"{path} is no key of {_KEY_BYTES} bytes; remove it, and students get new pseudonyms")
    return key


def _make(path: Path) -> None:
    """Write the key whole, or take that of a command which came first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
