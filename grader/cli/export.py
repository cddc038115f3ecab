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
    from grader.grading.model import Grade

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
    export.add_argument("--student", help="gradescope, prairielearn, junit: of this student only")
    export.add_argument("--out", type=Path, help="where to write; default: ASSIGNMENT-FORMAT with its ending")
    export.add_argument("--in-place", action="store_true", help="canvas, moodle: write into --sheet itself")
    export.add_argument("--course", type=Path, default=Path(), help="gradescope-autograder: the course folder")
    export.add_argument("--reports", type=Path, default=Path("reports"), help="where reports and gradebook are")
    export.add_argument("--gradebook", metavar="URL", help="database URL; default: gradebook.sqlite in --reports")
    export.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Write an export and say whom it misses.

    Returns:
        0.
    """
    from grader.export.filled import write_export

    if options.in_place and (options.out or options.format not in _FILL or options.sheet is None):
        raise BadInput("--in-place writes into --sheet, for canvas and moodle, and goes without --out")
    if options.format == _AUTOGRADER:
        return _autograder(options)
    filled = _exported(options, class_grades(options))
    name = f"{options.assignment}-{options.format}.{_ENDINGS[options.format]}"
    out = options.sheet if options.in_place else options.out or Path(Path(name).name)
    write_export(filled.data, out, options.sheet, options.in_place)
    print(visible(f"{out}: {filled.written} {'student' if filled.written == 1 else 'students'}"))
    for what, names in (("graded but not in the sheet", filled.only_in_grades), ("no grade for", filled.only_in_sheet)):
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


def class_grades(options: argparse.Namespace) -> list[tuple[Row, Grade]]:
    """The one source of what is exported: each student's newest attempt with all checks, by student.

    Raises:
        BadInput: There is no gradebook, or no such attempt in it.
    """
    from contextlib import closing

    from grader.gradebook import Gradebook

    path = options.reports / "gradebook.sqlite"
    if options.gradebook is None and not path.exists():
        raise BadInput(
            f"{path}: there is no gradebook; name its folder with --reports or its database with --gradebook"
        )
    with closing(Gradebook(options.gradebook or f"sqlite:///{path}")) as book:
        attempts = book.attempts(options.assignment)
    newest = {attempt.student: attempt for attempt in attempts if attempt.scope == "full"}
    if not newest:
        raise BadInput(f"the gradebook holds no grade of {options.assignment!r}; check the assignment's name")
    found = [(attempt.grade(), Path(attempt.folder) / "report.html") for _, attempt in sorted(newest.items())]
    return [(_row(grade, report), grade) for grade, report in found]


def _row(grade: Grade, report: Path) -> Row:
    from datetime import datetime

    from grader.export.model import ExerciseRow, Row

    return Row(
        student_id=grade.student,
        points=grade.score,
        max_points=grade.max_score,
        submitted_at=datetime.fromisoformat(grade.submitted_at),
        attempt=grade.attempt,
        exercises=tuple(ExerciseRow(each.id, each.title, each.score, each.max_score) for each in grade.exercises),
        report_path=str(report) if report.is_file() else None,
    )


def _exported(options: argparse.Namespace, graded: Sequence[tuple[Row, Grade]]) -> Filled:
    from grader.export.filled import Filled

    rows = [row for row, _ in graded]
    if options.format in (*_FILL, "moodle-feedback"):
        return _filled(options, rows, graded[0][1].title)
    if options.format in _ONE or (options.format == "junit" and options.student is not None):
        return Filled(_of_one(options, graded), 1)
    return Filled(_table(options, rows), len(rows))


def _filled(options: argparse.Namespace, rows: Sequence[Row], title: str) -> Filled:
    from grader.export.canvas import fill_canvas
    from grader.export.filled import read_input
    from grader.export.moodle import fill_moodle
    from grader.export.moodle_zip import feedback_of_download, feedback_of_worksheet, participants_of_download

    if options.format == "moodle-feedback" and options.submissions is not None:
        source = options.submissions
        return feedback_of_download(rows, participants_of_download(source), str(source))
    if options.sheet is None:
        other = " or the downloaded submissions with --submissions" if options.format == "moodle-feedback" else ""
        raise BadInput(f"{options.format} needs the sheet that you downloaded: name it with --sheet{other}")
    data, name = read_input(options.sheet), str(options.sheet)
    if options.format == "canvas":
        return fill_canvas(data, rows, options.column or (options.assignment, title), name, options.scale)
    headers = _headers(options.column)
    if options.format == "moodle":
        return fill_moodle(data, rows, headers, name, options.comments)
    return feedback_of_worksheet(data, rows, headers, name)


def _headers(columns: Sequence[str]) -> Headers:
    from grader.export.moodle import Headers

    named = dict(column.partition("=")[::2] for column in columns)
    unknown = [what for what, header in named.items() if what not in Headers.__struct_fields__ or not header]
    if unknown:
        known = ", ".join(Headers.__struct_fields__)
        raise BadInput(f"--column {unknown[0]!r}: write WHAT=HEADER, with one of {known}")
    return Headers(**named)


def _of_one(options: argparse.Namespace, graded: Sequence[tuple[Row, Grade]]) -> bytes:
    from grader.export.gradescope import results_json
    from grader.export.junit import junit_of_grade
    from grader.export.prairielearn import prairielearn_json

    grade = next((grade for row, grade in graded if row.student_id == options.student), None)
    if grade is None:
        who = (
            "is for one student; name one with --student"
            if options.student is None
            else f"knows no student {options.student!r}"
        )
        known = ", ".join(row.student_id for row, _ in graded[:10])
        raise BadInput(f"{options.format} {who}; graded are {known}{' and others' if len(graded) > 10 else ''}")
    match options.format:
        case "gradescope":
            return results_json(grade)
        case "prairielearn":
            return prairielearn_json(grade)
        case _:
            return junit_of_grade(grade)


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
