"""``grader report hw2`` and ``grader misconception``: the page on a class, and what its unnamed mistakes become."""

from __future__ import annotations

import argparse
import sys

from grader.assignment import folder as course_folder
from grader.classpage.skeleton import skeleton
from grader.cli.grades import classroom_of
from grader.errors import BadInput
from grader.observe.engine import Engine
from grader.observe.plain import PlainEngine
from grader.observe.warm import Zygote
from grader.report.text import line, visible


def class_page(options: argparse.Namespace) -> int:
    """Write the page on the class; returns 0."""
    from grader.classpage.report import class_page_of

    if options.attempt is not None:
        raise BadInput("--attempt is for one student's report; the page on the class shows the attempts that count")
    with classroom_of(options) as classroom:
        path = class_page_of(classroom, options.assignment, options.reports, _engine, options.anonymous)
    print(line(str(path), letters=4_000))
    return 0


def misconception(options: argparse.Namespace) -> int:
    """Print a misconception to edit; returns 0."""
    assignment = course_folder.load(course_folder.find_course(options.course), options.assignment)
    sys.stdout.write(visible(skeleton(assignment, options.attempt, options.exercise)))
    return 0


def _engine() -> Engine:
    return Zygote(()) if sys.platform == "linux" else PlainEngine()
