"""Winnowing (Schleimer, Wilkerson and Aiken, 2003): few hashes of a text such that long common passages share one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

GRAM: Final = 12
WINDOW: Final = 8


def fingerprints(tokens: Sequence[str], gram: int = GRAM, window: int = WINDOW) -> frozenset[int]:
    """Choose the fingerprints of a text.

    Each run of `gram` tokens has a hash; of any `window` hashes in a row the smallest is chosen. So two texts share a
    fingerprint wherever they share ``gram + window - 1`` tokens in a row, and none where they share no `gram` of them.

    Args:
        tokens: The text.
        gram: Tokens in a hash: shorter common passages are never noticed.
        window: Hashes of which one is chosen.

    Returns:
        The hashes chosen; none of a text under `gram` tokens.
    """
    hashes = [_hash(tokens[start : start + gram]) for start in range(len(tokens) - gram + 1)]
    windows = max(len(hashes) - window + 1, 1)
    return frozenset(min(hashes[start : start + window]) for start in range(windows) if hashes)


def _hash(gram: Sequence[str]) -> int:
    digest = hashlib.blake2b("\0".join(gram).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
