"""`submit`, end to end: whatever is handed in ends in one grade.json, one report and one gradebook row."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from support.hostile import BOMBS, HANDED, TERMINAL, cell, scripted
from support.hostile import notebook as notebook_json
from support.shared import Shared

from grader.cli import main
from grader.confine.plan import choose
from grader.gradebook import Gradebook
from grader.grading.model import Grade
from grader.observe.engine import Engine
from grader.observe.protocol import CheckSource
from grader.observe.results import CheckResult
from grader.observe.supervisor import Session
from grader.submission.ahead import start_engine

from .conftest import StudentsCopy

SETTINGS = """
title = "Small numbers"
data = ["data"]

[limits]
notebook_seconds = 20
cell_seconds = 2
check_seconds = 2
memory_bytes = 1_500_000_000
output_bytes = 300_000

[[exercise]]
id = "double"
title = "Twice as much"
points = 4

[[exercise]]
id = "negate"
title = "The other sign"
points = 6
"""
OTHER = """
title = "Another"

[[exercise]]
id = "triple"
title = "Three times"
points = 1
"""
SOLUTION = """# %%
import torch

# %%
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %%
def negate(x):
    ### BEGIN SOLUTION
    return -x
    ### END SOLUTION
"""
CHECKS = '''
from grader.authoring import check

@check(exercise="double", points=1)
def doubles_a_vector(work, rng):
    """Every element is doubled."""
    return {"result": work.double(rng.normal(5))}

@check(exercise="double", points=3, visibility="hidden")
def doubles_a_matrix_canary(work, rng):
    """Hidden description canary."""
    return {"hidden leaf canary": work.double(rng.normal(3, 4))}

@check(exercise="negate", points=2)
def negates(work, rng):
    """Every element changes its sign."""
    return {"result": work.negate(rng.normal(5))}

@check(exercise="negate", points=4, visibility="hidden", needs=("negates",))
def negate_leaves_its_input_alone(work, rng):
    """The input is unchanged."""
    x = rng.normal(5)
    work.negate(x)
    return {"input": x}
'''
MISCONCEPTIONS = '''
from grader.authoring import misconception

@misconception(exercise="double")
def squared(work):
    """Squaring and doubling agree for 2 only."""
    def double(x):
        return x * x
    return double

@misconception(exercise="negate")
def in_place(work):
    """The underscore at the end of a method's name means something."""
    def negate(x):
        return x.neg_()
    return negate
'''
DOUBLE, NEGATE = "def double(x):\n    return 2 * x", "def negate(x):\n    return -x"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Path:
    monkeypatch.setattr("grader.cli.submit.start_engine", lambda *_: Shared(engine))
    monkeypatch.setattr("grader.cli.release.Zygote", lambda *_: Shared(engine))
    for name, settings, solution, checks, wrong in (
        ("small", SETTINGS, SOLUTION, CHECKS, MISCONCEPTIONS),
        ("other", OTHER, SOLUTION.replace("double", "triple"), CHECKS, ""),
    ):
        folder = tmp_path / "reference" / name
        folder.mkdir(parents=True)
        (folder / "assignment.toml").write_text(settings)
        (folder / "solution.py").write_text(solution)
        (folder / "checks.py").write_text(checks)
        (folder / "misconceptions.py").write_text(wrong)
    (tmp_path / "reference" / "small" / "data").mkdir()
    (tmp_path / "reference" / "small" / "data" / "numbers.txt").write_text("1 2 3")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def notebook(path: Path, *cells: str) -> Path:
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), path)
    return path


def submit(path: Path, *more: str) -> tuple[int, Grade]:
    """Submit, and read the newest attempt's grade.json, having seen that report and row are there too."""
    code = main(["submit", str(path), "--assignment", "small", "--student", "alice", *more])
    rows = Gradebook.at(Path("reports/gradebook.sqlite")).attempts("small", "alice")
    folder = Path("reports/small/alice") / f"attempt-{len(rows)}"
    grade = msgspec.json.decode((folder / "grade.json").read_bytes(), type=Grade)
    assert rows[-1].grade() == grade
    assert (rows[-1].status, rows[-1].reason) == (grade.status, grade.reason)
    assert grade.title in (folder / "report.html").read_text()
    assert len(list(Path("reports/small/alice").iterdir())) == len(rows)
    return code, grade


def verdicts(grade: Grade) -> dict[str, str]:
    return {check.name: check.runs[0].verdict for e in grade.exercises for check in e.checks}


def points(grade: Grade) -> dict[str, float]:
    return {exercise.id: exercise.score for exercise in grade.exercises}


def test_right_work_scores_everything(course: Path) -> None:
    code, grade = submit(notebook(course / "small.ipynb", DOUBLE, NEGATE))
    assert (code, grade.status, grade.score, grade.max_score) == (0, "graded", 10.0, 10.0)
    assert grade.scope == "full"
    assert grade.confinement == choose("auto").layers


def test_a_run_without_confinement_says_so(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.cli.submit.start_engine", start_engine)
    _, grade = submit(notebook(course / "small.ipynb", DOUBLE, NEGATE), "--confinement", "none")
    assert (grade.score, grade.confinement) == (10.0, ())
    assert "ran unconfined: the code ran with the rights of the account that graded it" in grade.notices


def test_grade_json_has_the_shape_that_other_tools_read(course: Path) -> None:
    submit(notebook(course / "small.ipynb", DOUBLE))
    raw = json.loads((course / "reports/small/alice/attempt-1/grade.json").read_text())
    assert {"assignment", "student", "score", "max_score", "devices", "status", "seed", "environment"} <= set(raw)
    check = raw["exercises"][0]["checks"][0]
    assert {"name", "visibility", "points", "max_points", "runs"} <= set(check)
    assert {"device", "verdict", "seconds", "message", "misconception"} <= set(check["runs"][0])


def test_submitting_again_adds_an_attempt_and_overwrites_nothing(course: Path) -> None:
    _, first = submit(notebook(course / "small.ipynb", "x = 1"))
    _, second = submit(notebook(course / "small.ipynb", DOUBLE, NEGATE))
    assert (first.attempt, first.score, second.attempt, second.score) == (1, 0.0, 2, 10.0)
    assert len(list((course / "reports/small/alice").iterdir())) == 2


def test_fresh_seeds_differ_and_a_given_seed_repeats_the_grade(course: Path) -> None:
    path = notebook(course / "small.ipynb", "def double(x):\n    return x + 1", NEGATE)
    (_, a), (_, b) = submit(path), submit(path)
    assert a.seed != b.seed
    (_, c), (_, d) = submit(path, "--seed", "s"), submit(path, "--seed", "s")
    assert [e.checks[0].runs[0].message for e in c.exercises] == [e.checks[0].runs[0].message for e in d.exercises]


def test_a_misconception_is_named_with_its_hint(course: Path) -> None:
    _, grade = submit(notebook(course / "small.ipynb", "def double(x):\n    return x ** 2", NEGATE))
    assert grade.exercises[0].misconception is not None
    assert grade.exercises[0].misconception.name == "squared"
    assert (
        "Squaring and doubling agree for 2 only." in (course / "reports/small/alice/attempt-1/report.html").read_text()
    )


def test_a_side_effect_is_seen_although_the_result_is_right(course: Path) -> None:
    _, grade = submit(notebook(course / "small.ipynb", DOUBLE, "def negate(x):\n    return x.mul_(-1)"))
    assert verdicts(grade)["negate_leaves_its_input_alone"] == "fail"
    assert grade.exercises[1].misconception is not None
    assert grade.exercises[1].misconception.name == "in_place"
    assert points(grade) == {"double": 4.0, "negate": 2.0}


def test_hidden_checks_are_in_the_instructors_edition_only(course: Path) -> None:
    submit(notebook(course / "small.ipynb", "def double(x):\n    return 3 * x", NEGATE))
    folder = course / "reports/small/alice/attempt-1"
    student, instructor = (folder / "report.html").read_text(), (folder / "instructor.html").read_text()
    for canary in ("Hidden description canary", "hidden leaf canary"):
        assert canary in instructor
        assert canary not in student


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("raise RuntimeError('oops')", "error"),
        ("while True: pass", "timeout"),
        ("import os; os._exit(0)", "exit"),
        ("import ctypes; ctypes.string_at(0)", "crash"),
        ("hog = bytearray(40_000_000_000)", "error"),
        ("while True: print('again and again and again')", "output"),
        ("def broken(:", "error"),
    ],
)
def test_a_bad_cell_costs_nothing_but_itself(course: Path, cell: str, reason: str) -> None:
    code, grade = submit(notebook(course / "small.ipynb", DOUBLE, cell, NEGATE))
    assert (code, grade.status, grade.score) == (0, "graded", 10.0)
    assert [(problem.cell, problem.reason) for problem in grade.cells] == [(2, reason)]
    assert grade.cells[0].first_line == cell.splitlines()[0]


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ("while True: pass", "timeout"),
        ("import os; os._exit(0)", "exit"),
        ("import ctypes; ctypes.string_at(0)", "crash"),
        ("return torch.zeros(10**10)", "error"),
        ("\n  while True: print('again and again and again')", "output"),
        ("raise KeyError('x')", "error"),
        ("return open", "fail"),
    ],
)
def test_a_bad_function_costs_its_own_exercise_only(course: Path, body: str, verdict: str) -> None:
    code, grade = submit(notebook(course / "small.ipynb", f"import torch\ndef double(x):\n  {body}", NEGATE))
    assert (code, grade.status) == (0, "graded")
    assert points(grade) == {"double": 0.0, "negate": 6.0}
    assert verdicts(grade)["doubles_a_vector"] == verdict


def test_missing_functions_are_named(course: Path) -> None:
    code, grade = submit(notebook(course / "small.ipynb", DOUBLE))
    assert (code, grade.status, grade.score) == (0, "graded", 4.0)
    assert grade.exercises[1].note == "No cell of the notebook defines `negate`."
    assert grade.exercises[1].checks[0].runs[0].message == "your notebook does not define `negate`"


def test_a_definition_lost_to_a_failing_cell_is_explained(course: Path) -> None:
    _, grade = submit(notebook(course / "small.ipynb", DOUBLE, f"import nothing_like_this\n{NEGATE}"))
    assert grade.exercises[1].note == (
        "Cell 2, which defines `negate`, did not run to its end "
        "(ModuleNotFoundError: No module named 'nothing_like_this')."
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b'{"cells": [{"cell_type": "code", "source"', "line 1"), (b"%PDF-1.7 ...", "PDF")],
)
def test_an_unreadable_notebook_is_recorded_with_the_reason(course: Path, content: bytes, words: str) -> None:
    (course / "small.ipynb").write_bytes(content)
    code, grade = submit(course / "small.ipynb")
    assert (code, grade.status, grade.score, grade.max_score) == (2, "unreadable", 0.0, 10.0)
    assert words in grade.reason
    assert grade.exercises == ()


def test_a_notebook_of_another_assignment_is_told_so(course: Path) -> None:
    code, grade = submit(notebook(course / "mine.ipynb", "def triple(x):\n    return 3 * x"))
    assert (code, grade.status) == (2, "foreign")
    assert grade.reason == (
        "mine.ipynb is a notebook of other, not of small; hand in the right file, or grade it with --assignment other"
    )


def test_the_assignment_is_found_out_from_what_the_notebook_defines(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["submit", str(notebook(course / "mine.ipynb", DOUBLE, NEGATE)), "--student", "bob"]) == 0
    assert "score 10 / 10" in capsys.readouterr().out
    assert main(["submit", str(notebook(course / "odd.ipynb", "x = 1")), "--student", "bob"]) == 2
    assert "add --assignment with one of: other, small" in capsys.readouterr().err


def test_json_prints_the_grade_and_nothing_else(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = notebook(course / "small.ipynb", DOUBLE, NEGATE)
    assert main(["submit", str(path), "--student", "alice", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["score"] == 10.0


def test_a_device_that_is_not_here_is_neither_a_pass_nor_a_failure(course: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    _, grade = submit(notebook(course / "small.ipynb", DOUBLE, NEGATE), "--devices", "cpu,cuda")
    runs = grade.exercises[0].checks[0].runs
    assert [(run.device, run.verdict) for run in runs] == [("cpu", "pass"), ("cuda", "not run")]
    assert "provisional: the checks were not run on cuda, which is not here" in grade.notices


BLIND = "import torch\n\ndef double(x):\n    zeros = torch.zeros(x.shape)\n    return 2 * x + zeros"


@pytest.mark.parametrize("options", [(), ("--devices", "cpu,rehearsal")], ids=["by default", "asked for"])
def test_a_rehearsal_finds_a_device_mistake_beside_the_points(
    course: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    _, grade = submit(notebook(course / "small.ipynb", BLIND, NEGATE), *options)
    assert (grade.score, grade.max_score, grade.devices) == (10.0, 10.0, ("cpu", "rehearsal"))
    double, negate = grade.exercises
    assert [run.verdict for check in double.checks for run in check.runs] == ["pass", "error", "pass", "error"]
    assert [run.verdict for check in negate.checks for run in check.runs] == ["pass"] * 4
    message = double.checks[0].runs[1].message
    assert message.startswith("would fail on a GPU: RuntimeError: ")
    assert "found at least two devices, rehearsal:0 and cpu!" in message
    assert "Here x is on rehearsal:0 and zeros is on cpu: create zeros with device=x.device." in message
    assert "(cell 1, line 5)" in message
    said = capsys.readouterr().out
    assert "simulated GPU" in said
    assert "0 / 2" in said
    told = "rehearsed on a simulated GPU: 2 of 4 checks would fail there; no points are lost by that here"
    assert told in grade.notices
    html = (course / "reports/small/alice/attempt-1/report.html").read_text()
    assert html.count(">would fail on a GPU</span>") == 2


def test_a_rehearsal_without_a_find_is_one_line(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, grade = submit(notebook(course / "small.ipynb", DOUBLE, NEGATE))
    assert grade.notices == ("rehearsed on a simulated GPU: 4 of 4 checks pass there, too",)
    assert capsys.readouterr().out.count("GPU") == 1
    html = (course / "reports/small/alice/attempt-1/report.html").read_text()
    assert html.count("GPU") == 1


def test_a_rehearsal_is_left_away_where_devices_are_named(course: Path) -> None:
    _, grade = submit(notebook(course / "small.ipynb", BLIND, NEGATE), "--devices", "cpu")
    assert (grade.devices, grade.notices) == (("cpu",), ())


def test_a_session_is_asked_nothing_hidden_before_its_public_checks_are_rehearsed(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []
    check = Session.check

    def watched(self: Session, checks: Sequence[CheckSource], *more: Any, **named: Any) -> CheckResult:
        if not named.get("trusted"):
            asked.extend((one.name, named.get("device", "")) for one in checks)
        return check(self, checks, *more, **named)

    monkeypatch.setattr(Session, "check", watched)
    submit(notebook(course / "small.ipynb", BLIND, NEGATE))
    hidden = [name in ("doubles_a_matrix_canary", "negate_leaves_its_input_alone") for name, _ in asked]
    assert hidden == sorted(hidden)
    assert hidden.count(True) >= 4
    assert {device for _, device in asked} == {"", "rehearsal"}


def test_a_rehearsal_alone_is_refused_in_words(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["submit", str(course / "small.ipynb"), "--devices", "rehearsal"])
    assert "a rehearsal goes with the CPU and earns no points: say cpu,rehearsal" in capsys.readouterr().err


def test_a_check_file_that_does_not_fit_is_refused_in_words(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checks = course / "reference" / "small" / "checks.py"
    checks.write_text(CHECKS.replace("points=3", "points=5"))
    path = notebook(course / "small.ipynb", DOUBLE, NEGATE)
    assert main(["submit", str(path), "--student", "alice"]) == 2
    said = capsys.readouterr().err
    assert said == (
        "grader: small/checks.py: the checks of 'double' are worth 6 points in all, assignment.toml says 4\n"
    )
    assert not (course / "reports" / "small" / "alice" / "attempt-1").exists()


def test_a_reference_that_fails_its_own_check_is_the_courses_fault(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (course / "reference" / "small" / "solution.py").write_text(SOLUTION.replace("2 * x", "x.nothing"))
    path = notebook(course / "small.ipynb", DOUBLE, NEGATE)
    assert main(["submit", str(path), "--student", "alice"]) == 2
    assert "the reference does not pass its own check: AttributeError" in capsys.readouterr().err


def test_a_students_copy_is_graded_by_recorded_observations(course: Path, students_copy: StudentsCopy) -> None:
    copy = students_copy(course, "small")
    code, grade = submit(notebook(copy / "small.ipynb", "def double(x):\n    return x * x", NEGATE))
    assert (code, grade.scope, grade.hidden_checks) == (0, "public", 2)
    assert (grade.score, grade.max_score) == (2.0, 3.0)
    assert grade.exercises[0].misconception is not None
    assert grade.exercises[0].misconception.hint == "Squaring and doubling agree for 2 only."
    assert not (copy / "reports/small/alice/attempt-1/instructor.html").exists()


def test_a_students_copy_is_rehearsed_for_errors(course: Path, students_copy: StudentsCopy) -> None:
    copy = students_copy(course, "small")
    _, grade = submit(notebook(copy / "small.ipynb", BLIND, NEGATE))
    assert (grade.scope, grade.score, grade.max_score) == ("public", 3.0, 3.0)
    assert [run.verdict for e in grade.exercises for c in e.checks for run in c.runs] == [
        "pass",
        "error",
        "pass",
        "pass",
    ]


def test_a_damaged_recording_is_told(
    course: Path, capsys: pytest.CaptureFixture[str], students_copy: StudentsCopy
) -> None:
    copy = students_copy(course, "small")
    (copy / "assignments" / "small" / "observations.bin").write_bytes(b"\x00damaged")
    assert main(["submit", str(notebook(copy / "small.ipynb", DOUBLE)), "--student", "a"]) == 2
    assert "damaged, or made by another version of grader; download the assignment again" in capsys.readouterr().err


@pytest.mark.parametrize(
    "kind",
    ["cut off", "a login page", "UTF-16", "Latin-1", "a million cells", "metadata a hundred thousand lists deep"],
)
def test_a_hostile_file_is_recorded_with_the_reason(course: Path, kind: str) -> None:
    (course / "small.ipynb").write_bytes(HANDED[kind].data)
    code, grade = submit(course / "small.ipynb")
    assert (code, grade.status, grade.score) == (2, "unreadable", 0.0)
    assert grade.reason.startswith(f"small.ipynb: {HANDED[kind].told}")


def test_cells_that_kill_parsers_cost_nothing_but_themselves(course: Path) -> None:
    bombs = [BOMBS[name] for name in ("brackets", "a sum", "signs", "digits", "braces in a text", "blocks")]
    code, grade = submit(notebook(course / "small.ipynb", DOUBLE, *bombs, NEGATE))
    assert (code, grade.status, grade.score) == (0, "graded", 10.0)
    assert {problem.cell for problem in grade.cells} <= set(range(2, 8))


def test_markup_everywhere_in_a_notebook_is_graded_and_shown_as_text(course: Path) -> None:
    document = json.loads(scripted())
    document["cells"] += [cell(DOUBLE), cell(NEGATE)]
    (course / "small.ipynb").write_text(json.dumps(document))
    code, grade = submit(course / "small.ipynb")
    assert (code, grade.score) == (0, 10.0)
    page = (course / "reports/small/alice/attempt-1/report.html").read_text()
    assert '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; ' in page
    assert "<script" not in page and "<iframe" not in page and "&lt;script&gt;" in page


def test_errors_full_of_terminal_codes_reach_no_terminal(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = notebook(
        course / "small.ipynb",
        DOUBLE,
        f"raise ValueError({TERMINAL!r})",
        f"def negate(x): raise KeyError({TERMINAL!r})",
    )
    code, grade = submit(path)
    said = capsys.readouterr().out
    assert (code, grade.score) == (0, 4.0)
    assert not set(said) & set("\x1b\x07\x08\x9b\x7f\x00\r\u202e\u2066")
    assert [line for line in said.splitlines() if line.startswith("score")] == ["score 4 / 10"]


@pytest.mark.parametrize(
    ("student", "words"),
    [
        ("", "--student is empty; name who handed in, or leave the option away"),
        ("x" * 201, "--student has 201 letters; at most 200 are kept"),
        ("alice ", "--student 'alice ' begins or ends with a space, or holds a character that cannot be seen"),
        ("a\x1b[2Jb", "--student 'a\\x1b[2Jb' begins or ends"),
        ("\udcff", "--student '\\udcff' begins or ends"),
    ],
)
def test_an_id_that_no_gradebook_can_hold_is_refused_in_words(
    course: Path, student: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = notebook(course / "small.ipynb", DOUBLE)
    assert main(["submit", str(path), "--assignment", "small", f"--student={student}"]) == 2
    assert capsys.readouterr().err.startswith(f"grader: {words}")
    assert not (course / "reports").exists()


def test_students_whose_ids_look_alike_share_no_row_and_no_folder(course: Path) -> None:
    path = notebook(course / "small.ipynb", "x = 1")
    for student in ("Ada", "ada", "a\u0301da", "\u00e1da", "<b>", "7", "007"):
        assert main(["submit", str(path), "--assignment", "small", "--student", student]) == 0
    rows = Gradebook.at(Path("reports/gradebook.sqlite")).attempts("small")
    assert {row.number for row in rows} == {1}
    assert len({row.folder.casefold() for row in rows}) == len(rows) == 7


def test_a_file_name_that_is_no_text_is_graded(course: Path) -> None:
    path = course / "small \udcff<b>.ipynb"
    try:
        path.write_text(notebook_json(cell(DOUBLE), cell(NEGATE)))
    except (OSError, UnicodeError):
        pytest.skip("this file system takes names that are text only")
    assert main(["submit", str(path), "--assignment", "small", "--student", "alice"]) == 0
    (row,) = Gradebook.at(Path("reports/gradebook.sqlite")).attempts("small", "alice")
    assert row.grade().submission == "small ?<b>.ipynb"


def test_a_device_in_place_of_a_notebook_is_refused_and_not_read(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["submit", "/dev/zero", "--assignment", "small"]) == 2
    told = "/dev/zero is no regular file but a pipe, a device or the like; hand in a notebook"
    assert told in capsys.readouterr().err


def test_an_exercise_whose_package_is_missing_is_skipped_and_the_others_bear_its_points(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = course / "reference/small/assignment.toml"
    settings.write_text(SETTINGS + 'needs = ["no_such_weights"]\n')
    _, grade = submit(
        notebook(course / "small.ipynb", "def double(x):\n    return 2 * x if x.dim() == 1 else x", NEGATE)
    )
    assert (grade.score, grade.max_score) == (2.5, 10.0)
    double, negate = grade.exercises
    assert (double.skipped, [check.max_points for check in double.checks]) == (False, [2.5, 7.5])
    assert (negate.skipped, negate.score, negate.max_score, negate.checks) == (True, 0.0, 0.0, ())
    why = "it needs no_such_weights, which is not installed here"
    told = "points rescaled: 4 → 10, because negate could not be checked here"
    shown = " ".join(capsys.readouterr().out.replace("│", " ").replace("`", "").split())
    assert "skipped" in shown and told in shown and why.split(",")[0] in shown
    for edition in ("report.html", "instructor.html"):
        page = (course / "reports/small/alice/attempt-1" / edition).read_text()
        page = page.replace("<code>", "").replace("</code>", "")
        assert "skipped</span>" in page and told in page and why in page


def test_a_skipped_exercise_is_skipped_with_recorded_observations_too(course: Path) -> None:
    assert main(["release", "small"]) == 0
    (course / "reference").rename(course / "kept")
    settings = course / "assignments/small/assignment.toml"
    settings.write_text(settings.read_text() + 'needs = ["no_such_weights"]\n')
    _, grade = submit(notebook(course / "small.ipynb", DOUBLE, NEGATE))
    assert (grade.scope, grade.score, grade.max_score) == ("public", 3.0, 3.0)
    assert [exercise.skipped for exercise in grade.exercises] == [False, True]
    assert "points rescaled: 1 → 3, because `negate` could not be checked here" in grade.notices


def test_nothing_is_released_without_what_an_exercise_needs(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (course / "reference/small/assignment.toml").write_text(SETTINGS + 'needs = ["no_such_weights"]\n')
    assert main(["release", "small"]) == 2
    assert "small: negate cannot be recorded here. Skipped: it needs" in " ".join(capsys.readouterr().err.split())
    assert not (course / "assignments").exists()
