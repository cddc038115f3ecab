"""The commands of those who write assignments: their options; nothing heavy is imported before one runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.options import count

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(commands: Commands) -> None:
    """Add ``new``, ``import``, ``release`` and ``verify``."""
    _add_new(commands)
    _add_import(commands)
    _add_release(commands)
    _add_verify(commands)


def _add_release(commands: Commands) -> None:
    release = commands.add_parser(
        "release",
        help="make assignments/NAME from reference/NAME",
        description="Make what students get: the stub, the public checks and recorded observations.",
    )
    release.add_argument("assignment", nargs="+", help="the assignments to release, such as hw2")
    release.add_argument("--course", type=Path, default=Path(), help="the folder that holds reference/")
    release.add_argument("--check", action="store_true", help="write nothing; exit with 1 where it is out of date")
    release.set_defaults(command=_release)


def _add_verify(commands: Commands) -> None:
    verify = commands.add_parser(
        "verify",
        help="prove that an assignment is fair before a class sees it",
        description="Run the reference, the stub, every alternative, misconception and mutant through the checks, with "
        "many seeds; exit with 1 when right work is refused or wrong work accepted.",
    )
    verify.add_argument("assignment", nargs="*", help="the assignments to verify, such as hw2")
    verify.add_argument("--all", action="store_true", help="verify every assignment of the course")
    verify.add_argument("--course", type=Path, default=Path(), help="the folder that holds reference/")
    verify.add_argument("--exercise", action="append", default=[], metavar="ID", help="look at this exercise only")
    verify.add_argument("--seeds", type=count, default=20, metavar="N", help="with how many seeds (20)")
    verify.add_argument("--workers", type=count, metavar="N", help="how many run side by side; all cores")
    verify.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where the checks run (cpu)")
    verify.add_argument("--no-mutants", action="store_true", help="leave out small changes of the reference")
    verify.add_argument("--reports", type=Path, default=Path("reports"), help="where the HTML page lands")
    verify.add_argument(
        "--table",
        type=Path,
        metavar="FILE",
        help="write the figures as Markdown, too, with those of other assignments that have not changed since",
    )
    verify.add_argument("--json", action="store_true", help="print JSON instead of a table")
    verify.set_defaults(command=_verify)


def _add_new(commands: Commands) -> None:
    new = commands.add_parser(
        "new",
        help="make reference/NAME for a new assignment",
        description="Make the reference folder of a new assignment, with one exercise that can be released and graded.",
    )
    new.add_argument("name", help="the assignment's name, such as hw7")
    new.add_argument("--title", help="its title")
    new.add_argument("--course", type=Path, default=Path(), help="the folder that holds reference/")
    new.set_defaults(command=_new)


def _add_import(commands: Commands) -> None:
    importing = commands.add_parser(
        "import",
        help="make reference/NAME from an nbgrader or otter assign notebook",
        description="Make a reference folder from an instructor's notebook of nbgrader or otter assign.",
    )
    importing.add_argument("notebook", type=Path, help="the notebook with solutions and tests")
    importing.add_argument("--name", help="the assignment's name; the file's where left away")
    importing.add_argument("--course", type=Path, default=Path(), help="the folder that holds reference/")
    importing.set_defaults(command=_import)


def _release(options: argparse.Namespace) -> int:
    from grader.cli.release import run

    return run(options)


def _verify(options: argparse.Namespace) -> int:
    from grader.cli.verify import run

    return run(options)


def _new(options: argparse.Namespace) -> int:
    from grader.cli.new import run

    return run(options)


def _import(options: argparse.Namespace) -> int:
    from grader.cli.import_ import run

    return run(options)
