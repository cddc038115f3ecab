"""Nothing that a student gets holds a hidden check's source, inputs or reference values, in any form."""

import ast
import base64
import contextlib
import gzip
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from redteam import toy
from redteam.leaks import Text
from support.proof import COURSE, NAMES
from support.shared import Shared

from grader.assignment import folder as course_folder
from grader.assignment.extract import extract
from grader.assignment.folder import Assignment
from grader.authoring.declare import Check
from grader.authoring.load import load_source
from grader.authoring.rng import Rng
from grader.authoring.spec import CheckSpec
from grader.authoring.work import Work
from grader.cli import main
from grader.grading.reference import CheckSources
from grader.grading.run import GradingRun
from grader.grading.seeds import check_seed
from grader.observe.engine import Engine
from grader.wire.decode import decode
from grader.wire.outcome import Returned
from grader.wire.tree import TensorLeaf

SEED = "the seed of the canary"
# Everything in an attempt's folder, and whether it may be handed to the student; a new file has to be put here.
FOR_STUDENTS = {
    "report.html": True,
    "submission.ipynb": True,
    "instructor.html": False,
    "grade.json": False,
    "observations.bin": False,
}
_LEAST_LETTERS = 30
_MOST_TENSORS = 20


class Hidden:
    """What is hidden in an assignment, for one seed.

    Args:
        assignment: The assignment.
        engine: Where the reference runs.
        seed: The grading run's seed.
    """

    def __init__(self, assignment: Assignment, engine: Engine, seed: str) -> None:
        with GradingRun(assignment, engine, seed) as run:
            public = [check for check in run.checks if check.visibility == "public"]
            hidden = [check for check in run.checks if check.visibility == "hidden"]
            assert hidden, "there is nothing to hide"
            reference = run.live_reference()
            try:
                reference.prepare()
                outcomes = reference.observe(run.checks)
            finally:
                reference.close()
        shown = {value for check in public for value in _tensors(outcomes[check.name].float32)}
        self.values = [t for check in hidden for t in _tensors(outcomes[check.name].float32) if t not in shown]
        self.inputs = [t for check in hidden for t in _inputs(assignment, check, seed)]
        self.lines = _hidden_lines(assignment, public)

    def found_in(self, text: Text) -> list[str]:
        """Which of it is in a text, and in which form."""
        found = [f"source: {line}" for line in self.lines if text.holds_line(line.encode())]
        for kind, tensors in (("reference value", self.values), ("input", self.inputs)):
            for values in tensors[:: max(1, len(tensors) // _MOST_TENSORS)]:
                found += [f"{kind}: {form}" for form in text.holds_numbers(values)]
        return found


Values = tuple[float, ...]


def _tensors(outcome: object) -> list[Values]:
    """The float tensors of an observation whose values are nothing that turns up by chance."""
    assert isinstance(outcome, Returned), outcome
    return _floats(decode(outcome.observation))


def _floats(tree: object) -> list[Values]:
    if isinstance(tree, TensorLeaf):
        return _floats(tree.values)
    if isinstance(tree, torch.Tensor):
        values = tree.detach().double().flatten()[:8].tolist() if tree.is_floating_point() else []
        odd = len(set(values)) >= 4 and all(value != round(value, 3) for value in values)
        return [tuple(values)] if odd else []
    items = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (list, tuple)) else ()
    return [found for item in items for found in _floats(item)]


def _inputs(assignment: Assignment, check: CheckSpec, seed: str) -> list[Values]:
    """What a check draws before it asks for the student's work: its generator is run with nothing to observe."""
    drawn: list[Values] = []

    class Remembering(Rng):
        def _tensor(self, values: object, dtype: torch.dtype | None) -> torch.Tensor:
            made = super()._tensor(values, dtype)  # type: ignore[arg-type]
            drawn.extend(_floats(made))
            return made

    source = CheckSources(assignment.checks_source()).of(check.name)
    loaded = load_source(source, "checks.py", check.name, Check)
    namespace: dict[str, object] = {}
    with contextlib.chdir(assignment.root / "reference" / assignment.name):
        for cell in assignment.solution_cells():  # the course's own code: it may run in the test's own process
            exec(cell.source, namespace)
        loaded.function(Work(namespace), Remembering(check_seed(seed, assignment.name, check.name)))
    return drawn


def _hidden_lines(assignment: Assignment, public: list[CheckSpec]) -> list[str]:
    """The lines of check functions and their descriptions that no public check shares."""
    whole = assignment.checks_source()
    shown = extract(whole, [check.name for check in public], "checks.py")
    names = {check.name for check in public}
    lines = whole.splitlines()
    hidden = [
        line.strip()
        for node in ast.parse(whole).body
        if isinstance(node, ast.FunctionDef) and node.name not in names and node.decorator_list
        for line in lines[node.body[0].lineno - 1 : node.end_lineno]
    ]
    return [line for line in dict.fromkeys(hidden) if len(line) >= _LEAST_LETTERS and line.rstrip(",") not in shown]


@pytest.fixture
def shared(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The tests' engine for every command."""
    monkeypatch.setattr("grader.cli.submit.start_engine", lambda *_: Shared(engine))
    monkeypatch.setattr("grader.cli.release.Zygote", lambda *_: Shared(engine))
    return engine


def artefacts(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files of an attempt that are the student's; every file must be known."""
    there = {path.name for path in folder.iterdir()}
    assert there == set(FOR_STUDENTS), f"say who may see {there ^ set(FOR_STUDENTS)}"
    for name, for_students in FOR_STUDENTS.items():
        if for_students:
            yield name, (folder / name).read_bytes()


def test_the_search_finds_what_staff_may_see(
    shared: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A search that finds nothing anywhere would prove nothing."""
    tokens = toy.Secrets()
    assignment = toy.build(tmp_path, tokens)
    monkeypatch.chdir(tmp_path)
    hidden = Hidden(assignment, shared, SEED)
    assert hidden.lines
    assert hidden.inputs
    assert hidden.values
    assert hidden.found_in(Text(assignment.checks_source().encode())) == [f"source: {line}" for line in hidden.lines]
    values = hidden.values[0]
    for text in (
        struct.pack(f"<{len(values)}f", *values),
        base64.b64encode(b"x" + struct.pack(f"<{len(values)}d", *values)),
        str([round(value, 4) for value in values]).encode(),
        str(values[1]).encode(),
        gzip.compress(struct.pack(f"<{len(values)}f", *values).hex().encode()),
    ):
        assert Text(b"before " + text + b" after").holds_numbers(values), text
    assert Text(base64.b64encode(zlib.compress(tokens.reference.encode()))).holds(tokens.reference.encode())
    path = toy.write_notebook(tmp_path / "toy.ipynb", toy.WRONG)
    assert main(["submit", str(path), "--assignment", "toy", "--student", "alice", "--seed", SEED]) == 0
    folder = tmp_path / "reports" / "toy" / "alice" / "attempt-1"
    assert tokens.hidden_checks.encode() in (folder / "instructor.html").read_bytes()
    assert any("input" in found for found in hidden.found_in(Text((folder / "observations.bin").read_bytes())))


@pytest.mark.parametrize("base", sorted(toy.BASES))
@pytest.mark.parametrize("feedback", ["verdict", "message", "nothing"])
def test_what_a_student_gets_of_the_toy(
    shared: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    base: str,
    feedback: str,
) -> None:
    tokens = toy.Secrets()
    assignment = toy.build(tmp_path, tokens, feedback)
    monkeypatch.chdir(tmp_path)
    hidden = Hidden(assignment, shared, SEED)
    path = toy.write_notebook(tmp_path / "toy.ipynb", toy.BASES[base])
    assert main(["release", "toy"]) == 0
    assert main(["submit", str(path), "--assignment", "toy", "--student", "alice", "--seed", SEED]) == 0
    said = capsys.readouterr()
    got = dict(artefacts(tmp_path / "reports" / "toy" / "alice" / "attempt-1"))
    got |= {"stdout": said.out.encode(), "stderr": said.err.encode()}
    got |= released(tmp_path / "assignments")
    secret = {name: token for name, token in vars(tokens).items() if feedback != "message" or name != "hidden_checks"}
    for name, data in got.items():
        text = Text(data)
        assert hidden.found_in(text) == [], name
        assert [what for what, token in secret.items() if text.holds(token.encode())] == [], name


@pytest.mark.parametrize("assignment", NAMES)
def test_what_a_student_gets_of_a_shipped_assignment(
    shared: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str], assignment: str
) -> None:
    loaded = course_folder.load(COURSE, assignment)
    hidden = Hidden(loaded, shared, SEED)
    path = COURSE / "reference" / assignment / "submissions" / "mixed.ipynb"
    options = ["--assignment", assignment, "--student", "alice", "--seed", SEED, "--reports", str(tmp_path)]
    assert main(["submit", str(path), *options]) == 0
    said = capsys.readouterr()
    got = dict(artefacts(tmp_path / assignment / "alice" / "attempt-1"))
    got |= {"stdout": said.out.encode(), "stderr": said.err.encode()}
    got |= released(COURSE / "assignments" / assignment)
    for name, data in got.items():
        assert hidden.found_in(Text(data)) == [], name


def released(folder: Path) -> dict[str, bytes]:
    """Every file of a release that is made from the checks; data is only copied."""
    files = (path for path in folder.rglob("*") if path.is_file() and "data" not in path.relative_to(folder).parts)
    found = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    assert any(name.endswith("observations.bin") for name in found)
    return found
