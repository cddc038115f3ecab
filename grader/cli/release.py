"""``grader release``: make what students get."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from grader.assignment import folder as course_folder
from grader.errors import BadInput
from grader.grading.recording import dump, load
from grader.observe.engine import Engine
from grader.observe.warm import Zygote
from grader.release.record import outdated, record
from grader.release.release import differences, release


def run(arguments: argparse.Namespace) -> int:
    """Release the named assignments, or say which of them are out of date.

    Returns:
        0; with ``--check``, 1 where something is out of date.
    """
    if sys.platform != "linux":
        raise BadInput("release runs on Linux; on other systems run it in the course's container image")
    console = Console()
    engine = Zygote(["torchvision", "matplotlib.pyplot"])
    try:
        found = [name for name in arguments.assignment if not _one(name, arguments, engine, console)]
    finally:
        engine.close()
    return 1 if found else 0


def _one(name: str, arguments: argparse.Namespace, engine: Engine, console: Console) -> bool:
    assignment = course_folder.load(arguments.course.resolve(), name)
    if assignment.reference is None:
        raise BadInput(f"{name}: there is no reference/{name} to release from")
    out = assignment.root / "assignments"
    if not arguments.check:
        recording = record(assignment, engine)
        public = [check.name for check in recording.checks]
        written = release(assignment, out, dump(recording), public)
        console.print(f"{name}: {len(written)} files in {out / name}", highlight=False, soft_wrap=True)
        return True
    if assignment.public is None:
        differs = ["everything: it was never released"]
    else:
        recorded = load(assignment.public / "observations.bin")
        public = [check.name for check in recorded.checks]
        differs = [*differences(assignment, out, public), *outdated(assignment, recorded, engine)]
    for what in differs:
        console.print(f"{name}: out of date: {what}", highlight=False, soft_wrap=True)
    if not differs:
        console.print(f"{name}: up to date", highlight=False)
    return not differs
