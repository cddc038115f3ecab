"""``grader override``, ``excuse`` and ``extend``: write a person's decision into the gradebook."""

from __future__ import annotations

import argparse
import getpass
from datetime import UTC, datetime

from grader.cli.grades import classroom_of
from grader.errors import BadInput
from grader.gradebook.classroom import Change, Classroom
from grader.report.text import line, moment, visible


def override(options: argparse.Namespace) -> int:
    """Give points; returns 0."""
    with classroom_of(options) as classroom:
        classroom.override(_change(options), options.exercise, options.points)
        return _said(classroom, options)


def excuse(options: argparse.Namespace) -> int:
    """Excuse a student; returns 0."""
    with classroom_of(options) as classroom:
        classroom.excuse(_change(options), excused=not options.withdraw)
        return _said(classroom, options)


def extend(options: argparse.Namespace) -> int:
    """Give a student more time; returns 0."""
    with classroom_of(options) as classroom:
        due = classroom.extend(_change(options), options.days, options.until)
        print(f"{line(options.student)}: {options.assignment} is due {moment(due.isoformat())}")
        return _said(classroom, options)


def _change(options: argparse.Namespace) -> Change:
    return Change(
        assignment=options.assignment,
        student=options.student,
        reason=options.reason,
        by=getpass.getuser() if options.by is None else options.by,
        at=datetime.now(UTC),
        new=options.new,
    )


def _said(classroom: Classroom, options: argparse.Namespace) -> int:
    (final,) = classroom.finals(options.assignment, options.student)
    counts = "excused" if final.final is None else f"{final.final:g} / {final.max:g}"
    print(f"{line(options.student)}: {visible(options.assignment)} {counts}")
    if final.attempt is not None:
        _into_the_report(classroom, options)
    return 0


def _into_the_report(classroom: Classroom, options: argparse.Namespace) -> None:
    """Write the student's report again; the decision holds where that cannot be done, and it is said."""
    from grader.submission.again import report_again

    try:
        for path in report_again(classroom, options.assignment, options.student):
            print(line(str(path), letters=4_000))
    except BadInput as error:
        print(visible(f"it is in the gradebook and not in the report: {error}"))
