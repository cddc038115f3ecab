"""``grader rejudge`` and ``grader replay``: grade again what was graded before, and say what differs."""

from __future__ import annotations

import argparse
import getpass
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from grader.assignment import folder as course_folder
from grader.cli.grades import classroom_of, print_rows
from grader.cli.show import progress_on, terminal
from grader.gradebook.classroom import Classroom
from grader.grading.model import Grade
from grader.regrade import rejudge as rejudging
from grader.regrade.rejudge import Judged, Rejudged
from grader.regrade.replay import Replay, find, replay
from grader.report.text import count, line
from grader.submission.ahead import open_engine

_SHOWN = 5


def run_rejudge(options: argparse.Namespace) -> int:
    """Judge attempts again, and write what changes where that is wanted.

    Returns:
        0 when it was judged, whether or not something changes; 1 when the grader itself failed.
    """
    with classroom_of(options) as classroom:
        assignment = course_folder.load(classroom.root, options.assignment)
        cuda = "cuda" in assignment.settings.devices
        with (
            closing(open_engine([assignment.checks_source().encode()], cuda)) as engine,
            progress_on(terminal(errors_only=True)) as progress,
        ):
            found = rejudging.rejudge(classroom, assignment.name, engine, options.student, progress=progress)
        _show(found)
        if found.changed:
            _write(classroom, found, options)
    return 0


def run_replay(options: argparse.Namespace) -> int:
    """Grade one attempt once more and compare.

    Returns:
        0 for the same grade; 1 for another, or when the grader itself failed.
    """
    with classroom_of(options) as classroom:
        attempt = find(classroom, options.assignment, options.student, options.attempt)
    texts = [attempt.kept.opened.data, attempt.assignment.checks_source().encode()]
    secrets = [place for place in (attempt.assignment.reference, options.reports) if place is not None]
    with (
        closing(open_engine(texts, "cuda" in attempt.grade.devices, options.confinement, secrets)) as engine,
        progress_on(terminal(errors_only=True)) as progress,
    ):
        found = replay(attempt, engine, progress)
    _say(found)
    return 0 if found.same else 1


def _say(found: Replay) -> None:
    before, after = _points(found.before), _points(found.after)
    print(f"the same grade: {after}" if found.same else f"another grade: {after}, it was {before}")
    for change in found.changes:
        print(f"  {line(change.exercise)}: {line(str(change))}")
    for package, (then, now) in found.versions.items():
        print(f"{package} is {now} here; it was graded with {line(then)}")


def _show(found: Rejudged) -> None:
    if found.changed:
        rows = [
            (each.student, each.attempt, f"{each.before[0]:g} / {each.before[1]:g}", _points(each.after), _what(each))
            for each in found.changed
        ]
        print_rows(("student", "attempt", "before", "after", "what"), rows)
    least, most = (pick((each.difference for each in found.changed), default=0.0) for pick in (min, max))
    by = f", by {least:+g} to {most:+g} points" if found.changed else ""
    changes = "changes" if len(found.changed) == 1 else "change"
    print(f"{len(found.changed)} of {count(found.total, 'attempt')} {changes}{by}")
    reasons: dict[str, list[str]] = {}
    for unfit in found.unfit:
        reasons.setdefault(unfit.why, []).append(f"{unfit.student} {unfit.attempt}")
    for why, attempts in reasons.items():
        names = ", ".join(attempts[:_SHOWN]) + (", ..." if len(attempts) > _SHOWN else "")
        print(f"{count(len(attempts), 'attempt')} must be graded again ({line(names)}): {line(why)}")
    for package, versions in found.versions.items():
        print(f"{package} was {line(', '.join(versions))} where they were graded, and is another version here")


def _what(each: Judged) -> str:
    return "; ".join(map(str, each.checks)) or "words or pictures only"


def _write(classroom: Classroom, found: Rejudged, options: argparse.Namespace) -> None:
    grades = count(len(found.changed), "grade")
    if not (options.yes or _asked(f"write {grades} to the gradebook, and the reports? [y/N] ")):
        print(f"nothing was written; --yes writes {grades}")
        return
    by = getpass.getuser() if options.by is None else options.by
    written: list[Path] = list(rejudging.write(classroom, found, by, datetime.now(UTC), options.reason))
    print(f"wrote {grades} and {count(len(written), 'report')}")


def _asked(question: str) -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and input(question).strip().lower() in ("y", "yes")


def _points(grade: Grade) -> str:
    return f"{grade.score:g} / {grade.max_score:g}"
