"""The doors through which bytes that nobody vouches for reach the grader's own process.

One more door is one more function and one more line of `DOORS`. What a door raises is a bug, and so is what it
returns without keeping its promises: those are asserted here.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from fuzzing import archives, documents, messages

# A browser acts on these; in a page they may only stand as text, where `<` is written `&lt;`.
_ACTS = re.compile(
    r"<(?:script|iframe|object|embed|form|input|link|base)\b|<[^>]*\son\w+\s*=|<[^>]*=\s*[\"']?javascript:", re.I
)
_LOADS = re.compile(r"<[^>]*\s(?:src|data|poster|srcset|background)=\"(?!data:image/(?:png|jpeg);base64,)", re.I)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Door:
    """One way in.

    Attributes:
        make: Makes an input, valid or spoilt.
        enter: Takes an input and a folder to write to; True where it was accepted, False where it was refused as it
            should be. Anything raised is a bug.
    """

    make: Callable[[Random], bytes]
    enter: Callable[[bytes, Path], bool]


def enter_wire(data: bytes, folder: Path) -> bool:
    """What a student's process sends: messages, and the observations in them."""
    from grader.wire.decode import decode
    from grader.wire.errors import WireError
    from grader.wire.frames import FrameReader

    try:
        if data[:4] == b"GRM1":
            reader = FrameReader()
            cut = len(data) // 3
            for piece in (data[:cut], data[cut:-1], data[-1:]):
                reader.feed(piece)
            reader.finish()
        else:
            decode(data)
    except WireError as error:
        assert 0 < len(str(error)) < 500
        return False
    return True


def enter_claims(data: bytes, folder: Path) -> bool:
    """What the body of a message says: an answer or an event; its observations are decoded too."""
    from grader.observe import claims
    from grader.observe.protocol import CheckAnswer, CheckRequest, CheckSource
    from grader.wire.decode import decode
    from grader.wire.errors import WireError
    from grader.wire.frames import Message
    from grader.wire.outcome import Raised, Returned, Stopped

    kind, body = data[0] % 5, data[1:]
    if kind:
        name = ("cell started", "cell ended", "ready", "odd")[kind - 1]
        event = claims.event(Message({"kind": name}, body))
        return not isinstance(event, Stopped)
    request = CheckRequest(nonce=messages.NONCE, checks=(CheckSource("", "a", "s"), CheckSource("", "b", "s")))
    answer = claims.answer(Message({"kind": "answer"}, body), request)
    if not isinstance(answer, CheckAnswer):
        return False
    assert len(answer.outcomes) == len(answer.seconds) == 2
    for outcome in answer.outcomes:
        if isinstance(outcome, Raised):
            assert len(outcome.message) <= 300
            assert len(outcome.frames) <= 8
        if isinstance(outcome, Returned):
            try:
                decode(outcome.observation)
            except WireError:
                continue
    return True


def enter_notebook(data: bytes, folder: Path) -> bool:
    """A .ipynb that was handed in: read, and asked what it defines."""
    return _enter_notebook(data, folder / "hw.ipynb")


def enter_percent(data: bytes, folder: Path) -> bool:
    """A .py that was handed in; otherwise as a .ipynb."""
    return _enter_notebook(data, folder / "hw.py")


def _enter_notebook(data: bytes, path: Path) -> bool:
    from grader.notebook.cells import definitions, definitions_only, source_of
    from grader.notebook.read import BadNotebook, read

    path.write_bytes(data)
    try:
        notebook = read(path)
    except BadNotebook as error:
        assert 0 < len(str(error)) < 500 and "\n" not in str(error)
        return False
    json.dumps(notebook.node).encode()
    names = definitions(notebook.code)
    assert all(numbers and 0 < numbers[-1] <= len(notebook.code) for numbers in names.values())
    source, numbers = source_of(notebook.code, list(names)[:5])
    assert not names or (source and numbers)
    for cell in notebook.code[:10]:
        kept = definitions_only(cell.source)
        assert kept.count("\n") <= cell.source.count("\n") + 1
    return True


def enter_archive(data: bytes, folder: Path) -> bool:
    """An archive that was handed in: its notebook found, and the files that come along."""
    from grader.intake.errors import BadHandIn
    from grader.intake.handin import HandedIn, extra_files, open_notebook

    handed_in = HandedIn(folder / f"hw2{archives.SUFFIXES[data[0] % len(archives.SUFFIXES)]}", data[1:])
    try:
        opened = open_notebook(handed_in, lambda name: name == "hw2.ipynb")
        extra = extra_files(handed_in, opened, ("*.pt", "*.csv", "**/*.txt"), ("data",))
    except BadHandIn as error:
        assert 0 < len(str(error)) < 1_000 and "\n" not in str(error)
        return False
    for name in extra.files:
        assert (
            name and not name.startswith("/") and ".." not in name.split("/") and "\\" not in name and "\0" not in name
        )
    return True


def enter_roll(data: bytes, folder: Path) -> bool:
    """What a platform handed over for a class: sorted by student, each file read."""
    from grader.intake.errors import BadHandIn
    from grader.roll.call import call_roll
    from grader.roll.errors import BadSubmissions
    from grader.roll.kinds import PLATFORMS
    from grader.roll.shelf import open_shelf
    from grader.roll.summary import lines, remarks, summary

    path = folder / "submissions.zip"
    path.write_bytes(data[1:])
    try:
        with open_shelf(path) as shelf:
            roll = call_roll(shelf.listing, "hw2", kind=[*PLATFORMS, None, None][data[0] % 8])
            for stored in (one for handed in roll.handed for one in (handed.stored, *handed.beside.values())):
                with contextlib.suppress(BadHandIn):
                    stored.read()
    except BadSubmissions as error:
        assert 0 < len(str(error)) < 1_000 and "\n" not in str(error)
        return False
    said = [summary(roll), *remarks(roll), *(cell for line in lines(roll) for cell in (line.student, line.notes))]
    assert not _CONTROL.search("".join(said)), "the terminal would get control characters"
    students = [member.student for handed in roll.handed for member in handed.members]
    assert len(students) == len(set(students)) and all(students)
    for name in (name for handed in roll.handed for name in (handed.file, *handed.beside)):
        assert name and not name.startswith("/") and ".." not in name.split("/") and "\\" not in name
    return True


def enter_roster(data: bytes, folder: Path) -> bool:
    """A roster."""
    from grader.roll.errors import BadRoster
    from grader.roll.read_roster import read_roster

    path = folder / "roster.csv"
    path.write_bytes(data)
    try:
        students = read_roster(path).students
    except BadRoster as error:
        assert 0 < len(str(error)) < 1_000 and "\n" not in str(error)
        return False
    assert len({one.student for one in students}) == len(students) > 0
    return True


def enter_page(data: bytes, folder: Path) -> bool:
    """A .ipynb shown in a report."""
    from grader.notebook.read import BadNotebook, read
    from grader.report.notebook import UNSHOWABLE, notebook_html

    path = folder / "hw.ipynb"
    path.write_bytes(data)
    try:
        node = read(path).node
    except BadNotebook:
        return False
    html = notebook_html(node)
    assert UNSHOWABLE not in html
    _assert_harmless(html)
    return True


def enter_report(data: bytes, folder: Path) -> bool:
    """A grade with a submission's texts in it: as both editions of the report, and in the terminal."""
    import msgspec
    from rich.console import Console

    from grader.cli.show import show
    from grader.grading.model import Grade
    from grader.report.html import render
    from grader.submission.submit import Submitted

    try:
        grade = msgspec.json.decode(data, type=Grade)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    edition = "student" if len(data) % 2 else "instructor"
    page = render(grade, edition, "", "message")
    page.encode("utf-8", "backslashreplace")
    _assert_harmless(page.partition("</style>")[2])
    printed = io.StringIO()
    show(Console(file=printed, width=100), Submitted(grade, folder))
    assert not _CONTROL.search(printed.getvalue()), "the terminal would get control characters"
    return True


def enter_settings(data: bytes, folder: Path) -> bool:
    """An assignment.toml."""
    from grader.assignment.errors import BadAssignment
    from grader.assignment.settings import read_settings

    path = folder / "assignment.toml"
    path.write_bytes(data)
    try:
        read_settings(path)
    except BadAssignment as error:
        assert 0 < len(str(error)) < 2_000
        return False
    return True


def enter_recording(data: bytes, folder: Path) -> bool:
    """An observations.bin, and the observations in it."""
    from grader.grading.recording import BadRecording, load
    from grader.wire.decode import decode
    from grader.wire.errors import WireError
    from grader.wire.outcome import Returned

    path = folder / "observations.bin"
    path.write_bytes(data)
    try:
        recording = load(path)
    except BadRecording:
        return False
    for outcomes in recording.references.values():
        if isinstance(outcomes.float32, Returned):
            try:
                decode(outcomes.float32.observation)
            except WireError:
                continue
    return True


def _assert_harmless(html: str) -> None:
    acts, loads = _ACTS.search(html), _LOADS.search(html)
    assert acts is None, f"a browser would act on {acts and acts[0][:200]!r}"
    assert loads is None, f"a browser would load {loads and loads[0][:200]!r}"


DOORS: dict[str, Door] = {
    "wire": Door(messages.wire, enter_wire),
    "claims": Door(messages.claims, enter_claims),
    "archive": Door(archives.archive, enter_archive),
    "roll": Door(archives.handed_over, enter_roll),
    "roster": Door(documents.roster, enter_roster),
    "notebook": Door(documents.notebook, enter_notebook),
    "percent": Door(documents.percent, enter_percent),
    "page": Door(documents.notebook, enter_page),
    "report": Door(documents.grade, enter_report),
    "settings": Door(documents.settings, enter_settings),
    "recording": Door(messages.recording, enter_recording),
}
