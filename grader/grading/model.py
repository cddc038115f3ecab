"""The grade of one submission, as grade.json, the gradebook and the reports hold it."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from grader.judge.verdict import Difference, VerdictName
from grader.looks.model import Look
from grader.wire.outcome import Frame

# JSON escapes the older control characters by itself.
_OBEYED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

Status = Literal["graded", "unreadable", "crashed", "timeout", "memory", "output", "foreign"]


class Hint(msgspec.Struct, frozen=True):
    """A misconception that the submission was recognised by.

    Attributes:
        name: The misconception's name.
        hint: What its author says to a student who has it.
    """

    name: str
    hint: str


class LeafHint(msgspec.Struct, frozen=True):
    """A misconception that explains single leaves of a check, where several mistakes meet.

    Attributes:
        paths: The leaves.
        hint: The misconception.
    """

    paths: tuple[str, ...]
    hint: Hint


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One check on one device.

    Attributes:
        device: "cpu", "cuda", ...
        verdict: What the judge said.
        seconds: How long the check took in the student's process.
        message: The verdict in one line, "" for a pass.
        misconception: The misconception that observes the same, if one does.
        parts: Where none does: misconceptions that explain single leaves.
        differences: Every leaf that differs.
        frames: For an error, the traceback's lines in the student's cells.
        output: What the code printed while the check ran, cut.
    """

    device: str
    verdict: VerdictName
    seconds: float
    message: str = ""
    misconception: Hint | None = None
    parts: tuple[LeafHint, ...] = ()
    differences: tuple[Difference, ...] = ()
    frames: tuple[Frame, ...] = ()
    output: str = ""


class CheckGrade(msgspec.Struct, frozen=True, kw_only=True):
    """One check: points and its runs on each device.

    Attributes:
        name: The check's name.
        visibility: "public" or "hidden".
        description: What it checks, in a sentence for students.
        points: Points earned.
        max_points: Points it is worth.
        runs: One entry a device.
    """

    name: str
    visibility: Literal["public", "hidden"]
    description: str
    points: float
    max_points: float
    runs: tuple[Run, ...]


class ExerciseGrade(msgspec.Struct, frozen=True, kw_only=True):
    """One exercise: its points, its checks and the student's own code for it.

    Attributes:
        id: The exercise's id.
        title: Its title.
        score: Points earned.
        max_score: Points it is worth.
        misconception: The misconception that explains its failed checks, if one does.
        code: The student's source of the definitions, "" where the notebook has none.
        code_cells: Numbers of the code cells that define them.
        note: A sentence when something outside the checks matters, such as the cell that failed.
        checks: Its checks in the author's order.
        looks: What is worth a person's look in its code and calls; never changes points.
        skipped: Whether it could not be checked on this machine; `note` says why, and it is worth no points here.
    """

    id: str
    title: str
    score: float
    max_score: float
    misconception: Hint | None = None
    code: str = ""
    code_cells: tuple[int, ...] = ()
    note: str = ""
    checks: tuple[CheckGrade, ...] = ()
    looks: tuple[Look, ...] = ()
    skipped: bool = False


class CellProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A cell that did not run to its end.

    Attributes:
        cell: Number of the code cell, counted from 1.
        first_line: The cell's first line of source, to find it by.
        reason: "error", "timeout", "memory", "output", "processes", "files", "crash", "exit", "not run".
        error: For "error" the error's type name.
        message: What happened, in words.
        frames: For "error" the traceback's lines in cells.
    """

    cell: int
    first_line: str
    reason: str
    error: str = ""
    message: str = ""
    frames: tuple[Frame, ...] = ()


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time of one grading went, in seconds.

    Attributes:
        start_seconds: Starting Python and importing torch.
        notebook_seconds: Running the notebook's cells.
        checks_seconds: Running the checks.
        total_seconds: From the command to the grade.
    """

    start_seconds: float
    notebook_seconds: float
    checks_seconds: float
    total_seconds: float


class Grade(msgspec.Struct, frozen=True, kw_only=True):
    """The grade of one submission.

    Attributes:
        assignment: The assignment's name, such as "hw2".
        title: Its title.
        student: Who handed in.
        attempt: Which attempt of this student at this assignment it is, counted from 1.
        score: Points earned.
        max_score: Points to earn in this run; in a student's copy those of the public checks.
        devices: The devices that the checks ran on.
        status: "graded", or why nothing could be.
        reason: For any status but "graded", what happened and what to do, in a sentence or two.
        scope: "full", or "public" where only the public checks are at hand.
        hidden_checks: How many hidden checks there are that this run did not have ("public" scope).
        seed: What the inputs were made from.
        submitted_at: When, ISO 8601 with a zone.
        submission: File name of what was handed in.
        digest: SHA-256 of its bytes, and of the files that were taken along from its folder.
        version: SHA-256 of the assignment's files that it was graded by; "" in grades of before that was kept.
        environment: Versions and platform by name: "python", "torch", "platform", "device", "grader" ...
        confinement: The layers that confined the student's code; empty where it ran unconfined.
        provisional: Devices that the grade should rest on and that its checks were not run on; the grade stands once
            there are none.
        gpu_peak_bytes: The most GPU memory that its processes were seen to hold, from outside, what CUDA takes for
            itself included; None where no GPU was used or nothing could tell.
        notices: Sentences about the run that a reader should know, such as a shell line that was not run.
        cells: Cells that did not run to their end.
        output: What the notebook printed while it ran, cut.
        timing: Where the time went.
        exercises: The exercises in the assignment's order.
        looks: What is worth a person's look in code that belongs to no exercise; never changes points.
    """

    assignment: str
    title: str
    student: str
    attempt: int
    score: float
    max_score: float
    devices: tuple[str, ...]
    status: Status
    reason: str = ""
    scope: Literal["full", "public"] = "full"
    hidden_checks: int = 0
    seed: str
    submitted_at: str
    submission: str
    digest: str
    version: str = ""
    environment: dict[str, str]
    confinement: tuple[str, ...] = ()
    provisional: tuple[str, ...] = ()
    gpu_peak_bytes: int | None = None
    notices: tuple[str, ...] = ()
    cells: tuple[CellProblem, ...] = ()
    output: str = ""
    timing: Timing
    exercises: tuple[ExerciseGrade, ...] = ()
    looks: tuple[Look, ...] = ()


def grade_json(grade: Grade) -> bytes:
    """The grade as grade.json holds it; what a terminal or an editor would obey or hide in it is escaped."""
    text = msgspec.json.format(msgspec.json.encode(grade), indent=1).decode() + "\n"
    return _OBEYED.sub(lambda letter: f"\\u{ord(letter[0]):04x}", text).encode()
