"""What a student handed in, and its grade where nothing of it can be graded."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version

from grader.assignment.folder import Assignment
from grader.grading.model import Arrival, Grade, Status, Timing
from grader.grading.points import add_up
from grader.notebook.model import Notebook


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes:
        student: Who.
        name: The file's name.
        digest: SHA-256 of its bytes.
        submitted_at: When, ISO 8601 with a zone; see `Grade`.
        attempt: Which attempt it is, counted from 1.
        notebook: The notebook; None where it could not be read.
        files: What its code finds beside itself, by name: bytes that nothing but that code looks into.
        notices: Sentences for the report about what was handed in.
        arrival: What is known of when it was handed in.
    """

    student: str
    name: str
    digest: str
    submitted_at: str
    attempt: int
    notebook: Notebook | None
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    notices: tuple[str, ...] = ()
    arrival: Arrival = "timed"


def ungraded(
    assignment: Assignment,
    submission: Submission,
    status: Status,
    reason: str,
    seed: str = "",
    devices: Sequence[str] = ("cpu",),
) -> Grade:
    """The grade of a submission of which nothing could be graded: no points, and the reason in words."""
    return Grade(
        assignment=assignment.name,
        title=assignment.settings.title,
        student=submission.student,
        attempt=submission.attempt,
        score=0.0,
        max_score=add_up(exercise.points for exercise in assignment.settings.exercise),
        devices=tuple(devices),
        status=status,
        reason=reason,
        seed=seed,
        submitted_at=submission.submitted_at,
        arrival=submission.arrival,
        submission=submission.name,
        digest=submission.digest,
        notices=submission.notices,
        environment=environment(),
        version=assignment.digest,
        timing=Timing(start_seconds=0.0, notebook_seconds=0.0, checks_seconds=0.0, total_seconds=0.0),
    )


# Looked up once for a class: each time it means reading a package's metadata.
@lru_cache(maxsize=8)
def _version(package: str) -> str:
    return version(package)


def environment() -> dict[str, str]:
    """The versions and the system that a grade is made with."""
    return {
        "grader": _version("grader"),
        "python": platform.python_version(),
        "torch": _version("torch"),
        "platform": f"{platform.system()} {platform.machine()}",
    }
