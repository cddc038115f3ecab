"""hw2 as a course of nbgrader's and as an autograder of otter's, with a class's notebooks in their own forms."""

from __future__ import annotations

import ast
import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rivals.asserts import ASSERTS
from rivals.submissions import Work, Written, as_notebook, node, plain


@dataclass(frozen=True)
class Job:
    """A command of a rival's.

    Attributes:
        command: What follows the interpreter.
        folder: Where it runs.
        graded: How many submissions it grades; 0 for one that prepares, and is not counted.
    """

    command: tuple[str, ...]
    folder: Path
    graded: int = 0


def nbgrader_jobs(solution: Sequence[Written], works: Sequence[Work], place: Path) -> list[Job]:
    """Lay out a course of nbgrader's: its source, what was handed in, and the commands that grade it."""
    _write(place / "source" / "hw2" / "hw2.ipynb", as_notebook(list(_nbgrader_cells(solution))))
    for work in works:
        path = place / "submitted" / work.student / "hw2" / "hw2.ipynb"
        _write(path, as_notebook(list(_nbgrader_cells(work.cells))))
    _write(place / "nbgrader_config.py", b"c = get_config()\nc.CourseDirectory.course_id = 'course'\n")
    start = ("-m", "nbgrader")
    return [
        Job((*start, "generate_assignment", "hw2", "--create"), place),
        Job((*start, "autograde", "hw2"), place, graded=len(works)),
        Job((*start, "export"), place),
    ]


def nbgrader_scores(place: Path) -> list[float]:
    """The share of points of each submission that nbgrader graded."""
    with (place / "grades.csv").open(newline="") as file:
        return [float(row["score"]) / float(row["max_score"]) for row in csv.DictReader(file)]


def otter_jobs(works: Sequence[Work], place: Path) -> list[Job]:
    """Lay out tests and submissions for otter: one command makes the autograder, then one for each submission."""
    for exercise, source in ASSERTS.items():
        case = {"code": _doctest(source), "hidden": False, "locked": False}
        suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
        test = {"name": exercise, "points": 1, "suites": [suite]}
        _write(place / "tests" / f"{exercise}.py", f"OK_FORMAT = True\n\ntest = {test!r}\n".encode())
    jobs = [Job(("-m", "otter", "generate", "-t", "tests", "-o", "autograder.zip", "--no-environment"), place)]
    for work in works:
        folder = place / work.student
        _write(folder / "hw2.ipynb", plain(work))
        run = ("-m", "otter", "run", "-a", "../autograder.zip", "-o", ".", "--no-logo", "hw2.ipynb")
        jobs.append(Job(run, folder, graded=1))
    return jobs


def otter_scores(place: Path) -> list[float]:
    """The share of points of each submission that otter graded."""
    return [_otter_score(json.loads(path.read_bytes())["tests"]) for path in sorted(place.glob("*/results.json"))]


def _otter_score(tests: Iterable[dict[str, float]]) -> float:
    counted = [test for test in tests if test.get("max_score")]
    return sum(test["score"] for test in counted) / sum(test["max_score"] for test in counted)


def _nbgrader_cells(cells: Sequence[Written]) -> Iterator[dict[str, object]]:
    ends = {cell.exercise: place for place, cell in enumerate(cells) if cell.exercise}
    for place, cell in enumerate(cells):
        yield node(cell, _nbgrader(cell.id) if cell.given else {})
        if ends.get(cell.exercise) == place:
            test = Written(f"test-{cell.exercise}", "code", ASSERTS[cell.exercise].strip())
            yield node(test, _nbgrader(test.id, points=1))


def _nbgrader(name: str, points: int | None = None) -> dict[str, object]:
    """The metadata of an answer, or of a test that is worth points."""
    test = points is not None
    facts = {"schema_version": 3, "grade_id": name, "grade": test, "solution": not test, "locked": test, "task": False}
    return {"nbgrader": facts | ({"points": points} if test else {})}


class _Unseen(ast.NodeTransformer):
    """Lets no statement show its value, which a doctest would take for a failure."""

    def visit_Expr(self, node: ast.Expr) -> ast.Assign:
        return ast.Assign(targets=[ast.Name("_", ast.Store())], value=node.value, lineno=node.lineno)


def _doctest(source: str) -> str:
    """Statements as a doctest has them."""
    statements = [ast.unparse(_Unseen().visit(each)).split("\n") for each in ast.parse(source).body]
    return "\n".join("\n".join([f">>> {first}", *(f"... {line}" for line in rest)]) for first, *rest in statements)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
