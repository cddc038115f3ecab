"""``grader batch`` and ``grader collect``: grade a class, with progress, and enter its grades."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.options import count, devices
from grader.errors import BadInput

if TYPE_CHECKING:
    from grader.batch.batch import Engine, Options, Outcome

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(commands: Commands) -> None:
    """Add ``batch`` and ``collect``."""
    batch = commands.add_parser(
        "batch",
        help="grade a class",
        description="Grade what a learning platform handed over, in parallel. Stopped at any moment, the same command "
        "goes on where it was; what has not changed is not graded again.",
    )
    batch.add_argument("assignment", help="such as hw2")
    batch.add_argument("submissions", type=Path, help="the platform's zip or folder, or a folder of notebooks")
    batch.add_argument("--roster", type=Path, metavar="CSV", help="the class: ids, names, addresses, extensions")
    kinds = ("canvas", "moodle", "gradescope", "classroom", "nbgrader", "plain")
    batch.add_argument("--kind", choices=kinds, help="what was handed over; found out where left away")
    batch.add_argument("--groups", action="store_true", help="a hand-in counts for the roster's whole group")
    batch.add_argument("--workers", type=count, metavar="N", help="how many are graded side by side; all cores")
    batch.add_argument("--devices", type=devices, default=("auto",), metavar="LIST", help="see submit")
    batch.add_argument(
        "--per-gpu",
        type=count,
        default=4,
        metavar="N",
        help="how many share a GPU on cuda; 1 gives each a GPU to itself",
    )
    batch.add_argument("--confinement", choices=("auto", "strict", "none"), default="auto", help="see submit")
    batch.add_argument("--shard", type=_shard, default=(1, 1), metavar="I/N", help="grade one part of N; then collect")
    batch.add_argument("--engine", choices=("local", "dask"), default="local", help="this machine, or a Dask cluster")
    batch.add_argument("--scheduler", metavar="ADDRESS", help="of the Dask scheduler, such as tls://head:8786")
    for name in ("ca", "cert", "key"):
        batch.add_argument(f"--tls-{name}", type=Path, metavar="PEM", help=argparse.SUPPRESS)
    batch.add_argument("--dry-run", action="store_true", help="show what was handed over and grade nothing")
    _common(batch)
    batch.set_defaults(command=_batch)
    collect = commands.add_parser(
        "collect",
        help="enter what shards have graded into the gradebook",
        description="Enter every attempt that lies among the reports and is not in the gradebook yet.",
    )
    collect.add_argument("assignment", help="such as hw2")
    _common(collect)
    collect.set_defaults(command=_collect)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--course", type=Path, default=Path(), help="the course folder")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where reports land")
    parser.add_argument(
        "--gradebook", metavar="URL", help="a database URL or a path; default: gradebook.sqlite in --reports"
    )


def _shard(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise argparse.ArgumentTypeError(f"{text!r} is no part such as 1/4: the first of four")
    return int(number), int(count)


def _batch(arguments: argparse.Namespace) -> int:
    from grader.assignment.folder import find_course
    from grader.batch.batch import Options, grade_class
    from grader.cli.watching import terminal_watcher

    options = Options(
        assignment=arguments.assignment,
        submissions=arguments.submissions,
        course=find_course(arguments.course),
        roster=arguments.roster,
        kind=arguments.kind,
        groups=arguments.groups,
        workers=arguments.workers or os.cpu_count() or 1,
        devices=() if arguments.devices == ("auto",) else arguments.devices,
        per_gpu=arguments.per_gpu,
        confinement=arguments.confinement,
        reports=arguments.reports,
        gradebook=arguments.gradebook,
        shard=arguments.shard,
    )
    started = time.monotonic()
    with terminal_watcher(arguments.dry_run) as watcher:
        outcome = grade_class(options, watcher, _engine(arguments))
    return 0 if outcome is None else _tell(options, outcome, time.monotonic() - started)


def _engine(arguments: argparse.Namespace) -> Engine:
    if arguments.engine == "local":
        from grader.batch.local import run_locally

        return run_locally
    if arguments.scheduler is None:
        raise BadInput("--engine dask needs --scheduler, such as tls://head:8786")
    try:
        from grader.batch.cluster import run_on_dask
    except ImportError:
        raise BadInput("--engine dask needs Dask: pip install 'grader[cluster]'") from None
    return run_on_dask(arguments.scheduler, (arguments.tls_ca, arguments.tls_cert, arguments.tls_key))


def _tell(options: Options, outcome: Outcome, seconds: float) -> int:
    pace = f", {60 * outcome.graded / seconds:.0f} a minute" if outcome.graded and seconds else ""
    print(f"{outcome.graded} graded in {seconds:.0f} s{pace}; {outcome.kept} unchanged since they were graded")
    for lost in outcome.lost:
        print(f"not graded: {', '.join(lost.item.students)}: the grader failed three times: {lost.why}")
    if options.shard != (1, 1):
        print(f"when all parts are done: python -m grader collect {options.assignment}")
    else:
        print(f"grades: python -m grader grades {options.assignment}")
    return 1 if outcome.lost else 0


def _collect(arguments: argparse.Namespace) -> int:
    from grader.assignment import folder as course_folder
    from grader.batch.collect import collect
    from grader.gradebook import Gradebook

    name = course_folder.load(course_folder.find_course(arguments.course), arguments.assignment).name
    book = Gradebook(arguments.gradebook or arguments.reports / "gradebook.sqlite")
    try:
        print(f"{collect(name, arguments.reports, book)} attempts entered")
    finally:
        book.close()
    return 0
