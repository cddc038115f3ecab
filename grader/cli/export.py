"""``grader export``: a class's grades for other programs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import BadInput
from grader.report.text import visible

if TYPE_CHECKING:
    from grader.export.filled import Filled
    from grader.export.model import Row
    from grader.export.moodle import Headers
    from grader.gradebook.classroom import Classroom

_AUTOGRADER = "gradescope-autograder"
_ENDINGS = {
    "canvas": "csv",
    "moodle": "csv",
    "moodle-feedback": "zip",
    "gradescope": "json",
    "prairielearn": "json",
    "nbgrader": "csv",
    "csv": "csv",
    "jsonl": "jsonl",
    "parquet": "parquet",
    "junit": "xml",
    _AUTOGRADER: "zip",
}
_FILL = ("canvas", "moodle")
_ONE = ("gradescope", "prairielearn")


def add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line; imports nothing heavy."""
    export = commands.add_parser(
        "export",
        help="write grades for Canvas, Moodle, Gradescope, spreadsheets, data frames or CI",
        description="Write a class's grades for another program; a sheet that was downloaded there is filled.",
    )
    export.add_argument("format", choices=tuple(_ENDINGS), metavar="FORMAT", help=", ".join(_ENDINGS))
    export.add_argument("assignment", help="the assignment, such as hw2")
    export.add_argument("--sheet", type=Path, help="canvas, moodle: the sheet you downloaded there, which is filled")
    export.add_argument(
        "--column",
        action="append",
        default=[],
        help="canvas: the title or (id) of the column to fill; moodle: WHAT=HEADER where the site is not in English, "
        "such as grade=Bewertung (identifier, grade, modified, name, id_number, email, maximum, comments)",
    )
    export.add_argument("--scale", action="store_true", help="canvas: convert to the sheet's points possible")
    export.add_argument("--comments", action="store_true", help="moodle: points by exercise as feedback comments")
    export.add_argument(
        "--submissions", type=Path, help="moodle-feedback: the downloaded submissions, a zip or a folder"
    )
    export.add_argument("--roster", type=Path, metavar="CSV", help="the class: names, addresses and logins for ids")
    export.add_argument("--student", help="gradescope, prairielearn, junit: of this student only")
    export.add_argument("--out", type=Path, help="where to write; default: ASSIGNMENT-FORMAT with its ending")
    export.add_argument("--in-place", action="store_true", help="canvas, moodle: write into --sheet itself")
    export.add_argument("--course", type=Path, default=Path(), help="the course folder")
    export.add_argument("--reports", type=Path, default=Path("reports"), help="where reports and gradebook are")
    export.add_argument("--gradebook", metavar="URL", help="database URL; default: gradebook.sqlite in --reports")
    export.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Write an export and say whom it misses.

    Returns:
        0.
    """
    from grader.cli.grades import classroom_of
    from grader.export.counted import unfinished
    from grader.export.filled import write_export

    if options.in_place and (options.out or options.format not in _FILL or options.sheet is None):
        raise BadInput("--in-place writes into --sheet, for canvas and moodle, and goes without --out")
    if options.format == _AUTOGRADER:
        return _autograder(options)
    with classroom_of(options) as classroom:
        filled = _exported(options, classroom, class_grades(options, classroom))
        left_out = unfinished(classroom, options.assignment)
    name = f"{options.assignment}-{options.format}.{_ENDINGS[options.format]}"
    out = options.sheet if options.in_place else options.out or Path(Path(name).name)
    write_export(filled.data, out, options.sheet, options.in_place)
    print(visible(f"{out}: {filled.written} {'student' if filled.written == 1 else 'students'}"))
    missed = {
        "graded but not in the sheet": filled.only_in_grades,
        "no grade for": filled.only_in_sheet,
        "left out, for only the public checks were run": left_out,
    }
    for what, names in missed.items():
        if names:
            print(visible(f"{what}: {'; '.join(names)}"))
    for note in filled.notes:
        print(visible(f"note: {note}"))
    return 0


def _autograder(options: argparse.Namespace) -> int:
    from grader.assignment import folder as course_folder
    from grader.ci.autograder.build import write_autograder
    from grader.report.text import points

    assignment = course_folder.load(course_folder.find_course(options.course), options.assignment)
    out = options.out or Path(f"{assignment.name}-{_AUTOGRADER}.zip")
    size_bytes = write_autograder(assignment, out)
    total = points(sum(exercise.points for exercise in assignment.settings.exercise))
    print(visible(f"{out}: {size_bytes / 1e6:.1f} MB, for an assignment of {total} points; it holds the reference"))
    return 0


def class_grades(options: argparse.Namespace, classroom: Classroom) -> list[Row]:
    """The one source of what is exported: final grades, as ``grader grades`` prints them.

    Raises:
        BadInput: There is no such assignment, or no grade of it.
    """
    from grader.export.counted import class_rows
    from grader.roll.read_roster import read_roster

    roster = read_roster(options.roster) if options.roster else None
    rows = class_rows(classroom, options.assignment, roster)
    if not rows:
        raise BadInput(f"the gradebook holds no grade of {options.assignment}; grade submissions first")
    return rows


def _exported(options: argparse.Namespace, classroom: Classroom, rows: list[Row]) -> Filled:
    from grader.export.filled import Filled

    if options.format in _FILL:
        return _filled(options, rows, _title(options, classroom))
    if options.format == "moodle-feedback":
        return _feedback(options, classroom, rows)
    if options.format in _ONE or (options.format == "junit" and options.student is not None):
        return Filled(_of_one(options, classroom, rows), 1)
    return Filled(_table(options, rows), len(rows))


def _filled(options: argparse.Namespace, rows: Sequence[Row], title: str) -> Filled:
    from grader.export.canvas import fill_canvas
    from grader.export.filled import read_input
    from grader.export.moodle import fill_moodle

    if options.sheet is None:
        raise BadInput(f"{options.format} needs the sheet that you downloaded: name it with --sheet")
    data, name = read_input(options.sheet), str(options.sheet)
    if options.format == "canvas":
        return fill_canvas(data, rows, options.column or (options.assignment, title), name, options.scale)
    return fill_moodle(data, rows, _headers(options.column), name, options.comments)


def _title(options: argparse.Namespace, classroom: Classroom) -> str:
    from grader.assignment import folder as course_folder

    return course_folder.load(classroom.root, options.assignment).settings.title


def _feedback(options: argparse.Namespace, classroom: Classroom, rows: Sequence[Row]) -> Filled:
    from grader.export.filled import read_input
    from grader.export.moodle_zip import feedback_of_download, feedback_of_worksheet, participants_of_download
    from grader.submission.again import student_page

    if options.submissions is None and options.sheet is None:
        raise BadInput(
            "moodle-feedback needs the sheet that you downloaded: name it with --sheet, "
            "or the downloaded submissions with --submissions"
        )

    def report(row: Row) -> bytes | None:
        """The student's report as it is to be read now: the one on the disk may be older than what was decided."""
        return student_page(classroom, options.assignment, row.student_id).encode() if row.report_path else None

    if options.submissions is not None:
        source = options.submissions
        return feedback_of_download(rows, participants_of_download(source), str(source), report)
    return feedback_of_worksheet(read_input(options.sheet), rows, _headers(options.column), str(options.sheet), report)


def _headers(columns: Sequence[str]) -> Headers:
    from grader.export.moodle import Headers

    named = dict(column.partition("=")[::2] for column in columns)
    unknown = [what for what, header in named.items() if what not in Headers.__struct_fields__ or not header]
    if unknown:
        known = ", ".join(Headers.__struct_fields__)
        raise BadInput(f"--column {unknown[0]!r}: write WHAT=HEADER, with one of {known}")
    return Headers(**named)


def _of_one(options: argparse.Namespace, classroom: Classroom, rows: Sequence[Row]) -> bytes:
    from grader.export.gradescope import results_json
    from grader.export.junit import junit_of_grade
    from grader.export.prairielearn import prairielearn_json
    from grader.submission.again import counted_grade

    known = [row.student_id for row in rows if row.attempt]
    if options.student not in known:
        who = (
            "is for one student; name one with --student"
            if options.student is None
            else f"knows no student {options.student!r} who handed in"
        )
        raise BadInput(
            f"{options.format} {who}; graded are {', '.join(known[:10])}{' and others' if len(known) > 10 else ''}"
        )
    grade, standing = counted_grade(classroom, options.assignment, options.student)
    match options.format:
        case "gradescope":
            return results_json(grade, standing=standing)
        case "prairielearn":
            return prairielearn_json(grade, standing)
        case _:
            return junit_of_grade(grade, standing=standing)


def _table(options: argparse.Namespace, rows: Sequence[Row]) -> bytes:
    from grader.export import tables
    from grader.export.junit import junit_of_class
    from grader.export.parquet import parquet

    match options.format:
        case "nbgrader":
            return tables.nbgrader_csv(rows, options.assignment)
        case "csv":
            return tables.plain_csv(rows)
        case "jsonl":
            return tables.json_lines(rows)
        case "parquet":
            return parquet(rows)
        case _:
            return junit_of_class(rows, options.assignment)
