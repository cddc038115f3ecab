"""What a submission starts before anything of it is read: the engine, which takes seconds to import torch.

Nothing slow may be imported here: every moment before the engine starts is a moment longer to wait.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.assignment import folder as course_folder
from grader.assignment.errors import BadAssignment
from grader.confine.plan import Wanted
from grader.confine.visible import exposed
from grader.errors import BadInput
from grader.intake.errors import BadHandIn
from grader.intake.handin import HandedIn, open_notebook, receive
from grader.intake.model import Opened
from grader.observe.engine import Engine
from grader.observe.plain import PlainEngine
from grader.observe.warm import Zygote

# What a text mentions, and the module to import ahead for it; torch's optimizers and its meta device need its compiler
# front end, a second's import.
_AHEAD = {
    b"torchvision": "torchvision",
    b"matplotlib": "matplotlib.pyplot",
    b"optim": "torch._dynamo",
    b'"meta"': "torch._dynamo",
}
_NAME = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Options:
    """How to grade a notebook.

    Attributes:
        notebook: The file that was handed in: a notebook, or an archive with one in it.
        assignment: Which assignment it is for; None to find out.
        student: Who handed in; None for the account's name.
        devices: "auto", or device types such as ("cpu", "cuda").
        seed: The run's seed; None for a fresh secret one.
        reports: Where reports land.
        gradebook: A database URL or the path of an SQLite file; None for ``gradebook.sqlite`` among the reports.
        confinement: How the student's code is confined: "auto", "strict" or "none".
        started: Clock reading (monotonic) of the command's start.
    """

    notebook: Path
    assignment: str | None = None
    student: str | None = None
    devices: tuple[str, ...] = ("auto",)
    seed: str | None = None
    reports: Path = Path("reports")
    gradebook: str | None = None
    confinement: Wanted = "auto"
    started: float = 0.0


def start_engine(options: Options) -> Engine:
    """Start the engine that suits this system, with the libraries ahead that the notebook or its checks name.

    Args:
        options: What is to be graded.

    Returns:
        The engine; the caller closes it.

    Raises:
        BadInput: There is no such notebook file.
    """
    texts = [_notebook_text(options), *_assignment_files(options, "checks.py")]
    wanted = ",".join(options.devices).encode()
    settings = _assignment_files(options, "assignment.toml") if options.devices == ("auto",) else ()
    cuda = any(b"cuda" in text for text in (wanted, *settings))
    return open_engine(texts, cuda, options.confinement, _secrets(options))


def open_engine(
    texts: Sequence[bytes], cuda: bool = False, confinement: Wanted = "auto", secrets: Sequence[Path] = ()
) -> Engine:
    """Start the engine that suits this system.

    Args:
        texts: What is going to run; libraries that it names are imported ahead.
        cuda: Whether it may run on cuda.
        confinement: How the code in it is confined: "auto", "strict" or "none".
        secrets: Folders that confined code must not be able to read.

    Returns:
        The engine; the caller closes it.

    Raises:
        BadInput: Nothing confines code here and "strict" was asked for, or it could read one of the secrets.
    """
    if sys.platform != "linux":
        if confinement == "strict":
            raise BadInput(f"--confinement strict: student code can be confined on Linux only, this is {sys.platform}")
        return PlainEngine()
    if confinement != "none":
        refuse_exposed(secrets)
    modules = dict.fromkeys(module for name, module in _AHEAD.items() if any(name in text for text in texts))
    return Zygote(modules, cuda=cuda, confinement=confinement)


def slow_libraries(text: bytes) -> frozenset[str]:
    """The words of a text that name something slow to import; `open_engine` knows them again."""
    return frozenset(name.decode() for name in _AHEAD if name in text)


def refuse_exposed(secrets: Sequence[Path]) -> None:
    """Refuse to grade where student code could read something secret for all its confinement.

    Args:
        secrets: The folders that it must not be able to read.

    Raises:
        BadInput: It could read one of them.
    """
    place = exposed(secrets)
    if place is not None:
        raise BadInput(
            f"{place.resolve()} lies among the system's or Python's own files, which student code can read; "
            "move the course elsewhere, or say --confinement none"
        )


def _secrets(options: Options) -> list[Path]:
    """What student code must not be able to read for all its confinement, where there is a reference."""
    with contextlib.suppress(BadAssignment):
        reference = course_of(options.notebook) / "reference"
        return [reference, options.reports] if reference.is_dir() else []
    return []


def open_handed_in(options: Options, handed_in: HandedIn) -> Opened:
    """Open the notebook of a hand-in; of several in an archive the one that is named after the assignment.

    Raises:
        BadHandIn: It cannot be opened, or it cannot be told which notebook is meant.
    """
    known = _known(options)
    meant = options.assignment or course_folder.named_in(options.notebook.name, known)
    return open_notebook(handed_in, lambda name: meant is not None and course_folder.named_in(name, known) == meant)


def course_of(notebook: Path) -> Path:
    """The course folder: the current one's first, so that no file handed in brings its own reference."""
    try:
        return course_folder.find_course(Path.cwd())
    except BadAssignment:
        return course_folder.find_course(notebook.resolve().parent)


def names_in(stem: str) -> list[str]:
    """The words of a file name that may be an assignment's name."""
    return _NAME.findall(stem)


def _notebook_text(options: Options) -> bytes:
    handed_in = receive(options.notebook)
    try:
        return open_handed_in(options, handed_in).data
    except BadHandIn:
        return b""  # it is refused, with the reason, once there is a place to record that


def _known(options: Options) -> list[str]:
    try:
        return course_folder.names(course_of(options.notebook))
    except BadAssignment:
        return []


def _assignment_files(options: Options, name: str) -> Iterator[bytes]:
    """The files of a name that belong to the assignment, as far as the command line alone tells which it is."""
    with contextlib.suppress(BadInput):
        course = course_of(options.notebook)
        for assignment in course_folder.names(course):
            if options.assignment == assignment or assignment in names_in(options.notebook.stem):
                for path in course.glob(f"*/{assignment}/{name}"):
                    yield path.read_bytes()
