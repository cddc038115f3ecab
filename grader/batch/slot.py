"""A slot: a process that grades one submission after the other. It runs no student code; its own zygote does.

Run as ``python -m grader.batch.slot START``: START is a `SlotStart` as JSON. It reads items as lines of JSON from
standard input and says what became of them in lines on standard output, until the input ends.
"""

from __future__ import annotations

import select
import shutil
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import msgspec

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.batch.model import MARKER, Box, Done, Fault, Item, Marker, Ready, Refused, Said, SlotStart, key_in
from grader.errors import BadInput, needs_room
from grader.files import write_atomically
from grader.grading.model import Grade
from grader.grading.run import Graded, GradingRun
from grader.grading.submission import Submission
from grader.intake.handin import HandedIn
from grader.notebook.errors import BadNotebook
from grader.notebook.model import Notebook
from grader.notebook.read import read_bytes
from grader.observe.engine import Engine, EngineFault
from grader.observe.processes import end_with_parent
from grader.report.notebook import notebook_html
from grader.submission.ahead import open_engine
from grader.submission.foreign import set_aside
from grader.submission.record import write_files

_SUBMISSIONS_A_RUN = 200


def main(arguments: list[str]) -> int:
    """Grade items until there are no more.

    Returns:
        0; 1 where the slot gave up.
    """
    end_with_parent()
    if _orphaned():
        return 1
    start = msgspec.json.decode(arguments[0], type=SlotStart)
    said = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing but answers goes to the other side
    try:
        assignment = course_folder.load(Path(start.course), start.assignment)
        with needs_room(tempfile.gettempdir()), closing(start_engine(start, assignment)) as engine:
            refuse_unconfined(start, engine)
            _say(said, Ready())
            _serve(start, assignment, engine, said)
    except BadInput as error:
        _say(said, Refused(str(error)))
        return 1
    except (OSError, EngineFault) as error:
        _say(said, Fault(str(error)))
        return 1
    return 0


def _orphaned() -> bool:
    """Whether the other side had ended before the kernel was asked to end this process with it."""
    if sys.platform != "linux":
        return False
    waiting = select.poll()
    waiting.register(sys.stdin, 0)
    return any(what & select.POLLHUP for _, what in waiting.poll(0))


def start_engine(start: SlotStart, assignment: Assignment) -> Engine:
    """The zygote of a slot, with the libraries ahead that the checks, the solution and the submissions name."""
    texts = [assignment.checks_source(), *(cell.source for cell in assignment.solution_cells()), *start.libraries]
    return open_engine([text.encode() for text in texts], "cuda" in start.devices, start.confinement)


def refuse_unconfined(start: SlotStart, engine: Engine) -> None:
    """Refuse to run others' code with the rights of this account, unless that was asked for.

    Raises:
        BadInput: It would be.
    """
    if engine.mode == "none" and start.confinement != "none":
        raise BadInput(
            "student code cannot be confined on this machine (python -m grader doctor says why), so a class is not "
            "graded here; use the container image, or say --confinement none to run it with this account's rights"
        )


def _serve(start: SlotStart, assignment: Assignment, engine: Engine, said: BinaryIO) -> None:
    lines = iter(sys.stdin.buffer.readline, b"")
    observed = Path(start.observed) if start.observed else None
    while True:
        # The reference's session is a process like any other: now and then it starts anew.
        with GradingRun(assignment, engine, start.seed, start.devices, keep=True, kept_in=observed) as run:
            for count, line in enumerate(lines, start=1):
                item = msgspec.json.decode(line, type=Item)
                _say(said, grade_item(run, assignment, item))
                if count == _SUBMISSIONS_A_RUN:
                    break
            else:
                return


def grade_item(run: GradingRun, assignment: Assignment, item: Item) -> Done:
    """Grade one item and put its folder in place, whole; one that is there is left as it is.

    Raises:
        EngineFault: The grader's own machinery failed, or a command that is no batch took the attempt's number.
        DiskFull: There is no room for the folder.
    """
    started = time.monotonic()
    folder = Path(item.folder)
    if not (folder / "grade.json").is_file():
        box = msgspec.msgpack.decode(Path(item.box).read_bytes(), type=Box)
        graded, html = _graded(run, assignment, item, box)
        with needs_room(folder.parent):
            _put_in_place(folder, assignment, item, box, graded, html)
    for left in folder.parent.glob(f".{folder.name}-*"):  # by a slot that was killed while it wrote
        shutil.rmtree(left, ignore_errors=True)
    if key_in(folder) != item.key:
        raise EngineFault(f"{folder} holds another attempt by now; give the same command again")
    grade = msgspec.json.decode((folder / "grade.json").read_bytes(), type=Grade)
    return Done(key=item.key, status=grade.status, score=grade.score, seconds=round(time.monotonic() - started, 3))


def _put_in_place(folder: Path, assignment: Assignment, item: Item, box: Box, graded: Graded, html: str) -> None:
    """Write an attempt beside its place, then rename it; where another slot was faster, its attempt stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        feedback = assignment.settings.feedback
        handed_in = HandedIn(Path(box.name), box.data)
        write_files(graded.grade, beside, handed_in, box.files, html, feedback, graded.evidence)
        write_atomically(beside / MARKER, msgspec.json.encode(Marker(key=item.key, students=item.students)))
        # Only an empty folder gives way to a rename.
        beside.rename(folder)
    except OSError:
        if not (folder / "grade.json").is_file():
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _graded(run: GradingRun, assignment: Assignment, item: Item, box: Box) -> tuple[Graded, str]:
    notebook, problem = _notebook(box)
    submission = Submission(
        student=item.students[0],
        name=box.name,
        digest=item.digest,
        submitted_at=item.submitted_at,
        arrival=item.arrival,
        attempt=item.attempt,
        notebook=notebook,
        files=box.files,
        notices=(*box.notices, *(notebook.notices if notebook else ())),
    )
    html = notebook_html(notebook.node) if notebook else ""
    aside = set_aside(assignment, submission, problem)
    return Graded(aside) if aside else run.grade(submission), html


def _notebook(box: Box) -> tuple[Notebook | None, str]:
    if box.notebook is None:
        return None, box.problem
    try:
        return read_bytes(box.notebook_name, box.notebook), ""
    except BadNotebook as error:
        return None, str(error) if str(error).startswith(f"{box.name}: ") else f"{box.name}: {error}"


def _say(said: BinaryIO, what: Said) -> None:
    said.write(msgspec.json.encode(what) + b"\n")
    said.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
