"""``report hw2`` writes the page on the class, and ``misconception`` prints what an unnamed mistake becomes."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest
from support.grades import exercises, grade
from support.shared import Shared

from grader.cli import main
from grader.gradebook import Gradebook
from grader.grading.evidence import Evidence
from grader.grading.model import CheckGrade, Run, grade_json
from grader.observe.engine import Engine
from grader.wire.encode import encode
from grader.wire.outcome import Returned

SETTINGS = """title = "Hooks"
[[exercise]]
id = "scale_hook"
title = "Scale hook"
points = 12
"""
CHECKS = '''from grader.authoring import check
@check(exercise="scale_hook", points=12)
def scales(work, rng):
    """It scales."""
    return work.scale_hook(1.0)
'''


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Path:
    """A class of three, two of them wrong by nearly the same; the course's folder is the current one."""
    reference = tmp_path / "reference" / "hw2"
    reference.mkdir(parents=True)
    (reference / "assignment.toml").write_text(SETTINGS)
    (reference / "checks.py").write_text(CHECKS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("grader.cli.classpage.Zygote", lambda *_: Shared(engine))
    book = Gradebook(Path("reports/gradebook.sqlite"))
    for student, value in (("alice", 2.0), ("bobby", 2.0 + 1e-7), ("carla", 3.0)):
        folder = Path("reports/hw2") / student / "attempt-1"
        folder.mkdir(parents=True)
        (folder / "observations.bin").write_bytes(
            msgspec.msgpack.encode(Evidence({"cpu": {"scales": Returned(encode(value))}}))
        )
        (folder / "report.html").write_text("a report")
        made = graded(student)
        (folder / "grade.json").write_bytes(grade_json(made))
        book.add(made, folder)
    book.close()
    return tmp_path


def graded(student: str):  # type: ignore[no-untyped-def]
    (exercise,) = exercises(scale_hook=(0, 12))
    run = Run(device="cpu", verdict="fail", seconds=0.1, message="got another number")
    check = CheckGrade(
        name="scales", visibility="public", description="It scales.", points=0, max_points=12, runs=(run,)
    )
    code = f"def scale_hook(x):\n    return x + {len(student)}  # {student}"
    return grade(student, exercises=(msgspec.structs.replace(exercise, code=code, checks=(check,)),))


def test_without_a_student_the_page_on_the_class_is_written(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "hw2"]) == 0
    path = Path("reports/hw2/class/index.html")
    assert capsys.readouterr().out == f"{path}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    html = path.read_text("utf-8")
    assert '<span class="number">2</span>' in html
    assert "got another number" in html
    assert 'href="../carla/attempt-1/report.html"' in html
    command = "python -m grader misconception hw2 --from reports/hw2/alice/attempt-1 --exercise scale_hook"
    assert command in html


def test_the_command_on_the_page_prints_a_misconception(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = "misconception hw2 --from reports/hw2/alice/attempt-1 --exercise scale_hook"
    assert main(command.split()) == 0
    printed = capsys.readouterr().out
    assert printed.startswith('@misconception(exercise="scale_hook")\ndef name_it(work):\n    """')
    assert printed.endswith("    def scale_hook(x):\n        return x + 5  # alice\n\n    return scale_hook\n")


def test_anonymous_is_a_page_of_its_own_without_names(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "hw2", "--anonymous"]) == 0
    path = Path("reports/hw2/class-anonymous/index.html")
    html = path.read_text("utf-8")
    assert not any(name in html for name in ("alice", "bobby", "carla"))
    assert "got another number" in html
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert main(["report", "hw2", "--anonymous"]) == 0
    assert path.read_text("utf-8") == html  # the same pseudonyms again


def test_everybodys_own_reports_are_written_with_everybody(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "hw2", "--everybody"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line for line in printed if line.endswith("report.html")] == [
        f"reports/hw2/{student}/attempt-1/report.html" for student in ("alice", "bobby", "carla")
    ]
    assert not Path("reports/hw2/class").exists()


def test_what_does_not_go_together_is_refused(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "hw2", "--attempt", "1"]) == 2
    assert "--attempt is for one student's report" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["report", "hw2", "alice", "--anonymous"])
    assert main(["misconception", "hw2", "--from", "nowhere", "--exercise", "scale_hook"]) == 2
    assert "--from takes the folder of an attempt" in capsys.readouterr().err
