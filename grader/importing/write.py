"""Write what was imported as the files of a reference folder, with a README.md that says what is what."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from grader.grading.points import add_up
from grader.importing.errors import BadImport
from grader.importing.model import Imported, ImportedTest, worth
from grader.importing.names import identifiers
from grader.notebook.errors import BadNotebook
from grader.notebook.model import CellKind
from grader.notebook.percent import percent_text
from grader.notebook.read import read_bytes

FORGEABLE = (
    "These tests decide inside the student's process: code that rebinds what they use can make them pass, and nothing "
    "outside can tell. A look at the code, or checks that return values (docs/authoring.md), are worth more."
)


def reference_files(imported: Imported, source: str, name: str) -> Mapping[str, str]:
    """The files of a reference folder.

    Args:
        imported: What was imported.
        source: The notebook's file name.
        name: The assignment's.

    Returns:
        Texts by file name: assignment.toml, checks.py, README.md and solution.py, or solution.ipynb where the notebook
        holds what a percent file cannot.

    Raises:
        BadImport: No test would grade anything.
    """
    if not imported.tasks:
        by_hand = f"a person grades {worth(_by_hand(imported))} of it, and " if imported.by_hand else ""
        why = "".join(f"; {sentence}" for sentence in imported.left_out)
        raise BadImport(
            f"{source}: {by_hand}no test grades anything: an assignment needs an exercise with a check{why}"
        )
    ids = list(identifiers(task.name for task in imported.tasks))
    solution, text = _solution(imported)
    return {
        "assignment.toml": _settings(imported, ids, solution, source, name),
        "checks.py": _checks(imported, ids, source),
        "README.md": _readme(imported, source, name),
        solution: text,
    }


def account(imported: Imported, name: str) -> list[str]:
    """What an import came to, as lines: exercises and points, what a person grades, what was left out."""
    tests = [test for task in imported.tasks for test in task.tests]
    total = add_up(test.points for test in tests)
    hidden = sum(test.hidden for test in tests)
    lines = [
        f"{name}: {_count(len(imported.tasks), 'exercise')} with {_count(len(tests), 'check')} ({hidden} hidden), "
        f"{worth(total)}, from {imported.system}"
    ]
    if imported.by_hand:
        listed = ", ".join(f"{each.name} ({worth(each.points)})" for each in imported.by_hand)
        lines.append(f"graded by hand and not counted: {worth(_by_hand(imported))}: {listed}")
    lines.append(FORGEABLE)
    return lines + [f"not carried over: {sentence}" for sentence in imported.left_out]


def _by_hand(imported: Imported) -> float:
    return add_up(each.points for each in imported.by_hand)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _settings(imported: Imported, ids: Sequence[str], solution: str, source: str, name: str) -> str:
    lines = [
        f"# Imported from the {imported.system} notebook {_one_line(source)}.",
        f"title = {_text(imported.title or name)}",
        f"solution = {_text(solution)}",
        'feedback = "verdict"',
    ]
    for id, task in zip(ids, imported.tasks, strict=True):
        points = add_up(float(_points(test.points)) for test in task.tests)
        lines += ["", "[[exercise]]", f"id = {_text(id)}", f"title = {_text(task.title)}", f"points = {points!r}"]
        lines.append(f"names = [{', '.join(map(_text, task.names))}]")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """A TOML string."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return json.dumps(printable, ensure_ascii=False)


def _one_line(text: str) -> str:
    return "".join(c for c in text if c.isprintable())


def _points(points: float) -> str:
    return f"{points:.12g}"


def _checks(imported: Imported, ids: Sequence[str], source: str) -> str:
    helpers = sorted({test.how for task in imported.tasks for test in task.tests})
    names = identifiers(
        (test.name for task in imported.tasks for test in task.tests), ("check", "asserted", "printed", "enumerate")
    )
    parts = [
        f'"""The tests of {_quotable(source)}, imported from {imported.system}.\n\n{_folded(FORGEABLE)}\n"""\n\n'
        f"from grader.authoring import {', '.join(sorted({*helpers, 'check'}))}\n"
    ]
    for id, task in zip(ids, imported.tasks, strict=True):
        parts += [_check(id, test, next(names)) for test in task.tests]
    return "\n\n".join(parts)


def _check(exercise: str, test: ImportedTest, name: str) -> str:
    constant = name.upper()
    visibility = ', visibility="hidden"' if test.hidden else ""
    description = test.description or f"The test {test.name} passes."
    if len(test.codes) == 1:
        codes, returned = _code(test.codes[0]), f"{test.how}({constant}, work)"
    else:
        codes = "(\n" + "".join(f"{_code(code)},\n" for code in test.codes) + ")"
        returned = f'{{f"test {{n}}": {test.how}(code, work) for n, code in enumerate({constant}, start=1)}}'
    return (
        f"{constant} = {codes}\n\n\n"
        f'@check(exercise="{exercise}", points={_points(test.points)}{visibility})\n'
        f"def {name}(work, rng):\n    {_docstring(description)}\n    return {returned}\n"
    )


def _code(code: str) -> str:
    """A test's source as a literal that can be read: in triple quotes where nothing in it would be misread."""
    if "'''" not in code and "\\" not in code and not code.endswith("'") and _plain(code):
        return f"'''\\\n{code}'''"
    lines = code.split("\n")
    literals = [repr(line + "\n") for line in lines[:-1]] + [repr(lines[-1])]
    return "(\n" + "".join(f"    {literal}\n" for literal in literals) + ")"


def _docstring(text: str) -> str:
    plain = '"' not in text and "\\" not in text and _plain(text)
    return f'"""{text}"""' if plain else repr(text)


def _quotable(text: str) -> str:
    return _one_line(text).replace("\\", "/").replace('"', "'")


def _plain(text: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in text)


def _folded(text: str) -> str:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > 110:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{word}"
    return "\n".join(lines)


def _readme(imported: Imported, source: str, name: str) -> str:
    parts = [f"# {name}", f"Imported from the {imported.system} notebook `{_one_line(source)}`.", _folded(FORGEABLE)]
    if imported.by_hand:
        listed = "\n".join(f"- {each.name}: {worth(each.points)}" for each in imported.by_hand)
        parts.append(f"## Graded by hand: {worth(_by_hand(imported))}\n\nIn the notebook, in no exercise.\n\n{listed}")
    if imported.left_out:
        parts.append("## Not carried over\n\n" + "\n".join(f"- {sentence}" for sentence in imported.left_out))
    return "\n\n".join(parts) + "\n"


def _solution(imported: Imported) -> tuple[str, str]:
    """The solution notebook's file name and text: a percent file where that holds all of it."""
    text = percent_text(imported.cells)
    if not imported.attachments and _same(text, imported.cells):
        return "solution.py", text
    cells = [_node(place, kind, source, imported) for place, (kind, source) in enumerate(imported.cells)]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return "solution.ipynb", json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"


def _same(text: str, cells: Iterable[tuple[CellKind, str]]) -> bool:
    try:
        read = read_bytes("solution.py", text.encode()).cells
    except (BadNotebook, UnicodeEncodeError):
        return False
    return [(cell.kind, cell.source.rstrip()) for cell in read] == [(kind, source.rstrip()) for kind, source in cells]


def _node(place: int, kind: CellKind, source: str, imported: Imported) -> dict[str, object]:
    node: dict[str, object] = {"id": f"cell-{place}", "cell_type": kind, "metadata": {}, "source": source}
    if kind == "code":
        return node | {"execution_count": None, "outputs": []}
    held = imported.attachments.get(place)
    return node | {"attachments": held} if held else node
