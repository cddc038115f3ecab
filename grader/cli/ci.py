"""``grader ci``: grade what changed in a repository, for continuous integration."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.cli.options import devices
from grader.errors import BadInput, GraderFault

if TYPE_CHECKING:
    from grader.ci.model import Marked, Outcome

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(commands: Commands) -> None:
    """Add ``ci``."""
    ci = commands.add_parser(
        "ci",
        help="grade the notebooks that changed, for GitHub Actions or GitLab CI",
        description="Grade the notebooks of a student's repository that changed, by a course folder that lies "
        "elsewhere. Writes reports, grade.json, JUnit XML, a summary, annotations and GitLab's code-quality file, all "
        "for the student's eyes. Exit code 0 where every notebook reaches --fail-under, 1 where one does not or was "
        "not graded, 2 for input that cannot be used.",
    )
    ci.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="notebooks or folders; what changed where none")
    ci.add_argument("--course", type=Path, required=True, help="the course folder; never one in the repository")
    ci.add_argument(
        "--own-course", action="store_true", help="the repository is the course's own: its folder may grade"
    )
    ci.add_argument("--repository", type=Path, default=Path(), help="the student's checkout; the current folder")
    ci.add_argument("--base", metavar="REF", help="what to compare with; the merge's target, else the commit before")
    ci.add_argument("--assignment", help="which assignment they are for; found out for each where left away")
    ci.add_argument("--student", help="whose work it is; who started the run where left away")
    ci.add_argument("--fail-under", type=_percent, default=0.0, metavar="PERCENT", help="what each has to reach; 0")
    ci.add_argument("--devices", type=devices, default=("auto",), metavar="LIST", help="see submit")
    ci.add_argument("--public-only", action="store_true", help="run the public checks only, as students do")
    ci.add_argument("--confinement", choices=("auto", "strict", "none"), default="auto", help="see submit")
    ci.add_argument("--out", type=Path, default=Path("grader-ci"), help="where files land; grader-ci")
    ci.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Grade, write the files and say how it went.

    Returns:
        0 where every notebook passes, else 1.
    """
    from grader.ci.github import quiet

    try:
        return _run(options)
    except (BadInput, GraderFault) as error:
        # A name in the repository could hold a line that the CI system takes for a command.
        kind = BadInput if isinstance(error, BadInput) else GraderFault
        raise kind(quiet(str(error))) from None


def _run(options: argparse.Namespace) -> int:
    from grader.ci import guard, repository
    from grader.ci.grading import Options
    from grader.ci.run import emptied, grade_repository, write_outcome
    from grader.gradebook.students import checked_id

    root = repository.root_of(options.repository)
    guard.refuse_shadows(root, options.own_course)
    asked = Options(
        root=root,
        course=guard.course_beside(options.course, root, options.own_course),
        assignment=options.assignment,
        student=checked_id(options.student or _whoever_started()),
        devices=options.devices,
        confinement=options.confinement,
        public_only=options.public_only,
    )
    out = emptied(options.out, root)
    outcome = grade_repository(asked, options.paths, options.base, _say)
    write_outcome(outcome, out, options.fail_under)
    _tell(outcome, out, options.fail_under)
    return 0 if outcome.passes(options.fail_under) else 1


def _whoever_started() -> str:
    import getpass

    return os.environ.get("GITHUB_ACTOR") or os.environ.get("GITLAB_USER_LOGIN") or getpass.getuser()


def _tell(outcome: Outcome, out: Path, fail_under: float) -> None:
    """Say how it went, in the log and where GitHub Actions looks."""
    from grader.ci.run import ANNOTATIONS, SUMMARY

    for note in outcome.notes:
        _say(note)
    for name, reason in outcome.skipped:
        _say(f"not graded: {name}: {reason}")
    for each in outcome.marked:
        _say(f"{each.path}: {_score(each)}{'' if each.passes(fail_under) else ': not enough'}")
    _say(f"reports: {out}")
    if os.environ.get("GITHUB_ACTIONS") == "true":
        sys.stdout.write((out / ANNOTATIONS).read_text(encoding="utf-8"))
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(page).open("a", encoding="utf-8") as file:
            file.write((out / SUMMARY).read_text(encoding="utf-8"))


def _score(each: Marked) -> str:
    grade = each.grade
    return f"{grade.score:g} / {grade.max_score:g}" if grade.status == "graded" else f"{grade.status}: {grade.reason}"


def _say(text: str) -> None:
    from grader.ci.github import quiet

    print(f"grader: {quiet(text)}", flush=True)


def _percent(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage from 0 to 100")
    return number
