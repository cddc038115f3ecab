"""What assignment.toml says, as frozen values."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Device = Literal["cpu", "cuda", "mps", "rehearsal"]
DevicesCount = Literal["all", "any", "cpu"]
Feedback = Literal["verdict", "message", "nothing"]


class Late(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What handing in after the due date costs.

    Attributes:
        grace_minutes: How late a submission may be and still count as in time.
        percent_per_day: Share of the score that each day begun after the grace takes off, 0 to 100.
        max_percent: The most that lateness takes off, 0 to 100.
        max_days: How many days begun late are still taken; what is later earns nothing. None for any number.
    """

    grace_minutes: float = 0.0
    percent_per_day: float = 0.0
    max_percent: float = 100.0
    max_days: int | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What grading one submission may use.

    Attributes:
        notebook_seconds: Wall time for all cells together.
        cell_seconds: Wall time for one cell.
        check_seconds: Wall time for one check.
        memory_bytes: Memory of all the submission's processes together.
        gpu_memory_bytes: What its tensors may take of a GPU; what CUDA takes for itself comes on top.
        output_bytes: What it may print in all.
        scratch_bytes: What all its files together may hold, shared memory included, its data not.
        processes: Processes and threads that it may have at a time.
        programs: Whether it may start other programs, such as a compiler; no exercise needs that as a rule.
    """

    notebook_seconds: float = 120.0
    cell_seconds: float = 30.0
    check_seconds: float = 10.0
    memory_bytes: int = 4_000_000_000
    gpu_memory_bytes: int = 4_000_000_000
    output_bytes: int = 1_000_000
    scratch_bytes: int = 500_000_000
    processes: int = 128
    programs: bool = False


class Exercise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a student implements.

    Attributes:
        id: Its id in snake_case; notebook, checks, report and grade.json all use it.
        title: What a report calls it.
        points: What it is worth.
        names: The names that the student's notebook is to define for it; its id where none are given.
        avoid: What it is to be written without: dotted names such as "torch.softmax", or a bare "softmax" for whatever
            goes by that name. A use never costs points; it is shown to a person (see `grader.assignment.avoid`).
        needs: Top-level modules without which it cannot be checked; where one is not installed, the exercise is
            skipped and its points are spread over the others (see `grader.grading.needs`).

    Example:
        >>> Exercise(id="one_hot", title="One-hot labels", points=8.0).names
        ('one_hot',)
    """

    id: str
    title: str
    points: float
    names: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.names:
            msgspec.structs.force_setattr(self, "names", (self.id,))


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that assignment.toml says; `read_settings` reads and checks it.

    Attributes:
        title: The assignment's title.
        solution: File name of the solution notebook in the reference folder (.py or .ipynb).
        devices: Device types that the checks run on; a grade that lacks one of them is provisional.
        devices_count: Where a check has to pass to earn its points: on "all" devices that it ran on, on "any" of them,
            or on the "cpu", whatever the others say.
        feedback: What students see of hidden checks: the "verdict", its "message" too, or "nothing".
        due: When it is due, with a zone; None for never.
        files: Glob patterns of the files that a submission may bring beside the notebook.
        data: Names of the folders that are copied beside the notebook.
        late: What handing in late costs.
        limits: What grading one submission may use.
        exercise: The exercises in the order of the notebook.
    """

    title: str
    solution: str = "solution.py"
    devices: tuple[Device, ...] = ("cpu",)
    devices_count: DevicesCount = "all"
    feedback: Feedback = "verdict"
    due: datetime | None = None
    files: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    late: Late = Late()
    limits: Limits = Limits()
    exercise: tuple[Exercise, ...]
