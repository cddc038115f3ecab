"""The autograder, laid out as Gradescope does: whatever is handed in, there is a results.json that it takes."""

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ci.conftest import DOUBLE, NEGATE, Repository
from export.test_gradescope import TEST, TOP, VISIBILITIES

from grader.assignment.folder import load
from grader.ci.autograder.build import write_autograder
from grader.ci.autograder.failed import WORDS
from grader.ci.autograder.grade import write_results

COURSE = Path(__file__).parents[3]
SHIPPED = COURSE / "reference" / "hw1" / "submissions"


def laid_out(root: Path, course: Path, assignment: str) -> Path:
    """/autograder as Gradescope makes it of the zip."""
    root.mkdir()
    write_autograder(load(course, assignment), root / "upload.zip")
    with zipfile.ZipFile(root / "upload.zip") as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, root / "source"))
            path.chmod(entry.external_attr >> 16 & 0o777)
    (root / "upload.zip").unlink()
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    (root / "submission").mkdir()
    (root / "results").mkdir()
    return root


def run(root: Path, environment: str = sys.prefix) -> subprocess.CompletedProcess[str]:
    told = os.environ | {"GRADER_AUTOGRADER": str(root), "GRADER_ENVIRONMENT": environment}
    return subprocess.run(
        ["./run_autograder"], cwd=root, env=told, capture_output=True, text=True, check=False, timeout=170
    )


def results(root: Path) -> dict[str, Any]:
    """results.json, by Gradescope's rules."""
    made = json.loads((root / "results" / "results.json").read_text())
    assert set(made) <= {*TOP, "leaderboard"}
    assert made["visibility"] in VISIBILITIES
    assert "score" in made or all("score" in test for test in made["tests"])
    for test in made["tests"]:
        assert set(test) <= {*TEST, "output_format", "name_format", "extra_data"}
        assert test["visibility"] in VISIBILITIES
        assert test["status"] in ("passed", "failed")
    return made


@pytest.fixture
def autograder(course: Path, tmp_path: Path) -> Path:
    """Laid out for the small assignment; the tests' own engine grades there."""
    return laid_out(tmp_path / "autograder", course, "small")


def test_a_shipped_submission_gets_its_points(tmp_path: Path) -> None:
    root = laid_out(tmp_path / "autograder", COURSE, "hw1")
    shutil.copy(SHIPPED / "complete.ipynb", root / "submission" / "my homework.ipynb")
    (root / "submission_metadata.json").write_text(
        '{"created_at": "2026-10-01T10:00:00-07:00", "users": [{"email": "ada@example.org"}], '
        '"previous_submissions": [{}], "assignment": {"total_points": "20.0"}}'
    )
    # What lies in the current folder or in the submission must not pass for a module of the grader's.
    for place in (root, root / "submission"):
        (place / "grader.py").write_text("raise SystemExit('imported')")
    done = run(root)
    assert done.returncode == 0, done.stderr
    made = results(root)
    assert (made["score"], made["extra_data"]["attempt"]) == (100.0, 2)
    assert sum(test["score"] for test in made["tests"]) == pytest.approx(100.0)
    assert "note: this assignment has 20.0 points on Gradescope and 100 here" in done.stdout


def test_hidden_checks_are_points_only(autograder: Path, student: Repository) -> None:
    made = student.notebook("small.ipynb", DOUBLE, "def negate(x):\n    return x")
    shutil.copy(made, autograder / "submission")
    write_results(autograder, "auto")
    found = results(autograder)
    assert found["score"] == 4.0
    assert "canary" not in json.dumps(found)
    assert [test["visibility"] for test in found["tests"]] == ["visible", "visible", "hidden"]


def test_a_student_without_a_notebook_is_told_so(autograder: Path) -> None:
    write_results(autograder, "auto")
    found = results(autograder)
    assert found["score"] == 0.0
    assert found["output"].startswith("unreadable: there is no notebook among the files handed in")


def test_an_archive_is_opened(autograder: Path, student: Repository) -> None:
    made = student.notebook("x.ipynb", DOUBLE, NEGATE)
    with zipfile.ZipFile(autograder / "submission" / "work.zip", "w") as archive:
        archive.write(made, "work/x.ipynb")
    write_results(autograder, "auto")
    assert results(autograder)["score"] == 10.0


def failed(root: Path) -> bool:
    made = results(root)
    assert (made["output"], made["extra_data"]) == (WORDS, {"status": "not graded"})
    return "score" not in made and [test["max_score"] for test in made["tests"]] == [0.0]


def test_a_fault_of_the_graders_is_no_silent_zero(
    autograder: Path, student: Repository, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("grader.ci.grading.open_engine", broken)
    shutil.copy(student.notebook("small.ipynb", DOUBLE), autograder / "submission")
    write_results(autograder, "auto")
    assert failed(autograder)
    assert "secret detail" not in (autograder / "results" / "results.json").read_text()
    assert "secret detail" in capfd.readouterr().err


def test_a_grader_that_does_not_start_leaves_results_too(autograder: Path) -> None:
    (autograder / "results" / "results.json").write_text("of an earlier run")
    done = run(autograder, environment="/nowhere")
    assert done.returncode == 0
    assert failed(autograder)


def test_setup_puts_this_grader_in_place_and_hides_the_reference(course: Path, tmp_path: Path) -> None:
    root = laid_out(tmp_path / "autograder", course, "small")
    home = tmp_path / "environment"
    venv.create(home)
    (site,) = home.glob("lib/python*/site-packages")
    # Everything but the grader comes from the tests' own environment; an older grader is there already.
    (site / "all.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    (site / "grader").mkdir()
    (site / "grader" / "__init__.py").write_text("old = True")
    told = os.environ | {"GRADER_AUTOGRADER": str(root), "GRADER_ENVIRONMENT": str(home)}
    done = subprocess.run(
        ["bash", str(root / "source" / "setup.sh")], env=told, capture_output=True, text=True, check=False, timeout=170
    )
    assert done.returncode == 0, done.stderr
    assert "old" not in (site / "grader" / "__init__.py").read_text()
    assert (site / "grader" / "ci" / "autograder" / "files" / "setup.sh").is_file()
    assert not [path for path in (root / "source").rglob("*") if path.stat().st_mode & 0o077]
    assert "Student code here" in done.stdout
