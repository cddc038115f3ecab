"""Make the zip that has Gradescope grade one assignment."""

from __future__ import annotations

import os
from importlib.metadata import packages_distributions
from importlib.resources import files
from pathlib import Path

import msgspec

from grader.assignment.folder import Assignment, files_below
from grader.ci.autograder.failed import failed_results
from grader.ci.autograder.wheel import constraints, grader_wheel, zipped
from grader.errors import BadInput

SCRIPTS = ("setup.sh", "run_autograder")


class Which(msgspec.Struct, frozen=True):
    """What the autograder grades: the one thing that it is told.

    Attributes:
        assignment: The assignment's name.
    """

    assignment: str


def autograder_zip(assignment: Assignment) -> bytes:
    """The autograder of an assignment: scripts, the grader, and the reference with the hidden checks.

    Args:
        assignment: The assignment, with its reference.

    Returns:
        The zip's bytes. It is for course staff: Gradescope shows it to nobody else.

    Raises:
        BadInput: The reference is not here.
    """
    if assignment.reference is None:
        raise BadInput(f"{assignment.name} has no reference here, and an autograder grades by it")
    name, wheel = grader_wheel()
    scripts = {script: files(__package__).joinpath("files", script).read_bytes() for script in SCRIPTS}
    reference = {
        f"course/reference/{assignment.name}/{path.relative_to(assignment.reference).as_posix()}": path.read_bytes()
        for path in files_below(assignment.reference)
    }
    told = {
        "autograder.json": msgspec.json.encode(Which(assignment.name)),
        "failed.json": failed_results(),
        "constraints.txt": constraints().encode(),
        "requirements.txt": _needed(assignment).encode(),
        name: wheel,
    }
    return zipped(scripts | told | reference, executable=frozenset(SCRIPTS))


def write_autograder(assignment: Assignment, out: Path) -> int:
    """Write the zip, for this account only.

    Args:
        assignment: The assignment, with its reference.
        out: Where.

    Returns:
        Its size in bytes.

    Raises:
        BadInput: It cannot be written there, or the reference is not here.
    """
    data = autograder_zip(assignment)
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        draft.replace(out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadInput(f"{out} cannot be written ({error.strerror}); choose another place with --out") from error
    return len(data)


def _needed(assignment: Assignment) -> str:
    """What the assignment's exercises need besides, as pip's requirements, as far as it is installed here."""
    modules = {module for exercise in assignment.settings.exercise for module in exercise.needs}
    known = packages_distributions()
    return "".join(f"{name}\n" for name in sorted({name for module in modules for name in known.get(module, ())}))
