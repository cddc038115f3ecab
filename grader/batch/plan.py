"""The plan of a batch: which submissions are to be graded, as which attempts, and which are graded already."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import msgspec

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.batch.model import Box, Item, key_in
from grader.batch.told import Came, came
from grader.files import write_atomically
from grader.gradebook import Gradebook
from grader.grading.seeds import fresh_seed
from grader.intake.errors import BadHandIn
from grader.intake.handin import open_notebook
from grader.notebook.errors import BadNotebook
from grader.notebook.read import read_bytes
from grader.roll.beside import files_of
from grader.roll.model import Handed, Roll
from grader.submission.ahead import slow_libraries
from grader.submission.record import folder_name

WORK = ".batch"


@dataclass(frozen=True)
class Plan:
    """What a batch is to do.

    Attributes:
        items: The submissions to grade, in the order of their students.
        kept: How many are graded already and have not changed since.
        seed: The secret seed of all of them.
        came: When each of all submissions came, as far as that is known.
        unreadable: The students of those that are no notebooks.
        observed: Where what the reference observes is kept.
        libraries: What the submissions mention that is slow to import.
    """

    items: tuple[Item, ...]
    kept: int
    seed: str
    came: tuple[Came, ...] = ()
    unreadable: tuple[str, ...] = ()
    observed: Path | None = None
    libraries: tuple[str, ...] = ()


def make_plan(
    roll: Roll, assignment: Assignment, reports: Path, book: Gradebook, devices: Sequence[str], taken_at: datetime
) -> Plan:
    """Plan a batch; what is to be graded is laid out below the reports, so that any process can grade it.

    Args:
        roll: What was handed over, its shelf still open.
        assignment: The assignment.
        reports: Where reports land.
        book: The gradebook.
        devices: Device types to run the checks on.
        taken_at: When a submission counts as handed in where the platform does not say.

    Returns:
        The plan: the same for the same submissions, assignment and gradebook.
    """
    base = reports / folder_name(assignment.name)
    seed = _kept_seed(base / WORK)
    known = hashlib.sha256("\0".join([assignment.digest, version("grader"), seed, *devices]).encode()).hexdigest()
    numbers = _numbers(book, assignment.name)
    planned = [_item(one, assignment, base, known, numbers, taken_at) for one in roll.handed]
    new = tuple(each.item for each in planned if each.item is not None)
    return Plan(
        items=new,
        kept=len(planned) - len(new),
        seed=seed,
        came=tuple(each.came for each in planned),
        unreadable=tuple(student for each in planned if each.unreadable for student in each.came.students),
        observed=_observed(base / WORK / "reference", known),
        libraries=tuple(sorted(frozenset().union(*(each.libraries for each in planned)))),
    )


def _observed(kept: Path, known: str) -> Path:
    """Where what the reference observes is kept; of other versions and seeds nothing is needed any more."""
    place = kept / known[:32]
    for other in kept.glob("*"):
        if other != place:
            shutil.rmtree(other, ignore_errors=True)
    return place


class _Planned(NamedTuple):
    """A submission's item, None where it is graded already; when it came, and what its notebook is like."""

    item: Item | None
    came: Came
    unreadable: bool
    libraries: frozenset[str] = frozenset()


def _item(
    one: Handed, assignment: Assignment, base: Path, known: str, numbers: dict[str, int], taken_at: datetime
) -> _Planned:
    """The item of a submission and when it came; no item where its student's newest attempt is of the same work."""
    box, digest = pack(one, assignment)
    when = came(one, digest)
    students = when.students
    key = hashlib.sha256("\0".join([known, digest, *students]).encode()).hexdigest()
    own = base / folder_name(students[0])
    number = numbers.get(students[0], 0)
    if number and key_in(own / f"attempt-{number}") == key:
        return _Planned(None, when, _unreadable(box))
    attempt = 1 + max(numbers.get(student, 0) for student in students)
    while (own / f"attempt-{attempt}").exists() and key_in(own / f"attempt-{attempt}") != key:
        attempt += 1
    place = base / WORK / "boxes" / f"{key}.bin"
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(place, msgspec.msgpack.encode(box))
    item = Item(
        key=key,
        box=str(place.resolve()),
        digest=digest,
        students=students,
        attempt=attempt,
        folder=str((own / f"attempt-{attempt}").resolve()),
        submitted_at=(one.submitted_at or taken_at).astimezone(UTC).isoformat(timespec="seconds"),
        arrival=when.arrival,
    )
    return _Planned(item, when, _unreadable(box), slow_libraries(box.notebook or b""))


def unreadable(roll: Roll, assignment: Assignment) -> tuple[str, ...]:
    """The students whose submissions hold no notebook that can be read; nothing is laid out.

    Args:
        roll: What was handed over, its shelf still open.
        assignment: The assignment.
    """
    bad = [one for one in roll.handed if _unreadable(pack(one, assignment)[0])]
    return tuple(member.student for one in bad for member in one.members)


def _unreadable(box: Box) -> bool:
    """Whether there is no notebook that can be read; the slot says what is wrong with it."""
    if box.notebook is None:
        return True
    try:
        read_bytes(box.notebook_name, box.notebook)
    except BadNotebook:
        return True
    return False


def pack(one: Handed, assignment: Assignment) -> tuple[Box, str]:
    """Take a submission out of what was handed over.

    Args:
        one: The submission, its shelf still open.
        assignment: The assignment, which says what may come beside a notebook.

    Returns:
        The submission, and the digest of its work; one that cannot be opened says why.
    """
    try:
        handed_in = one.receive()
    except BadHandIn as error:
        return Box(name=one.file, data=b"", problem=str(error)), hashlib.sha256(one.place.encode()).hexdigest()
    known = [assignment.name]
    try:
        opened = open_notebook(handed_in, lambda name: course_folder.named_in(name, known) == assignment.name)
        extra = files_of(one, handed_in, opened, assignment.settings.files, assignment.settings.data)
    except BadHandIn as error:
        return Box(name=handed_in.name, data=handed_in.data, problem=str(error)), handed_in.digest({})
    box = Box(
        name=handed_in.name,
        data=handed_in.data,
        notebook_name=opened.name.rpartition("/")[2],
        notebook=opened.data,
        files=dict(extra.files),
        notices=(*one.notices, *opened.notices, *extra.notices),
    )
    return box, handed_in.digest(box.files)


def _kept_seed(work: Path) -> str:
    """The seed of all batches of an assignment: with another one nothing could be told to be unchanged.

    Parts of a batch begin at the same time on many machines, and any may be killed: the first one's seed is there
    whole, or not at all.
    """
    place = work / "seed"
    with suppress(FileNotFoundError):
        return place.read_text().strip()
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(prefix=".seed.", dir=work)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(fresh_seed())
        with suppress(FileExistsError):
            place.hardlink_to(draft)
    finally:
        draft.unlink()
    return place.read_text().strip()


def _numbers(book: Gradebook, assignment: str) -> dict[str, int]:
    """The number of each student's newest attempt in the gradebook."""
    found: dict[str, int] = {}
    for student, number in book.numbers(assignment):
        found[student] = max(number, found.get(student, 0))
    return found
