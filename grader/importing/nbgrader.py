"""Read a source notebook of nbgrader: what each cell is stands in its metadata, what students get in marks."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from grader.importing import marks
from grader.importing.errors import BadImport
from grader.importing.headings import headings, title_of
from grader.importing.model import ByHand, Imported, ImportedTest, Task, worth
from grader.importing.names import is_python, solved_names, used_names
from grader.notebook.model import CellKind, Notebook

_AUTOTEST = re.compile(r"^([ \t]*)#.*?\b(HASHED )?AUTOTEST\b[ \t]*(.*?)[; \t]*$", re.MULTILINE)
_EMPTIED = "YOUR CODE HERE"


@dataclass
class _Solution:
    """A cell that students fill in, and the tests that were found for it."""

    name: str
    title: str
    names: tuple[str, ...]
    tests: list[ImportedTest] = field(default_factory=list)


@dataclass
class _Found:
    """What has been read so far."""

    cells: list[tuple[CellKind, str]] = field(default_factory=list)
    attachments: dict[int, dict[str, dict[str, str]]] = field(default_factory=dict)
    solutions: list[_Solution] = field(default_factory=list)
    by_hand: list[ByHand] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def is_nbgrader(notebook: Notebook) -> bool:
    """Whether any cell bears nbgrader's metadata."""
    return any(_meta(node) for node in notebook.node["cells"])


def read_nbgrader(notebook: Notebook) -> Imported:
    """Read an nbgrader source notebook.

    An autograded answer and the tests that use what it defines become an exercise; a test that uses nothing of any
    answer before it belongs to the nearest. Test cells stay in the notebook, without their hidden tests, as nbgrader
    has it. Answers and tasks that a person grades stay as they are, with a note of their points.

    Args:
        notebook: The notebook.

    Returns:
        What it holds.

    Raises:
        BadImport: A mark, an id or a number of points is wrong, or it is a notebook that students got.
    """
    _refuse_unusable(notebook)
    found = _Found()
    above = headings(notebook)
    for number, node in enumerate(notebook.node["cells"]):
        _read_cell(found, node, f"{notebook.name}, cell {number + 1}", above[number])
    for solution in found.solutions:
        if not solution.tests:
            found.left_out.append(f"no test is worth points for the answer {solution.name!r}: it is in no exercise")
    if any(_meta(node).get("locked") for node in notebook.node["cells"]):
        found.left_out.append("cells that Jupyter kept from being edited can be edited: grading does not use them")
    return Imported(
        system="nbgrader",
        title=title_of(notebook),
        cells=tuple(found.cells),
        attachments=found.attachments,
        tasks=tuple(Task(s.name, s.title, s.names, tuple(s.tests)) for s in found.solutions if s.tests),
        by_hand=tuple(found.by_hand),
        left_out=tuple(found.left_out),
    )


def _refuse_unusable(notebook: Notebook) -> None:
    seen: set[str] = set()
    marked = [(number, node, _meta(node)) for number, node in enumerate(notebook.node["cells"], start=1)]
    for number, _, meta in marked:
        where, name = f"{notebook.name}, cell {number}", meta.get("grade_id", "")
        if not (meta.get("grade") or meta.get("solution") or meta.get("task")):
            continue
        if not isinstance(name, str) or not name.strip():
            raise BadImport(f"{where}: it is graded or a solution and has no grade_id; give it one in nbgrader")
        if name in seen:
            raise BadImport(f"{where}: grade_id {name!r} is another cell's already; give each cell one of its own")
        seen.add(name)
    answers = [node["source"] for _, node, meta in marked if meta.get("solution") and node["cell_type"] == "code"]
    if answers and all(_EMPTIED in source for source in answers):
        raise BadImport(
            f"{notebook.name} is what students got, without solutions; import the notebook in nbgrader's source folder"
        )


def _read_cell(found: _Found, node: Mapping[str, Any], where: str, heading: str) -> None:
    meta, kind = _meta(node), node["cell_type"]
    graded, solution = bool(meta.get("grade")), bool(meta.get("solution"))
    source = marks.tidy(node["source"], where)
    if solution and not marks.holds(source, marks.SOLUTION):
        source = marks.wrapped(source)
    if meta.get("task") or (graded and solution):
        _read_by_hand(found, meta, where)
    elif graded:
        source = _read_test(found, source, kind, meta, where)
    elif solution:
        names = solved_names(source) if kind == "code" else ()
        found.solutions.append(_Solution(meta["grade_id"], heading or meta["grade_id"], names))
    if node.get("attachments"):
        found.attachments[len(found.cells)] = node["attachments"]
    found.cells.append((kind, source))


def _read_by_hand(found: _Found, meta: Mapping[str, Any], where: str) -> None:
    points = _points(meta, where)
    found.by_hand.append(ByHand(meta["grade_id"], points))
    found.cells.append(("markdown", f"*Graded by hand: {worth(points)}.*"))


def _read_test(found: _Found, source: str, kind: str, meta: Mapping[str, Any], where: str) -> str:
    """Note a test; give back its cell as the notebook keeps it."""
    name, points = meta["grade_id"], _points(meta, where)
    code = marks.without_marks(source)
    autotests = list(_autotests(code))
    kept = _AUTOTEST.sub("", source) if autotests else source
    code = _AUTOTEST.sub(lambda match: match[1] + match[3], code)
    if kind != "code" or not is_python(code):
        _leave_out(found, name, points, "its cell is no Python that can run by itself")
        return kept
    if not points:
        if autotests or marks.holds(source, marks.HIDDEN):
            _leave_out(found, name, points, "a check has to be worth something, and what students may see stays a cell")
        return kept
    owner = _owner(found, code)
    if owner is None:
        _leave_out(found, name, points, "no autograded answer before it defines a name")
        return kept
    hidden = marks.holds(source, marks.HIDDEN) or any(autotests)
    how: Literal["asserted", "printed"] = "printed" if autotests else "asserted"
    owner.tests.append(ImportedTest(name, (code,), how, points, hidden, _description(code)))
    return kept


def _leave_out(found: _Found, name: str, points: float, why: str) -> None:
    found.left_out.append(f"the test {name!r} ({worth(points)}) is not run: {why}")


def _owner(found: _Found, code: str) -> _Solution | None:
    """The answer that a test is about: the last one of which it uses a name, else the last one."""
    used = used_names(code)
    candidates = [solution for solution in found.solutions if solution.names]
    return next((s for s in reversed(candidates) if used & set(s.names)), candidates[-1] if candidates else None)


def _autotests(code: str) -> Iterator[bool]:
    """For each autotest of a cell whether its answers are hashed, so that students do not read them."""
    yield from (match[2] is not None for match in _AUTOTEST.finditer(code))


def _description(code: str) -> str:
    return " ".join((ast.get_docstring(ast.parse(code)) or "").split())


def _points(meta: Mapping[str, Any], where: str) -> float:
    raw = meta.get("points")
    try:
        points = float(raw)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        points = math.nan
    if not 0 <= points < math.inf:
        raise BadImport(f"{where}: the points of {meta['grade_id']!r} must be a number, 0 or more; they are {raw!r}")
    return points


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = node["metadata"].get("nbgrader")
    return meta if isinstance(meta, Mapping) else {}
