"""`ci`, end to end: files, exit codes, and what a student's repository cannot do."""

import html
import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from ci.conftest import DOUBLE, NEGATE, Repository
from support.course import released

from grader.cli import main
from grader.observe.engine import Engine

WRONG = "def negate(x):\n    return x"
SHIPPED = Path(__file__).parents[2]


def ci(course: Path, student: Repository, *more: str) -> int:
    out = student.root.parent / "out"
    return main(["ci", "--course", str(course), "--repository", str(student.root), "--out", str(out), *more])


@pytest.fixture
def out(student: Repository) -> Path:
    return student.root.parent / "out"


def test_a_changed_notebook_ends_in_all_the_files(course: Path, student: Repository, out: Path) -> None:
    student.notebook("work/small.ipynb", DOUBLE, WRONG)
    student.commit()
    assert ci(course, student, "--student", "ada") == 0
    (folder,) = (path for path in out.iterdir() if path.is_dir())
    assert {path.name for path in folder.iterdir()} == {"report.html", "grade.json", "junit.xml"}
    grade = json.loads((folder / "grade.json").read_text())
    assert (grade["assignment"], grade["student"], grade["score"], grade["max_score"]) == ("small", "ada", 4.0, 10.0)
    assert {case.get("name") for case in ET.parse(folder / "junit.xml").iter("testcase")} >= {"doubles_a_vector"}
    rows = (student.root / "work/small.ipynb").read_text().split("\n")
    entries = json.loads((out / "gl-code-quality-report.json").read_text())
    assert [entry["check_name"] for entry in entries] == ["small.negate.negates", "small.negate.negates_a_matrix"]
    for entry in entries:
        assert entry["location"]["path"] == "work/small.ipynb"
        assert "def negate(x):" in rows[entry["location"]["lines"]["begin"] - 1]
    assert (out / "annotations.txt").read_text().count("::error file=work/small.ipynb,line=") == 2
    assert "4 / 10 (40 %)" in (out / "summary.md").read_text()


def test_nothing_of_hidden_checks_but_their_verdict_is_in_any_file(
    course: Path, student: Repository, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    student.notebook("small.ipynb", DOUBLE, WRONG)
    student.commit()
    ci(course, student)
    said = capsys.readouterr()
    texts = [said.out, said.err, *(path.read_text() for path in out.rglob("*") if path.is_file())]
    assert len(texts) == 8
    for text in texts:
        assert "canary" not in html.unescape(text).lower()
    assert json.loads((out / "small" / "grade.json").read_text())["seed"] == ""


@pytest.mark.parametrize(("fail_under", "code"), [("0", 0), ("40", 0), ("40.5", 1), ("100", 1)])
def test_the_exit_code_follows_fail_under(course: Path, student: Repository, fail_under: str, code: int) -> None:
    student.notebook("small.ipynb", DOUBLE, WRONG)
    student.commit()
    assert ci(course, student, "--fail-under", fail_under) == code


def test_with_what_students_get_the_public_checks_are_graded(
    course: Path, student: Repository, out: Path, engine: Engine
) -> None:
    student.notebook("small.ipynb", DOUBLE, NEGATE)
    student.commit()
    assert ci(course, student, "--public-only") == 2
    released(course, "small", engine)
    assert ci(course, student, "--public-only", "--fail-under", "100") == 0
    assert "Public checks only; 1 hidden check" in (out / "summary.md").read_text()
    shutil.rmtree(course / "reference")
    assert ci(course, student, "--fail-under", "100") == 0
    grade = json.loads((out / "small" / "grade.json").read_text())
    assert (grade["scope"], grade["hidden_checks"]) == ("public", 1)


def test_an_assignment_that_is_named_is_the_one(
    course: Path, student: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    student.notebook("anything.ipynb", DOUBLE, NEGATE)
    student.commit()
    assert ci(course, student, "--assignment", "small", "--fail-under", "100") == 0
    assert ci(course, student, "--assignment", "large") == 2
    assert "there is no assignment 'large'" in capsys.readouterr().err


def test_every_notebook_has_to_reach_it(course: Path, student: Repository, out: Path) -> None:
    student.notebook("a/small.ipynb", DOUBLE, NEGATE)
    student.notebook("b/small.ipynb", DOUBLE, WRONG)
    student.commit()
    assert ci(course, student, "--fail-under", "50") == 1
    assert ci(course, student, "--fail-under", "50", str(student.root / "a")) == 0
    assert len([path for path in out.iterdir() if path.is_dir()]) == 1


def test_what_cannot_be_graded_is_never_a_pass(course: Path, student: Repository, out: Path) -> None:
    student.write("small.ipynb", "{ not json")
    student.commit()
    assert ci(course, student) == 1
    assert json.loads((out / "small" / "grade.json").read_text())["status"] == "unreadable"
    assert "not graded" in (out / "summary.md").read_text()
    assert json.loads((out / "gl-code-quality-report.json").read_text())[0]["severity"] == "critical"


def test_a_notebook_of_no_assignment_is_named_and_no_pass_under_a_threshold(
    course: Path, student: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    student.notebook("scratch.ipynb", "x = 1")
    student.commit()
    assert ci(course, student) == 0
    assert (
        "not graded: scratch.ipynb: it cannot be told which assignment this is for (small)" in capsys.readouterr().out
    )
    assert ci(course, student, "--fail-under", "50") == 1


def test_nothing_changed_is_nothing_to_fail(course: Path, student: Repository, out: Path) -> None:
    student.write("notes.txt", "words")
    student.commit()
    assert ci(course, student, "--fail-under", "50") == 0
    assert json.loads((out / "gl-code-quality-report.json").read_text()) == []
    assert "No notebook to grade." in (out / "summary.md").read_text()


def test_a_second_run_replaces_the_files_of_the_first(course: Path, student: Repository, out: Path) -> None:
    student.notebook("small.ipynb", DOUBLE)
    student.commit()
    ci(course, student)
    student.git("mv", "small.ipynb", "small-2.ipynb")
    student.commit()
    ci(course, student)
    assert [path.name for path in out.iterdir() if path.is_dir()] == ["small-2"]


def test_github_reads_annotations_and_summary(
    course: Path,
    student: Repository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    student.notebook("small.ipynb", DOUBLE, WRONG)
    student.commit()
    ci(course, student)
    assert page.read_text().startswith("before\n## Homework")
    commands = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::")]
    assert len(commands) == 2


EVIL = "\\n::error::all is lost\\n::set-env name=PATH::/evil\\n##[error]no"


def test_nothing_that_a_student_prints_raises_or_names_is_a_command(
    course: Path, student: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    name = "small\n::error file=x::of the name\n##[error]y.ipynb"
    student.notebook(
        name,
        f"print('{EVIL}')\nraise ValueError('{EVIL}')",
        f"def double(x):\n    print('{EVIL}')\n    raise ValueError('{EVIL}')",
        f"def negate(x):\n    return {{'{EVIL}': x}}",
    )
    student.notebook("scratch\n::error::of a name.ipynb", "x = 1")
    student.commit()
    ci(course, student)
    ci(course, student, "--base", "x\n::error::of a base")
    said = capsys.readouterr()
    for line in (said.out + said.err).splitlines():
        if line.lstrip().startswith("::"):
            assert line.startswith(
                (f"::error file={name.replace('%', '%25').splitlines()[0]}%0A", "::warning file=small%0A")
            )
        else:
            assert line.startswith("grader: ")
            assert "##[" not in line


def test_a_pull_request_cannot_bring_what_grades_it(course: Path, student: Repository, out: Path) -> None:
    checks = (course / "reference/small/checks.py").read_text().replace("work.negate(rng", "(lambda x: x)(rng")
    for folder in ("reference/small", "assignments/small", "course/reference/small"):
        student.write(f"{folder}/assignment.toml", (course / "reference/small/assignment.toml").read_text())
        student.write(f"{folder}/checks.py", checks)
        student.write(f"{folder}/solution.py", (course / "reference/small/solution.py").read_text())
    student.notebook("small.ipynb", DOUBLE, WRONG)
    student.commit()
    assert ci(course, student, "--fail-under", "50") == 1
    assert json.loads((out / "small" / "grade.json").read_text())["score"] == 4.0
    for place in (student.root, student.root / "course"):
        assert ci(place, student) == 2


def test_links_of_a_repository_lead_nowhere(course: Path, student: Repository, tmp_path: Path) -> None:
    (student.root / "small.ipynb").symlink_to(course / "reference/small/solution.py")
    (student.root / "grader-ci").symlink_to(course / "reference")
    student.commit()
    assert ci(course, student, "--fail-under", "50") == 1
    assert ci(course, student, "--out", str(student.root / "grader-ci")) == 2
    assert ci(course, student, "--out", str(student.root / "grader-ci" / "small")) == 2
    assert (course / "reference/small/checks.py").is_file()


def test_a_folder_with_other_files_is_not_emptied(course: Path, student: Repository) -> None:
    assert ci(course, student, "--out", str(student.root.parent)) == 2
    assert (student.root / "README.md").is_file()


def test_without_confinement_nothing_is_graded(
    course: Path, student: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Open:
        mode = "none"

        def close(self) -> None: ...

    monkeypatch.setattr("grader.ci.grading.open_engine", lambda *_: Open())
    student.notebook("small.ipynb", DOUBLE)
    student.commit()
    assert ci(course, student) == 2
    assert "student code cannot be confined on this machine" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["-1", "101", "nan", "many"])
def test_what_is_no_percentage_is_refused(course: Path, student: Repository, number: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        ci(course, student, "--fail-under", number)


MODULES = (
    "grader/__init__",
    "grader/cli/__init__",
    "torch",
    "sitecustomize",
    "usercustomize",
    "conftest",
    "msgspec",
    "json",
)


def test_modules_in_the_repository_are_never_imported(tmp_path: Path, student: Repository) -> None:
    mark = tmp_path / "mark"
    for module in MODULES:
        student.write(f"{module}.py", f"open({str(mark)!r}, 'a').write({module!r})\n")
    student.write("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '--evil'\n")
    student.write(".env", f"PYTHONPATH={student.root}\n")
    shipped = (SHIPPED / "reference/hw1/submissions/complete.ipynb").read_text()
    student.write("hw1.ipynb", shipped)
    student.commit()
    command = [sys.executable, "-P", "-m", "grader", "ci", "--course", str(SHIPPED), "--fail-under", "100"]
    done = subprocess.run(command, cwd=student.root, capture_output=True, text=True, check=False, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hw1.ipynb: 100 / 100" in done.stdout
    assert not mark.exists()
    assert {path.name for path in (student.root / "grader-ci" / "hw1").iterdir()} == {
        "report.html", "grade.json", "junit.xml",
    }  # fmt: skip
