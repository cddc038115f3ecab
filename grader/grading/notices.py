"""What a reader of a grade should know of the run that gave it, in sentences; and which devices the grade lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grader.assignment.folder import Assignment
from grader.authoring.forgeable import inside_judges
from grader.authoring.spec import REHEARSAL
from grader.grading.pipeline import Observed
from grader.grading.rehearsing import told
from grader.grading.submission import Submission
from grader.observe.engine import Engine


@dataclass(frozen=True)
class Circumstances:
    """How submissions of an assignment are graded here.

    Attributes:
        assignment: The assignment.
        engine: What confines the code.
        devices: Device types that the checks were to run on.
        here: Those that work on this machine.
        cut_off: How many checks could not be run for want of sockets.
        rescaled: What is said of exercises that were skipped, "" where none was.
    """

    assignment: Assignment
    engine: Engine
    devices: tuple[str, ...]
    here: tuple[str, ...]
    cut_off: int
    rescaled: str

    @property
    def lacking(self) -> tuple[str, ...]:
        """The devices that the grade should rest on and does not: such a grade is provisional."""
        wanted = dict.fromkeys((*self.assignment.settings.devices, *self.devices))
        return tuple(d for d in wanted if d != REHEARSAL and not (d in self.devices and d in self.here))


def notices(found: Circumstances, submission: Submission, by_device: Mapping[str, Observed]) -> tuple[str, ...]:
    """What a reader of a submission's grade should know.

    Args:
        found: How it was graded.
        submission: What was handed in.
        by_device: What was observed.

    Returns:
        Sentences, each once.
    """
    said = [*submission.notices, *(notice for observed in by_device.values() for notice in observed.notices)]
    return tuple(dict.fromkeys((*said, *_of_devices(found, by_device), *_of_confinement(found, submission))))


def _of_devices(found: Circumstances, by_device: Mapping[str, Observed]) -> Iterator[str]:
    for device in found.lacking:
        if device not in found.devices:
            yield f"provisional: the assignment asks for {device}, and this run did not"
        else:
            yield f"provisional: the checks were not run on {device}, which is not here"
    if REHEARSAL in by_device and (said := told(by_device[REHEARSAL].runs.values())):
        yield said
    if "cuda" in by_device and "cuda" in found.here and by_device["cuda"].gpu_peak_bytes is None:
        yield "how much GPU memory it used is not known: the driver here does not say which process holds what"


def _of_confinement(found: Circumstances, submission: Submission) -> Iterator[str]:
    checks, mode = found.assignment.checks_source(), found.engine.mode
    if found.cut_off:
        yield (
            f"provisional: {found.cut_off} checks were not run; their processes have to talk to each other, "
            "and the confinement here leaves them no sockets"
        )
    if found.rescaled:
        yield found.rescaled
    if not found.engine.layers:
        yield "ran unconfined: the code ran with the rights of the account that graded it"
    cells = submission.notebook.code if submission.notebook else ()
    if mode == "landlock" and any("num_workers" in text for text in (checks, *(cell.source for cell in cells))):
        yield "loaders ran without worker processes (num_workers=0): the confinement here has none"
    if names := inside_judges(checks):
        yield (
            f"{len(names)} of the checks decided beside the submission's own code, which can make such a test "
            "pass; only a look at that code tells"
        )
