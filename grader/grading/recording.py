"""Recorded observations: what lets a student's copy judge the public checks without the reference."""

from __future__ import annotations

from pathlib import Path

import msgspec

from grader.authoring.spec import CheckSpec, VariantSpec
from grader.errors import BadInput
from grader.wire.body import read_body
from grader.wire.errors import WireError
from grader.wire.outcome import Outcome

_FILE_BYTES = 256 * 1024 * 1024
# The observations themselves count as one value each.
_VALUES = 1_000_000


class ReferenceOutcomes(msgspec.Struct, frozen=True):
    """What the reference observed in one check.

    Attributes:
        float32: In the precision that students' work runs in.
        float64: With inputs of the same values and float64 arithmetic; None where it was not tried.
    """

    float32: Outcome
    float64: Outcome | None = None


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """The public checks' reference observations for inputs of one fixed seed.

    Attributes:
        assignment: The assignment's name.
        seed: What the inputs were made from.
        torch: The torch version that recorded them.
        checks: The public checks.
        hidden_checks: How many hidden checks the assignment has besides.
        references: The reference's outcomes by check.
        misconceptions: The known misconceptions' names and hints.
        variants: A misconception's outcomes on the checks of its exercise, by name and check.
    """

    assignment: str
    seed: str
    torch: str
    checks: tuple[CheckSpec, ...]
    hidden_checks: int
    references: dict[str, ReferenceOutcomes]
    misconceptions: tuple[VariantSpec, ...]
    variants: dict[str, dict[str, Outcome]]


class BadRecording(BadInput):
    """The file of recorded observations is damaged or of another version."""


def dump(recording: Recording) -> bytes:
    """Write a recording as bytes; equal recordings give equal bytes."""
    return msgspec.msgpack.encode(recording)


def load(path: Path) -> Recording:
    """Read a recording.

    Args:
        path: An assignment's ``observations.bin``.

    Returns:
        The recording.

    Raises:
        BadRecording: The file is missing, damaged, or of another version of the grader.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_BYTES + 1)
    except OSError as error:
        raise BadRecording(
            f"{path}: the recorded observations cannot be read ({error.strerror}); download the assignment again"
        ) from error
    if len(data) > _FILE_BYTES:
        raise BadRecording(f"{path}: larger than {_FILE_BYTES >> 20} MiB; download the assignment again")
    try:
        return read_body(data, Recording, _VALUES)
    except WireError as error:
        raise BadRecording(
            f"{path}: damaged, or made by another version of grader; download the assignment again"
        ) from error
