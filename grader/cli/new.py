"""``grader new``: write the reference folder that a new assignment starts from."""

from __future__ import annotations

import argparse

from grader.report.text import visible
from grader.skeleton import new_assignment


def run(arguments: argparse.Namespace) -> int:
    """Write the folder and say where it is.

    Returns:
        0.
    """
    folder = new_assignment(arguments.course.resolve(), arguments.name, arguments.title)
    print(visible(f"{folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}"))
    print(f"next: python -m grader release {folder.name}; docs/authoring.md says how to go on")
    return 0
