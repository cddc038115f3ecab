"""Read a notebook of otter assign: questions between raw cells, solutions in comments, tests beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.importing import marks
from grader.importing.errors import BadImport
from grader.importing.headings import found_in, title_of
from grader.importing.model import ByHand, Imported, ImportedTest, Task, worth
from grader.importing.names import solved_names
from grader.importing.otter_blocks import Placed, Question, otter_blocks
from grader.importing.otter_code import is_ignored, otter_code
from grader.importing.otter_tests import OtterTest, number, otter_test, shares
from grader.importing.yaml import read_yaml
from grader.notebook.model import CellKind, Notebook

# What the configuration of an assignment says and this reads; anything else has no counterpart here.
_READ = frozenset({"name", "tests", "config_file"})


@dataclass
class _Found:
    """What has been read so far."""

    cells: list[tuple[CellKind, str]] = field(default_factory=list)
    attachments: dict[int, dict[str, dict[str, str]]] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    by_hand: list[ByHand] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    seeded: bool = False

    def add(self, kind: CellKind, source: str, cell: Placed) -> None:
        if cell.attachments:
            self.attachments[len(self.cells)] = dict(cell.attachments)
        self.cells.append((kind, source))


def read_otter(notebook: Notebook, folder: Path) -> Imported:
    """Read a notebook of otter assign.

    A question with tests becomes an exercise. Tests leave the notebook and become checks; public ones that
    are worth nothing stay as cells. Questions that a person grades stay as they are, with a note of their points.

    Args:
        notebook: The notebook.
        folder: Where it lies, with its ``config_file`` where it names one.

    Returns:
        What it holds.

    Raises:
        BadImport: A block, a mark, a configuration or a number of points is wrong.
    """
    config, parts = otter_blocks(notebook)
    config = _with_file(config, folder, notebook.name)
    tests = config.get("tests")
    ok_format = bool(tests.get("ok_format", True)) if isinstance(tests, Mapping) else True
    found = _Found()
    for part in parts:
        if isinstance(part, Placed):
            _keep(found, part)
        else:
            _read_question(found, part, ok_format)
    _name_unread(found, config)
    return Imported(
        system="otter assign",
        title=str(config.get("name") or "") or title_of(notebook),
        cells=tuple(found.cells),
        attachments=found.attachments,
        tasks=tuple(found.tasks),
        by_hand=tuple(found.by_hand),
        left_out=tuple(found.left_out),
    )


def _with_file(config: Mapping[str, Any], folder: Path, name: str) -> Mapping[str, Any]:
    file = config.get("config_file")
    if not file:
        return config
    try:
        text = (folder / str(file)).read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise BadImport(f"{name}: its config_file {str(file)!r} cannot be read; put it beside the notebook") from None
    return {**read_yaml(text, str(file)), **config}


def _name_unread(found: _Found, config: Mapping[str, Any]) -> None:
    if files := config.get("files"):
        listed = ", ".join(map(str, files)) if isinstance(files, list) else str(files)
        found.left_out.append(f"files ({listed}) are not copied: put them into a folder and list it as data")
    if found.seeded:
        found.left_out.append("otter's seeds are not set: lines marked # SEED stay as they are, for students too")
    if rest := sorted(set(config) - _READ - {"files"}):
        found.left_out.append(f"settings without a counterpart here: {', '.join(rest)}")


def _keep(found: _Found, cell: Placed) -> str:
    """Keep a cell; its text as it was kept, "" where it is nobody's."""
    if is_ignored(cell.source):
        return ""
    if cell.kind != "code":
        found.add(cell.kind, cell.source, cell)
        return cell.source
    code = otter_code(cell.source, cell.where)
    found.seeded = found.seeded or code.seeded
    if code.source.strip():
        found.add("code", code.source, cell)
    return code.source


def _read_question(found: _Found, question: Question, ok_format: bool) -> None:
    first = len(found.cells)
    solved: list[int] = []
    prompted = False
    for cell in question.cells:
        if cell.block == "TESTS":
            continue
        if cell.block == "PROMPT" and cell.kind == "code":
            prompted = True
            continue
        before = len(found.cells)
        _keep(found, cell)
        prompted = prompted or (cell.kind == "code" and otter_code(cell.source, cell.where).prompted)
        if cell.block == "SOLUTION" and len(found.cells) > before:
            solved.append(before)
    if prompted:
        found.left_out.append(f"the prompt of {question.name!r} is not kept: students get # YOUR CODE HERE")
    _mark(found, solved, question.name)
    if question.config.get("manual"):
        _read_by_hand(found, question, first)
    else:
        _read_task(found, question, first, solved, ok_format)


def _mark(found: _Found, solved: Sequence[int], name: str) -> None:
    """Mark the solutions that have no marks: all text, and all code where no line of the question says what is one."""
    code = [place for place in solved if found.cells[place][0] == "code"]
    unmarked = not any(marks.holds(found.cells[place][1], marks.SOLUTION) for place in code)
    for place in solved:
        kind, source = found.cells[place]
        if kind != "code" or unmarked:
            found.cells[place] = (kind, marks.wrapped(source))
    if code and unmarked:
        found.left_out.append(f"no line of the solution of {name!r} is marked: all of its cells were taken as solution")


def _read_by_hand(found: _Found, question: Question, first: int) -> None:
    points = question.config.get("points")
    total = 1.0 if points is None else number(points, question.where)
    found.by_hand.append(ByHand(question.name, total))
    found.cells.insert(first, ("markdown", f"*Graded by hand: {worth(total)}.*"))
    found.attachments = {place + (place >= first): held for place, held in found.attachments.items()}
    if any(cell.block == "TESTS" for cell in question.cells):
        found.left_out.append(f"the tests of {question.name!r} are not run: it is graded by hand")


def _read_task(found: _Found, question: Question, first: int, solved: Sequence[int], ok_format: bool) -> None:
    cells = [cell for cell in question.cells if cell.block == "TESTS" and not is_ignored(cell.source)]
    for cell in cells:
        if cell.kind != "code":
            raise BadImport(f"{cell.where}: only code can stand among the tests of {question.name!r}")
    tests = [otter_test(cell.source, ok_format, cell.where) for cell in cells]
    names = [
        name for place in solved if found.cells[place][0] == "code" for name in solved_names(found.cells[place][1])
    ]
    points = shares(question.config.get("points"), [test.points for test in tests], question.where) if tests else []
    if not tests:
        found.left_out.append(f"no test belongs to {question.name!r}: it is in no exercise")
        return
    if not names:
        why = "its solution defines no name, and a check needs one to look at"
        found.left_out.append(f"the tests of {question.name!r} ({worth(sum(points))}) are not run: {why}")
        return
    text = [source for kind, source in found.cells[first:] if kind == "markdown"]
    title = next((heading for source in text for heading in found_in(source)), question.name)
    if any(test.messages for test in tests):
        found.left_out.append(f"the messages of the tests of {question.name!r} are not kept: reports say what raised")
    kept = _checks(found, question, tests, points)
    if kept:
        found.tasks.append(Task(question.name, title, tuple(dict.fromkeys(names)), kept))


def _checks(
    found: _Found, question: Question, tests: Sequence[OtterTest], points: Sequence[float]
) -> tuple[ImportedTest, ...]:
    if question.config.get("all_or_nothing") and sum(points):
        codes, hidden = tuple(test.code for test in tests), any(test.hidden for test in tests)
        return (ImportedTest(question.name, codes, tests[0].how, sum(points), hidden),)
    kept: list[ImportedTest] = []
    for place, (test, worth_) in enumerate(zip(tests, points, strict=True), start=1):
        name = test.name or f"{question.name}_{place}"
        if worth_:
            kept.append(ImportedTest(name, (test.code,), test.how, worth_, test.hidden))
        elif test.hidden:
            found.left_out.append(f"the hidden test {name!r} is not run: it is worth nothing, and a check has to be")
        else:
            found.cells.append(("code", test.code))
    return tuple(kept)
