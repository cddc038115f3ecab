"""Grade one notebook, end to end: read it, run it, judge it, record it."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.errors import BadInput
from grader.gradebook import Gradebook
from grader.gradebook.students import checked_id
from grader.grading.model import Grade
from grader.grading.recording import Recording, load
from grader.grading.run import Graded, GradingRun
from grader.grading.seeds import fresh_seed
from grader.grading.submission import Submission, ungraded
from grader.intake.errors import BadHandIn
from grader.intake.handin import HandedIn, extra_files, receive
from grader.intake.model import Extra, Opened
from grader.notebook.errors import BadNotebook
from grader.notebook.model import Notebook
from grader.notebook.read import read_bytes
from grader.observe.engine import Engine
from grader.report.html import render
from grader.submission.ahead import Options, course_of, names_in, open_handed_in
from grader.submission.foreign import set_aside
from grader.submission.record import record, reserve


@dataclass(frozen=True)
class Submitted:
    """A recorded grade and the folder of its report."""

    grade: Grade
    folder: Path


def submit(options: Options, engine: Engine, progress: Callable[[str], None] = lambda _: None) -> Submitted:
    """Grade a notebook and record the grade.

    Args:
        options: What to grade and how.
        engine: Where processes come from (see `grader.submission.ahead`); the caller closes it.
        progress: Told in a few words what is being done.

    Returns:
        The grade and where its files are; a notebook that cannot be graded is recorded with the reason.

    Raises:
        BadInput: There is nothing to record: no such assignment, a gradebook that will not open.
        EngineFault: The grader's own machinery failed.
    """
    handed_in = receive(options.notebook)
    opened, notebook, unreadable = _read(options, handed_in)
    assignment = find_assignment(options, notebook, unreadable)
    extra = Extra()
    if opened is not None and notebook is not None:
        notebook, extra, unreadable = _with_files(handed_in, opened, notebook, assignment)
    student = getpass.getuser() if options.student is None else checked_id(options.student)
    book = Gradebook(options.gradebook or options.reports / "gradebook.sqlite")
    recording = recording_of(assignment)
    number, folder = reserve(options.reports, book, assignment.name, student)
    submission = Submission(
        student=student,
        # On some systems names are bytes that need not be text.
        name=options.notebook.name.encode("utf-8", "replace").decode(),
        digest=handed_in.digest(extra.files),
        submitted_at=datetime.now(UTC).isoformat(timespec="seconds"),
        attempt=number,
        notebook=notebook,
        files=extra.files,
        notices=(*(opened.notices if opened else ()), *(notebook.notices if notebook else ()), *extra.notices),
    )
    try:
        with ThreadPoolExecutor(1) as aside:
            rendered = aside.submit(_rendered, notebook, assignment, submission)
            graded = _grade(options, assignment, submission, recording, engine, unreadable, progress)
            progress("writing the report")
            html = rendered.result()
        feedback = assignment.settings.feedback
        record(graded.grade, folder, book, handed_in, extra.files, html, feedback, graded.evidence)
    except BaseException:
        _remove_if_empty(folder)
        raise
    finally:
        book.close()
    return Submitted(graded.grade, folder)


def find_assignment(options: Options, notebook: Notebook | None, unreadable: str) -> Assignment:
    """Find the assignment that a notebook is for.

    Raises:
        BadInput: It is named and not there, or not named and cannot be told.
    """
    course = course_of(options.notebook)
    if options.assignment:
        return course_folder.load(course, options.assignment)
    known = course_folder.names(course)
    if notebook is not None and (found := course_folder.guess(course, notebook)) is not None:
        return found
    named = [name for name in known if name in names_in(options.notebook.stem)]
    if len(named) == 1:
        return course_folder.load(course, named[0])
    if unreadable:
        raise BadInput(unreadable)
    raise BadInput(
        f"{options.notebook}: it cannot be told which assignment this is for; "
        f"add --assignment with one of: {', '.join(known) or 'none found'}"
    )


def _rendered(notebook: Notebook | None, assignment: Assignment, submission: Submission) -> str:
    """Render the notebook, and an empty report once, so that all that reports need is loaded before it is needed."""
    from grader.report.notebook import notebook_html

    html = notebook_html(notebook.node if notebook else None)
    render(ungraded(assignment, submission, "unreadable", ""), "student", html)
    return html


def _grade(
    options: Options,
    assignment: Assignment,
    submission: Submission,
    recording: Recording | None,
    engine: Engine,
    unreadable: str,
    progress: Callable[[str], None],
) -> Graded:
    if aside := set_aside(assignment, submission, unreadable):
        return Graded(aside)
    progress("importing torch")
    seed = options.seed or fresh_seed()
    devices = devices_of(options.devices, assignment)
    started, auto = options.started or time.monotonic(), options.devices == ("auto",)
    with GradingRun(assignment, engine, seed, devices, recording, started, rehearse=auto) as run:
        return run.grade(submission, progress)


def devices_of(wanted: tuple[str, ...], assignment: Assignment) -> tuple[str, ...]:
    """The device types that were asked for; where that is "auto", those of the assignment."""
    return tuple(assignment.settings.devices) if wanted == ("auto",) else wanted


def recording_of(assignment: Assignment) -> Recording | None:
    """The recorded observations of an assignment's reference; None where the reference itself is at hand.

    Raises:
        BadInput: There is neither.
    """
    if assignment.reference is not None:
        return None
    if assignment.public is None:
        raise BadInput(f"{assignment.name}: there is neither a reference/ nor an assignments/ folder for it")
    return load(assignment.public / "observations.bin")


def _read(options: Options, handed_in: HandedIn) -> tuple[Opened | None, Notebook | None, str]:
    """The hand-in opened, its notebook read; None and the reason for what cannot be."""
    try:
        opened = open_handed_in(options, handed_in)
        return opened, read_bytes(opened.name.rpartition("/")[2], opened.data), ""
    except (BadHandIn, BadNotebook) as error:
        return None, None, _named(handed_in, str(error))


def _with_files(
    handed_in: HandedIn, opened: Opened, notebook: Notebook, assignment: Assignment
) -> tuple[Notebook | None, Extra, str]:
    """The notebook and the files that come along; without a notebook, but with the reason, where these cannot be."""
    settings = assignment.settings
    try:
        return notebook, extra_files(handed_in, opened, settings.files, settings.data), ""
    except BadHandIn as error:
        return None, Extra(), str(error)


def _named(handed_in: HandedIn, reason: str) -> str:
    """The reason with the archive's name before that of the notebook in it."""
    name = handed_in.name
    return reason if reason.startswith(f"{name}: ") else f"{name}: {reason}"


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
