"""Parse the command line and hand over to a command; nothing heavy is imported before it is needed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from grader import __version__
from grader.cli import authors, batch, ci, gradebook
from grader.cli.export import add_export
from grader.cli.options import devices
from grader.errors import BadInput, GraderFault
from grader.report.text import visible


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: The command line after the program's name; that of this process where None.

    Returns:
        The exit code: 0 when it did what was asked, 2 for input that cannot be used, 1 when something of the
        grader's own failed.
    """
    started = time.monotonic()
    options = _parser().parse_args(arguments)
    options.started = started
    try:
        return int(options.command(options))
    except BadInput as error:
        # File names and keys of a file stand in messages, and a terminal obeys what is in them.
        print(f"grader: {visible(str(error))}", file=sys.stderr)
        return 2
    except GraderFault as error:
        print(f"grader: {visible(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("grader: stopped; nothing of this run was recorded", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grader", description="Grade PyTorch homework: a score and a report that teaches."
    )
    parser.add_argument("--version", action="version", version=f"grader {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_submit(commands)
    authors.add_commands(commands)
    add_export(commands)
    _add_doctor(commands)
    batch.add_commands(commands)
    ci.add_commands(commands)
    gradebook.add_commands(commands)
    return parser


def _add_submit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    submit = commands.add_parser(
        "submit",
        help="grade one notebook",
        description="Grade one notebook: prints a score and writes a report.",
    )
    submit.add_argument(
        "notebook", type=Path, help="the notebook to grade, such as hw1.ipynb, or a .zip, .tar or .tar.gz"
    )
    submit.add_argument("--assignment", help="which assignment it is for; found out where left away")
    submit.add_argument("--student", help="who handed it in; your account's name where left away")
    submit.add_argument(
        "--devices",
        default="auto",
        type=devices,
        metavar="LIST",
        help="cpu, cuda, mps or a comma-separated list of them; with rehearsal, a simulated device, mistakes are found "
        "that only a GPU would show (no points); auto takes the assignment's, and a rehearsal where no GPU is used",
    )
    submit.add_argument("--seed", help="grade with this seed instead of a fresh secret one")
    submit.add_argument("--reports", type=Path, default=Path("reports"), help="where reports land")
    submit.add_argument(
        "--gradebook", metavar="URL", help="a database URL, or a path; default: gradebook.sqlite in --reports"
    )
    submit.add_argument(
        "--confinement",
        choices=("auto", "strict", "none"),
        default="auto",
        help="auto: the strongest that works here; strict: all layers or nothing; none: with this account's rights",
    )
    submit.add_argument("--json", action="store_true", help="print grade.json instead of a table")
    submit.add_argument("--open", action="store_true", help="open the report in a browser")
    submit.set_defaults(command=_submit)


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="say what works on this machine",
        description="Say how student code is confined here, which devices and versions there are, and what to do.",
    )
    doctor.add_argument("--json", action="store_true", help="print JSON instead of a table")
    doctor.set_defaults(command=_doctor)


def _submit(options: argparse.Namespace) -> int:
    from grader.cli.submit import run

    return run(options)


def _doctor(options: argparse.Namespace) -> int:
    from grader.cli.doctor import run

    return run(options)
