"""The commands of course staff on the gradebook: their options; nothing heavy is imported before one runs."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(commands: Commands) -> None:
    """Add the commands on the gradebook, from ``grades`` to ``replay``, and ``misconception``."""
    grades = _command(commands, "grades", "print final grades, with every step to them", _grades)
    grades.add_argument("assignment", nargs="?", help="such as hw2; everybody's totals where left away")
    grades.add_argument("--csv", action="store_true", help="print CSV instead of a table")
    history = _command(commands, "history", "print all that happened to one student's grade", _history)
    _of_one_student(history)
    _add_report(commands)
    _add_misconception(commands)
    _add_changes(commands)
    _add_again(commands)


def _add_again(commands: Commands) -> None:
    rejudge = _command(
        commands, "rejudge", "judge again, after a change of checks' tolerances, points, hints or reference", _rejudge
    )
    rejudge.add_argument("assignment", help="such as hw2")
    rejudge.add_argument("--student", metavar="ID", help="whose attempts; everybody's where left away")
    rejudge.add_argument("--yes", action="store_true", help="write the new grades and reports without asking")
    rejudge.add_argument(
        "--reason",
        default="judged again after a change of the assignment",
        help="why; students read it in their report",
    )
    rejudge.add_argument("--by", help="who decides; your account's name where left away")
    replay = _command(commands, "replay", "grade an attempt once more from its record, and compare", _replay)
    _of_one_student(replay)
    replay.add_argument("--attempt", type=int, metavar="N", help="which attempt; the newest where left away")
    replay.add_argument("--confinement", choices=("auto", "strict", "none"), default="auto", help="as in submit")


def _add_report(commands: Commands) -> None:
    report = _command(
        commands, "report", "write the page on the class, or a student's report with what was decided since", _report
    )
    report.add_argument("assignment", help="such as hw2")
    whose = report.add_mutually_exclusive_group()
    whose.add_argument("student", nargs="?", help="whose report; the page on the class where left away")
    whose.add_argument("--everybody", action="store_true", help="write everybody's own report again")
    whose.add_argument(
        "--anonymous", action="store_true", help="the page on the class with pseudonyms, in a folder of its own"
    )
    report.add_argument("--attempt", type=int, metavar="N", help="which attempt; the one that counts where left away")


def _add_misconception(commands: Commands) -> None:
    does = "print a misconception to edit, made from a student's code"
    parser = commands.add_parser("misconception", help=does, description=f"{does[0].upper()}{does[1:]}.")
    parser.add_argument("assignment", help="such as hw2")
    parser.add_argument(
        "--from", dest="attempt", type=Path, required=True, metavar="FOLDER", help="an attempt's folder"
    )
    parser.add_argument("--exercise", required=True, metavar="ID", help="which exercise")
    parser.add_argument("--course", type=Path, default=Path(), help="the course folder")
    parser.set_defaults(command=_misconception)


def _add_changes(commands: Commands) -> None:
    override = _change(commands, "override", "give points in place of those that the checks gave", _override)
    override.add_argument("--exercise", metavar="ID", help="the exercise; the assignment's total where left away")
    points = override.add_mutually_exclusive_group(required=True)
    points.add_argument("--points", type=_number, metavar="P", help="the points")
    points.add_argument("--withdraw", action="store_true", help="take the override back")
    excuse = _change(commands, "excuse", "leave the assignment out of a student's grades", _excuse)
    excuse.add_argument("--withdraw", action="store_true", help="count it after all")
    extend = _change(commands, "extend", "give a student more time", _extend)
    when = extend.add_mutually_exclusive_group(required=True)
    when.add_argument("--days", type=_number, metavar="N", help="so many days after everybody's due date")
    when.add_argument("--until", type=_moment, metavar="MOMENT", help="such as 2026-11-27T23:59:00+01:00")
    when.add_argument("--withdraw", action="store_true", help="take the extension back")


def _command(commands: Commands, name: str, does: str, run: object) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
    parser.add_argument("--course", type=Path, default=Path(), help="the course folder")
    parser.add_argument("--reports", type=Path, default=Path("reports"), help="where reports land")
    parser.add_argument(
        "--gradebook", metavar="URL", help="a database URL or a path; default: gradebook.sqlite in --reports"
    )
    parser.set_defaults(command=run)
    return parser


def _of_one_student(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("assignment", help="such as hw2")
    parser.add_argument("student", help="the student's id, as in the gradebook")


def _change(commands: Commands, name: str, does: str, run: object) -> argparse.ArgumentParser:
    parser = _command(commands, name, does, run)
    _of_one_student(parser)
    parser.add_argument("--reason", required=True, help="why; students read it in their report")
    parser.add_argument("--by", help="who decides; your account's name where left away")
    parser.add_argument("--new", action="store_true", help="the student has handed in nothing so far")
    return parser


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no date and time with its offset, such as 2026-11-27T23:59:00+01:00"
        )
    return moment


def _grades(options: argparse.Namespace) -> int:
    from grader.cli.grades import grades

    return grades(options)


def _history(options: argparse.Namespace) -> int:
    from grader.cli.grades import history

    return history(options)


def _report(options: argparse.Namespace) -> int:
    if options.student is None and not options.everybody:
        from grader.cli.classpage import class_page

        return class_page(options)
    from grader.cli.grades import report

    return report(options)


def _misconception(options: argparse.Namespace) -> int:
    from grader.cli.classpage import misconception

    return misconception(options)


def _override(options: argparse.Namespace) -> int:
    from grader.cli.changes import override

    return override(options)


def _excuse(options: argparse.Namespace) -> int:
    from grader.cli.changes import excuse

    return excuse(options)


def _extend(options: argparse.Namespace) -> int:
    from grader.cli.changes import extend

    return extend(options)


def _rejudge(options: argparse.Namespace) -> int:
    from grader.cli.rejudge import run_rejudge

    return run_rejudge(options)


def _replay(options: argparse.Namespace) -> int:
    from grader.cli.rejudge import run_replay

    return run_replay(options)
