"""Grade notebooks of a repository by a course that lies elsewhere."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.ci.findings import Remarks
from grader.ci.model import Marked
from grader.ci.places import Places, places_of
from grader.confine.plan import Wanted
from grader.errors import BadInput
from grader.export.junit import junit_of_grade
from grader.grading.model import Grade
from grader.grading.run import GradingRun
from grader.grading.seeds import fresh_seed
from grader.grading.submission import Submission
from grader.intake.errors import BadHandIn
from grader.intake.handin import HandedIn, extra_files, open_notebook, receive
from grader.intake.model import Extra, Opened
from grader.notebook.errors import BadNotebook
from grader.notebook.model import Notebook
from grader.notebook.read import read_bytes
from grader.observe.engine import Engine
from grader.report.editions import edition_of
from grader.report.html import render
from grader.report.notebook import notebook_html
from grader.submission.ahead import open_engine
from grader.submission.foreign import set_aside
from grader.submission.record import folder_name
from grader.submission.submit import devices_of, recording_of


@dataclass(frozen=True)
class Options:
    """How to grade.

    Attributes:
        root: The repository.
        course: The course folder.
        assignment: Which assignment all notebooks are for; None to find out for each.
        student: Who handed in, an id that a gradebook could hold.
        devices: "auto", or device types.
        confinement: How the student's code is confined: "auto", "strict" or "none".
        public_only: Run the public checks only, as a student does, though the reference is at hand.
    """

    root: Path
    course: Path
    assignment: str | None = None
    student: str = field(default_factory=getpass.getuser)
    devices: tuple[str, ...] = ("auto",)
    confinement: Wanted = "auto"
    public_only: bool = False


@dataclass(frozen=True)
class Work:
    """One notebook, read.

    Attributes:
        name: Its path in the repository.
        assignment: What it is for.
        handed_in: Its file.
        notebook: The notebook; None where it could not be read.
        problem: Why it could not be read; "" where it was.
        extra: The files beside it that the assignment asks for.
    """

    name: str
    assignment: Assignment
    handed_in: HandedIn
    notebook: Notebook | None
    problem: str = ""
    extra: Extra = field(default_factory=Extra)


def read_works(options: Options, names: Iterable[str]) -> tuple[tuple[Work, ...], tuple[tuple[str, str], ...]]:
    """Read notebooks and find the assignment of each.

    Args:
        options: How to grade.
        names: Their paths in the repository.

    Returns:
        Those that belong to an assignment, and the others, each with the reason why it is not graded.

    Raises:
        BadInput: There is no such assignment, or one of its files is wrong.
    """
    works, skipped = [], []
    for name in names:
        handed_in = receive(options.root / name)
        opened, notebook, problem = _opened(options, handed_in)
        assignment = _assignment(options, name, notebook)
        if assignment is None:
            known = ", ".join(course_folder.names(options.course)) or "none found"
            reason = f"it cannot be told which assignment this is for ({known}); name the file after it"
            skipped.append((name, problem or reason))
            continue
        extra = Extra()
        try:
            if opened is not None:
                extra = extra_files(handed_in, opened, assignment.settings.files, assignment.settings.data)
        except BadHandIn as error:
            notebook, problem = None, str(error)
        works.append(Work(name, assignment, handed_in, notebook, problem, extra))
    return tuple(works), tuple(skipped)


def grade_works(
    options: Options, works: Iterable[Work], progress: Callable[[str], None] = lambda _: None
) -> Iterator[tuple[Work, Grade]]:
    """Grade notebooks, assignment by assignment, each with a fresh secret seed.

    Args:
        options: How to grade.
        works: The notebooks.
        progress: Told in a few words what is being done.

    Yields:
        Each notebook with its whole grade.

    Raises:
        BadInput: The student's code cannot be confined here, or an assignment's files are wrong.
        EngineFault: The grader's own machinery failed.
    """
    by_assignment: dict[str, list[Work]] = {}
    for work in works:
        by_assignment.setdefault(work.assignment.name, []).append(work)
    if not by_assignment:
        return
    with closing(_engine(options, by_assignment)) as engine:
        if engine.mode == "none" and options.confinement != "none":
            raise BadInput(
                "student code cannot be confined on this machine (python -m grader doctor says why), so nothing is "
                "graded here; use Linux or the container image, or say --confinement none where nothing is at stake"
            )
        for alike in by_assignment.values():
            yield from _graded(options, alike, engine, progress)


def _engine(options: Options, by_assignment: Mapping[str, list[Work]]) -> Engine:
    texts = [work.handed_in.data for works in by_assignment.values() for work in works]
    texts += [works[0].assignment.checks_source().encode() for works in by_assignment.values()]
    devices = {
        device for works in by_assignment.values() for device in devices_of(options.devices, works[0].assignment)
    }
    references = [options.course / "reference"] if (options.course / "reference").is_dir() else []
    return open_engine(texts, "cuda" in devices, options.confinement, references)


def _graded(
    options: Options, works: list[Work], engine: Engine, progress: Callable[[str], None]
) -> Iterator[tuple[Work, Grade]]:
    assignment = works[0].assignment
    devices = devices_of(options.devices, assignment)
    with GradingRun(assignment, engine, fresh_seed(), devices, recording_of(assignment), keep=True) as run:
        for work in works:
            progress(f"grading {work.name}")
            yield work, _grade(run, work, options.student)


def _grade(run: GradingRun, work: Work, student: str) -> Grade:
    submission = Submission(
        student=student,
        name=work.handed_in.name,
        digest=work.handed_in.digest(work.extra.files),
        submitted_at=datetime.now(UTC).isoformat(timespec="seconds"),
        attempt=1,
        notebook=work.notebook,
        files=work.extra.files,
        notices=(*(work.notebook.notices if work.notebook else ()), *work.extra.notices),
    )
    return set_aside(work.assignment, submission, work.problem) or run.grade(submission).grade


def marked(work: Work, grade: Grade) -> Marked:
    """What CI is told about a graded notebook: what its student may see, and nothing else."""
    settings = work.assignment.settings
    shown = edition_of(grade, "student", settings.feedback)
    places = places_of(work.notebook, work.handed_in.data) if work.notebook else Places()
    return Marked(
        path=work.name,
        folder=folder_name(work.name.rpartition(".")[0]),
        grade=shown,
        report=render(
            grade, "student", notebook_html(work.notebook.node if work.notebook else None), settings.feedback
        ),
        junit=junit_of_grade(grade, "student", settings.feedback),
        findings=tuple(Remarks(work.name, shown, settings, work.notebook, places).all()),
    )


def _opened(options: Options, handed_in: HandedIn) -> tuple[Opened | None, Notebook | None, str]:
    known = [options.assignment] if options.assignment else []
    try:
        opened = open_notebook(handed_in, lambda inside: course_folder.named_in(inside, known) is not None)
        return opened, read_bytes(opened.name.rpartition("/")[2], opened.data), ""
    except (BadHandIn, BadNotebook) as error:
        return None, None, str(error)


def _assignment(options: Options, name: str, notebook: Notebook | None) -> Assignment | None:
    course = options.course
    if options.assignment is not None:
        found: Assignment | None = course_folder.load(course, options.assignment)
    elif notebook is not None:
        found = course_folder.guess(course, notebook)
    else:
        meant = course_folder.named_in(name.rpartition("/")[2], course_folder.names(course))
        found = course_folder.load(course, meant) if meant else None
    if found is None or not options.public_only:
        return found
    if found.public is None:
        raise BadInput(
            f"{found.name} has no public checks here: there is no assignments/{found.name}; release it first"
        )
    return replace(found, reference=None)
