"""``grader submit``: grade one notebook, with progress, and say how it went."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing

from grader.submission.ahead import Options, start_engine

_NOT_GRADED = ("unreadable", "foreign")


def run(arguments: argparse.Namespace) -> int:
    """Grade a notebook and print how it went.

    Returns:
        0 when it was graded, whatever the score; 2 when it could not be read or belongs elsewhere; 1 when
        the grader itself failed.
    """
    options = Options(
        notebook=arguments.notebook,
        assignment=arguments.assignment,
        student=arguments.student,
        devices=arguments.devices,
        seed=arguments.seed,
        reports=arguments.reports,
        gradebook=arguments.gradebook,
        confinement=arguments.confinement,
        started=arguments.started,
    )
    with closing(start_engine(options)) as engine:
        # While torch is imported in a process of its own: everything that takes a while here.
        from grader.cli.show import progress_on, show, terminal
        from grader.grading.model import grade_json
        from grader.submission.submit import submit

        console = terminal(arguments.json)
        with progress_on(console) as progress:
            submitted = submit(options, engine, progress)
    if arguments.json:
        sys.stdout.write(grade_json(submitted.grade).decode())
    else:
        show(console, submitted)
    if arguments.open:
        import webbrowser

        webbrowser.open((submitted.folder / "report.html").resolve().as_uri())
    return 2 if submitted.grade.status in _NOT_GRADED else 0
