"""The page on a class: notebooks are mixed and graded, the class is made a large one, and its page is timed.

    uv run python benchmarks/classpage.py [--assignment hw2] [--graded 26] [--students 300] [--reports FOLDER]

A few notebooks are really run and judged, with one seed as a class is; the others are copies of their attempts under
other names, with code in a hand of its own. Both are drawn by chance, the same each time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.crowd import crowd
from support.synthetic import notebooks

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.classpage.report import class_page_of
from grader.gradebook import Gradebook
from grader.gradebook.classroom import Classroom
from grader.grading.run import GradingRun
from grader.grading.seeds import fresh_seed
from grader.grading.submission import Submission
from grader.intake.handin import receive
from grader.notebook.read import read_bytes
from grader.observe.warm import Zygote
from grader.submission.record import record, reserve

COURSE = Path(__file__).resolve().parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assignment", default="hw2")
    parser.add_argument("--graded", type=int, default=26)
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--reports", type=Path, help="an empty folder; a temporary one where left away")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        reports = options.reports or Path(temporary)
        with timed(f"grade {options.graded} notebooks"):
            grade(course_folder.load(COURSE, options.assignment), options.graded, reports)
        with timed(f"make {options.students} students of them"):
            crowd(reports, options.assignment, options.students)
        classroom = Classroom.open(reports / "gradebook.sqlite", COURSE)
        for anonymous in (False, True):
            with timed("write the page" + " with pseudonyms" * anonymous):
                path = class_page_of(classroom, options.assignment, reports, lambda: Zygote(()), anonymous)
            print(f"{path}: {path.stat().st_size:,} bytes")
        classroom.book.close()
    return 0


def grade(assignment: Assignment, number: int, reports: Path) -> None:
    """Grade notebooks of a class with one seed, and record them as `submit` does."""
    book = Gradebook(reports / "gradebook.sqlite")
    with (
        tempfile.TemporaryDirectory() as inbox,
        closing(Zygote(["torch._dynamo"])) as engine,
        GradingRun(assignment, engine, fresh_seed(), keep=True) as run,
    ):
        for student, data in notebooks(assignment, number):
            path = Path(inbox) / f"{assignment.name}.ipynb"
            path.write_bytes(data)
            handed_in = receive(path)
            attempt, folder = reserve(reports, book, assignment.name, student)
            submission = Submission(
                student=student,
                name=path.name,
                digest=handed_in.digest({}),
                submitted_at=datetime.now(UTC).isoformat(timespec="seconds"),
                attempt=attempt,
                notebook=read_bytes(path.name, data),
            )
            graded = run.grade(submission)
            record(graded.grade, folder, book, handed_in, {}, "", assignment.settings.feedback, graded.evidence)
    book.close()


@contextmanager
def timed(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
