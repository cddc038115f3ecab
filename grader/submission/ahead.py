"""What a submission starts before anything of it is read: the engine, which takes seconds to import torch.

Nothing slow may be imported here: every moment before the engine starts is a moment longer to wait.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.assignment import folder as course_folder
from grader.assignment.errors import BadAssignment
from grader.errors import BadInput
from grader.notebook.read import FILE_BYTES
from grader.observe.engine import Engine
from grader.observe.plain import PlainEngine
from grader.observe.warm import Zygote

# What a text mentions, and the module to import ahead for it; torch's optimizers need its compiler front end.
_AHEAD = {b"torchvision": "torchvision", b"matplotlib": "matplotlib.pyplot", b"optim": "torch._dynamo"}
_NAME = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Options:
    """How to grade a notebook.

    Attributes:
        notebook: The file that was handed in.
        assignment: Which assignment it is for; None to find out.
        student: Who handed in; None for the account's name.
        devices: "auto", or device types such as ("cpu", "cuda").
        seed: The run's seed; None for a fresh secret one.
        reports: Where reports land.
        gradebook: A database URL; None for ``gradebook.sqlite`` among the reports.
        started: Clock reading (monotonic) of the command's start.
    """

    notebook: Path
    assignment: str | None = None
    student: str | None = None
    devices: tuple[str, ...] = ("auto",)
    seed: str | None = None
    reports: Path = Path("reports")
    gradebook: str | None = None
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
    texts = [notebook_bytes(options.notebook), *_assignment_files(options, "checks.py")]
    if sys.platform != "linux":
        return PlainEngine()
    modules = [module for name, module in _AHEAD.items() if any(name in text for text in texts)]
    wanted = ",".join(options.devices).encode()
    settings = _assignment_files(options, "assignment.toml") if options.devices == ("auto",) else ()
    return Zygote(modules, cuda=any(b"cuda" in text for text in (wanted, *settings)))


def notebook_bytes(path: Path) -> bytes:
    """Read the file that was handed in, as far as it is ever looked at.

    Raises:
        BadInput: There is no such file, or it cannot be read.
    """
    refuse_devices(path)
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES + 1)
    except IsADirectoryError:
        raise BadInput(f"{path} is a folder; name the notebook in it") from None
    except FileNotFoundError:
        raise BadInput(f"{path}: there is no such file; check the name and the folder") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error


def refuse_devices(path: Path) -> None:
    """Refuse what has no end or waits for somebody, before it is read.

    Raises:
        BadInput: It is a pipe, a device or the like.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise BadInput(f"{path} is no regular file but a pipe, a device or the like; hand in a notebook")


def course_of(notebook: Path) -> Path:
    """The course folder: the current one's first, so that no file handed in brings its own reference."""
    try:
        return course_folder.find_course(Path.cwd())
    except BadAssignment:
        return course_folder.find_course(notebook.resolve().parent)


def names_in(stem: str) -> list[str]:
    """The words of a file name that may be an assignment's name."""
    return _NAME.findall(stem)


def _assignment_files(options: Options, name: str) -> Iterator[bytes]:
    """The files of a name that belong to the assignment, as far as the command line alone tells which it is."""
    with contextlib.suppress(BadInput):
        course = course_of(options.notebook)
        for assignment in course_folder.names(course):
            if options.assignment == assignment or assignment in names_in(options.notebook.stem):
                for path in course.glob(f"*/{assignment}/{name}"):
                    yield path.read_bytes()
