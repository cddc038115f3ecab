"""``grader import``: make a reference folder of another grader's notebook."""

from __future__ import annotations

import argparse

from grader.importing.load import import_notebook
from grader.report.text import visible


def run(arguments: argparse.Namespace) -> int:
    """Import a notebook and say what it came to.

    Returns:
        0.
    """
    folder, lines = import_notebook(arguments.notebook, arguments.course.resolve(), arguments.name)
    for line in (*lines, f"written to {folder}; next: python -m grader release {folder.name}"):
        print(visible(line))
    return 0
