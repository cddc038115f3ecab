"""Notebooks in the formats of nbgrader and otter assign, written for these tests."""

import json
from pathlib import Path
from typing import Any

Json = dict[str, Any]


def cell(kind: str, source: str, metadata: Json | None = None, **fields: Any) -> Json:
    outputs = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "metadata": metadata or {}, "source": source, **outputs, **fields}


def text(source: str) -> Json:
    return cell("markdown", source)


def code(source: str) -> Json:
    return cell("code", source)


def raw(source: str) -> Json:
    return cell("raw", source)


def marked(kind: str, source: str, grade_id: str, **meta: Any) -> Json:
    """A cell with nbgrader's metadata of schema 3."""
    base = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return cell(kind, source, {"nbgrader": base | {"grade_id": grade_id} | meta})


def answer(source: str, grade_id: str) -> Json:
    return marked("code", source, grade_id, solution=True)


def test_cell(source: str, grade_id: str, points: object = 1) -> Json:
    return marked("code", source, grade_id, grade=True, locked=True, points=points)


test_cell.__test__ = False  # type: ignore[attr-defined]


def write(folder: Path, *cells: Json, name: str = "ps1.ipynb", language: str = "python") -> Path:
    kernel = {"kernelspec": {"name": "k", "display_name": "K", "language": language}}
    path = folder / name
    path.write_text(json.dumps({"cells": list(cells), "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return path


NBGRADER = (
    text("# Sums\n\nTwo functions."),
    text("## Part A"),
    answer(
        "import math\n\ndef area(r):\n    'Area of a circle.'\n    ### BEGIN SOLUTION\n    return math.pi * r * r\n"
        "    ### END SOLUTION",
        "area",
    ),
    test_cell('"""Areas of some circles."""\nclose = math.isclose\nassert close(area(1), math.pi)', "area-right", 2),
    test_cell(
        "assert close(area(2), 4 * math.pi), 'twice the radius'\n### BEGIN HIDDEN TESTS\nassert area(0) == 0\n"
        "### END HIDDEN TESTS",
        "area-hidden",
        1.5,
    ),
    text("## Part B"),
    answer("total = area(1) + area(2)", "total"),
    test_cell("old = area\ndel area\nassert total > 15\narea = old", "total-right", "0.5"),
    test_cell("assert total", "total-there", 0),
    marked("markdown", "Because.", "why", grade=True, solution=True, points=3),
    marked("code", "draw = None", "draw", grade=True, solution=True, points=2),
    marked(
        "markdown",
        "Tell a story.\n\n=== BEGIN MARK SCHEME ===\n1 point for style\n=== END MARK SCHEME ===",
        "story",
        task=True,
        locked=True,
        points=4,
    ),
)

OTTER = (
    raw("# ASSIGNMENT CONFIG\nname: Small things\nfiles: [a.csv]\nexport_cell: true\n"),
    code("import numpy as np\nimport otter\ngrader = otter.Notebook()"),
    raw("# BEGIN QUESTION\nname: q1\npoints: 3"),
    text("### Squares"),
    raw("# BEGIN SOLUTION"),
    code("def square(x):\n    y = x * x # SOLUTION\n    return y # SOLUTION\n\nnine = square(3) # SOLUTION"),
    raw("# END SOLUTION"),
    raw("# BEGIN TESTS"),
    code("square(4)"),
    code('""" # BEGIN TEST CONFIG\nhidden: true\npoints: 1\n""" # END TEST CONFIG\nassert square(-2) == 4\nnine'),
    raw("# END TESTS"),
    raw("# END QUESTION"),
    raw("# BEGIN QUESTION\nname: words\nmanual: true\npoints: 2"),
    text("What is a word?"),
    raw("# BEGIN SOLUTION"),
    text("A text without spaces."),
    raw("# END SOLUTION"),
    raw("# END QUESTION"),
    text(
        "Goodbye.\n\n```otter\n# BEGIN QUESTION\nname: Two Halves\npoints: [0, 2]\n```\n\nHalve it.\n\n"
        "```otter\n# BEGIN SOLUTION\n```"
    ),
    code("def halve(x):\n    # BEGIN SOLUTION\n    return x / 2\n    # END SOLUTION\n    # nobody sees this # IGNORE"),
    text("```otter\n# END SOLUTION\n```\n```otter\n# BEGIN TESTS\n```"),
    code("halve(2) == 1"),
    code("# HIDDEN\nprint(halve(5))"),
    text("```otter\n# END TESTS\n```\n```otter\n# END QUESTION\n```"),
)
