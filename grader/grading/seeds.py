"""Seeds: every check's inputs come from one secret seed of the grading run."""

from __future__ import annotations

import hashlib
import hmac
import secrets

PUBLIC_SEED = "public"


def fresh_seed() -> str:
    """A new secret seed for a grading run, 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def check_seed(run_seed: str, assignment: str, check: str) -> str:
    """The seed of one check's inputs.

    It depends on the run and the check and not on the submission, so that the reference is observed once for a
    whole class; knowing one check's seed tells nothing of another's.

    Args:
        run_seed: The grading run's seed.
        assignment: The assignment's name.
        check: The check's name.

    Returns:
        A seed in hexadecimal.

    Example:
        >>> check_seed("s", "hw2", "a") == check_seed("s", "hw2", "a") != check_seed("s", "hw2", "b")
        True
    """
    return hmac.new(run_seed.encode(), f"{assignment}/{check}".encode(), hashlib.sha256).hexdigest()[:32]
