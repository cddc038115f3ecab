"""The export command: from a gradebook to the file a platform takes, or one clear sentence and no file."""

import json
from pathlib import Path

import msgspec
import pytest

from grader.cli import main
from grader.gradebook import Gradebook
from grader.grading.model import ExerciseGrade, Grade, Timing

CANVAS = b"Student,ID,SIS Login ID,Section,Modules (12)\n    Points Possible,,,,20.00\nA,1,alice,S,\nC,3,carol,S,9.00\n"


def grade(student: str, score: float, attempt: int = 1, **changes: object) -> Grade:
    made = Grade(
        assignment="hw2",
        title="Modules",
        student=student,
        attempt=attempt,
        score=score,
        max_score=20.0,
        devices=("cpu",),
        status="graded",
        seed="s",
        submitted_at="2026-11-23T10:00:00+01:00",
        submission="hw2.ipynb",
        digest="0" * 64,
        environment={"torch": "2.15"},
        timing=Timing(start_seconds=1, notebook_seconds=1, checks_seconds=1, total_seconds=3),
        exercises=(ExerciseGrade(id="mlp", title="An MLP", score=score, max_score=20.0),),
    )
    return msgspec.structs.replace(made, **changes)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a gradebook, a report of alice's and a sheet from Canvas."""
    monkeypatch.chdir(tmp_path)
    report = tmp_path / "reports" / "alice" / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text("for alice")
    book = Gradebook.at(tmp_path / "reports" / "gradebook.sqlite")
    book.add(grade("alice", 5.0), tmp_path)
    book.add(grade("alice", 17.5, 2), report.parent)
    book.add(grade("alice", 1.0, 3, scope="public"), tmp_path)
    book.add(grade("bob", 3.0), tmp_path)
    book.close()
    (tmp_path / "sheet.csv").write_bytes(CANVAS)
    return tmp_path


def test_canvas_gets_the_newest_attempt_with_all_checks(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "canvas", "hw2", "--sheet", "sheet.csv"]) == 0
    assert (course / "hw2-canvas.csv").read_bytes() == CANVAS.replace(b"alice,S,", b"alice,S,17.50")
    assert (course / "sheet.csv").read_bytes() == CANVAS
    assert capsys.readouterr().out == ("hw2-canvas.csv: 1 student\ngraded but not in the sheet: bob\nno grade for: C\n")


def test_the_sheet_is_filled_in_place_where_that_was_asked_for(course: Path) -> None:
    assert main(["export", "canvas", "hw2", "--sheet", "sheet.csv", "--in-place"]) == 0
    assert b"alice,S,17.50" in (course / "sheet.csv").read_bytes()
    assert not list(course.glob("hw2-*"))


def test_moodle_gets_grades_and_reports(course: Path) -> None:
    (course / "bogen.csv").write_text(
        "Identifier,Bewertung,Maximum Grade,Last modified (grade),ID number\nTeilnehmer 7,,100.00,-,alice\n"
    )
    assert main(["export", "moodle", "hw2", "--sheet", "bogen.csv", "--column", "grade=Bewertung"]) == 0
    assert "Teilnehmer 7,87.50,100.00,-,alice\n" in (course / "hw2-moodle.csv").read_text()
    arguments = ["--sheet", "bogen.csv", "--column", "grade=Bewertung", "--out", "back.zip"]
    assert main(["export", "moodle-feedback", "hw2", *arguments]) == 0
    assert b"Participant_7_assignsubmission_file_/report.html" in (course / "back.zip").read_bytes()
    (course / "download" / "alice_7_assignsubmission_file").mkdir(parents=True)
    assert main(["export", "moodle-feedback", "hw2", "--submissions", "download"]) == 0


@pytest.mark.parametrize(
    ("name", "ending", "words"),
    [
        ("csv", "csv", "alice,,,,17.5,20.0,no,"),
        ("nbgrader", "csv", "hw2,,2026-11-23T10:00:00+01:00,alice,"),
        ("jsonl", "jsonl", '"student_id":"bob"'),
        ("junit", "xml", '<testsuite name="alice"'),
        ("parquet", "parquet", "PAR1"),
    ],
)
def test_tables_hold_the_class(course: Path, name: str, ending: str, words: str) -> None:
    assert main(["export", name, "hw2"]) == 0
    assert words.encode() in (course / f"hw2-{name}.{ending}").read_bytes()


def test_formats_of_one_grade_take_one_student(course: Path) -> None:
    assert main(["export", "gradescope", "hw2", "--student", "alice", "--out", "results.json"]) == 0
    assert json.loads((course / "results.json").read_text())["score"] == 17.5
    assert main(["export", "prairielearn", "hw2", "--student", "bob"]) == 0
    assert json.loads((course / "hw2-prairielearn.json").read_text())["score"] == 0.15
    assert main(["export", "junit", "hw2", "--student", "bob"]) == 0
    assert b'<testsuite name="mlp"' in (course / "hw2-junit.xml").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["csv", "hw9"], "the gradebook holds no grade of 'hw9'; check the assignment's name"),
        (["csv", "hw2", "--reports", "no"], "no/gradebook.sqlite: there is no gradebook; name its folder with"),
        (["canvas", "hw2"], "canvas needs the sheet that you downloaded: name it with --sheet"),
        (["moodle-feedback", "hw2"], "moodle-feedback needs the sheet that you downloaded: name it with --sheet or"),
        (["canvas", "hw2", "--sheet", "no.csv"], "no.csv: cannot be read (No such file or directory); check the name"),
        (["canvas", "hw2", "--sheet", "sheet.csv", "--column", "hw3"], "sheet.csv: there is no assignment 'hw3'; name"),
        (["canvas", "hw2", "--sheet", "sheet.csv", "--out", "sheet.csv"], "sheet.csv: that is the sheet to fill;"),
        (["csv", "hw2", "--in-place"], "--in-place writes into --sheet, for canvas and moodle, and goes without --out"),
        (["moodle", "hw2", "--sheet", "sheet.csv", "--column", "x"], "--column 'x': write WHAT=HEADER, with one of"),
        (["moodle", "hw2", "--sheet", "sheet.csv"], "sheet.csv: the first line has no column 'Identifier', 'Grade'"),
        (["gradescope", "hw2"], "gradescope is for one student; name one with --student; graded are alice, bob"),
        (["junit", "hw2", "--student", "zoe"], "junit knows no student 'zoe'; graded are alice, bob"),
        (["csv", "hw2", "--out", "no/x.csv"], "no/x.csv: the export cannot be written (No such file or directory);"),
    ],
)
def test_bad_input_is_told_in_one_sentence_and_writes_nothing(
    course: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(course.rglob("*"))
    assert main(["export", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"grader: {words}")
    assert said.count("\n") == 1
    assert sorted(course.rglob("*")) == before
    assert (course / "sheet.csv").read_bytes() == CANVAS
