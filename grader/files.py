"""Write files so that whoever reads them meanwhile, or after a crash, finds all of them or nothing."""

from __future__ import annotations

import secrets
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees all of it or nothing; where it cannot be written, nothing is left of it."""
    # Not named after the process: another machine that shares the folder may have one of the same id.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
