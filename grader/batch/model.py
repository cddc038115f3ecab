"""What batches are made of: the work of one slot, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from grader.grading.model import Arrival


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """One submission as it was handed in, ready to be graded anywhere.

    Attributes:
        name: The name of the file that was handed in.
        data: Its bytes.
        notebook_name: The name of the notebook in it.
        notebook: The notebook's bytes; None where it could not be taken out.
        files: The files that come along, by name.
        notices: Sentences for the report.
        problem: Why there is no notebook; "" where there is one.
    """

    name: str
    data: bytes
    notebook_name: str = ""
    notebook: bytes | None = None
    files: dict[str, bytes] = {}
    notices: tuple[str, ...] = ()
    problem: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One submission of a plan.

    Attributes:
        key: Digest of all that its grade depends on: students, work, assignment, grader, seed, devices.
        box: The file that holds its `Box`.
        digest: SHA-256 of what was handed in.
        students: Everybody who gets the grade.
        attempt: Which attempt it is, from 1.
        folder: Where its report is to be.
        submitted_at: When it was handed in, ISO 8601 with a zone; see `grader.grading.model.Grade`.
        arrival: What is known of when it was handed in.
    """

    key: str
    box: str
    digest: str
    students: tuple[str, ...]
    attempt: int
    folder: str
    submitted_at: str
    arrival: Arrival = "timed"


class SlotStart(msgspec.Struct, frozen=True, kw_only=True):
    """What a slot needs to know of a batch.

    Attributes:
        course: The course folder.
        assignment: The assignment's name.
        seed: The batch's secret seed.
        devices: Device types to run the checks on.
        confinement: How student code is confined.
        per_gpu: How many slots may share a GPU.
        observed: The folder in which slots keep what the reference observes; "" for none.
        libraries: What submissions mention that is slow to import, and is imported ahead.
    """

    course: str
    assignment: str
    seed: str
    devices: tuple[str, ...] = ("cpu",)
    confinement: Literal["auto", "strict", "none"] = "auto"
    per_gpu: int = 4
    observed: str = ""
    libraries: tuple[str, ...] = ()


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The slot takes items."""


class Done(msgspec.Struct, frozen=True, tag="done", kw_only=True):
    """An item was graded and its folder is there.

    Attributes:
        key: The item's key.
        status: The grade's status.
        score: Its points.
        seconds: What grading it took.
    """

    key: str
    status: str
    score: float
    seconds: float


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The slot cannot go on, nor could another one: such as a full disk. The message says what to do."""

    message: str


class Fault(msgspec.Struct, frozen=True, tag="fault"):
    """The grader's own machinery failed; another slot may do better."""

    message: str


Said = Ready | Done | Refused | Fault


MARKER = "batch.json"


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch leaves beside a grade: batch.json.

    Attributes:
        key: The item's key.
        students: Everybody who gets the grade.
    """

    key: str
    students: tuple[str, ...]


def key_in(folder: Path) -> str:
    """The key of what lies in an attempt's folder; "" where no batch has put it there."""
    try:
        return msgspec.json.decode((folder / MARKER).read_bytes(), type=Marker).key
    except (OSError, msgspec.DecodeError):
        return ""
