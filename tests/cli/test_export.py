"""The export command: from a gradebook to the file a platform takes, or one clear sentence and no file."""

import csv
import json
import zipfile
from pathlib import Path

import pytest
from export.canvas_site import Canvas, Look, Student
from export.moodle_site import Moodle, Participant
from support.grades import grade

from grader.cli import main
from grader.gradebook import Gradebook
from grader.grading.model import ExerciseGrade

SETTINGS = 'title = "Modules"\n[[exercise]]\nid = "mlp"\ntitle = "An MLP"\npoints = 20\n'
CANVAS = b"Student,ID,SIS Login ID,Section,Modules (12)\n    Points Possible,,,,20.00\nA,1,alice,S,\nC,3,carol,S,9.00\n"


def put(book: Gradebook, student: str, score: float, folder: Path, attempt: int = 1, **changes: object) -> None:
    exercises = (ExerciseGrade(id="mlp", title="An MLP", score=score, max_score=20.0),)
    book.add(grade(student, attempt, score=score, exercises=exercises, **changes), folder)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course with a gradebook, a report of alice's and a sheet from Canvas."""
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "reference" / "hw2"
    home.mkdir(parents=True)
    (home / "assignment.toml").write_text(SETTINGS)
    report = tmp_path / "reports" / "alice" / "report.html"
    report.parent.mkdir(parents=True)
    report.write_text("for alice")
    book = Gradebook.at(tmp_path / "reports" / "gradebook.sqlite")
    put(book, "alice", 5.0, tmp_path)
    put(book, "alice", 17.5, report.parent, 2)
    put(book, "alice", 1.0, tmp_path, 3, scope="public")
    put(book, "bob", 3.0, tmp_path)
    book.close()
    (tmp_path / "sheet.csv").write_bytes(CANVAS)
    return tmp_path


def test_canvas_gets_the_attempt_that_counts(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
        ("csv", "csv", "alice,,,,17.5,20.0,no,2026-11-23T09:00:00+00:00,timed,0.0,2,17.5,0.0,attempt 2,"),
        ("nbgrader", "csv", "hw2,,2026-11-23T09:00:00+00:00,alice,,,,17.5,0.0,17.5,20.0"),
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
        (["csv", "hw9"], "there is no assignment 'hw9' in "),
        (["csv", "hw2", "--reports", "no"], "there is no gradebook at no/gradebook.sqlite;"),
        (["canvas", "hw2"], "canvas needs the sheet that you downloaded: name it with --sheet"),
        (["moodle-feedback", "hw2"], "moodle-feedback needs the sheet that you downloaded: name it with --sheet, or"),
        (["canvas", "hw2", "--sheet", "no.csv"], "no.csv: cannot be read (No such file or directory); check the name"),
        (["canvas", "hw2", "--sheet", "sheet.csv", "--column", "hw3"], "sheet.csv: there is no assignment 'hw3'; name"),
        (["canvas", "hw2", "--sheet", "sheet.csv", "--out", "sheet.csv"], "sheet.csv: that is the sheet to fill;"),
        (["csv", "hw2", "--in-place"], "--in-place writes into --sheet, for canvas and moodle, and goes without --out"),
        (["moodle", "hw2", "--sheet", "sheet.csv", "--column", "x"], "--column 'x': write WHAT=HEADER, with one of"),
        (["moodle", "hw2", "--sheet", "sheet.csv"], "sheet.csv: the first line has no column 'Identifier', 'Grade'"),
        (["gradescope", "hw2"], "gradescope is for one student; name one with --student; graded are alice, bob"),
        (["junit", "hw2", "--student", "zoe"], "junit knows no student 'zoe' who handed in; graded are alice, bob"),
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


@pytest.fixture
def decided(course: Path) -> Path:
    """The class with everything that makes a final grade another than what the checks gave.

    alice is a day late, bob's total is set, carol is excused, dan has an extension, erin has the best of two attempts,
    fay's hand-in time is unknown, and gil is known and has handed in nothing.
    """
    (course / "course.toml").write_text("[due]\nhw2 = 2026-11-22T12:00:00+01:00\n[late]\npercent_per_day = 10\n")
    book = Gradebook.at(course / "reports" / "gradebook.sqlite")
    for student in ("carol", "dan"):
        put(book, student, 16.0, course)
    put(book, "erin", 12.0, course, submitted_at="2026-11-20T10:00:00+00:00")
    put(book, "erin", 12.5, course, 2)
    put(book, "fay", 11.0, course, arrival="unknown")
    book.add(grade("gil", assignment="hw1"), course)
    book.close()
    why = ["--by", "ta", "--reason"]
    assert main(["override", "hw2", "bob", "--points", "9.25", *why, "=1+1 graded <by hand>"]) == 0
    assert main(["excuse", "hw2", "carol", *why, "ill"]) == 0
    assert main(["extend", "hw2", "dan", "--days", "3", *why, "ill too"]) == 0
    return course


FINAL = {"alice": 15.75, "bob": 9.25, "dan": 16.0, "erin": 12.0, "fay": 11.0}
STUDENTS = ("alice", "bob", "carol", "dan", "erin", "fay", "gil", "hal")


def test_canvas_reads_final_grades_and_nothing_else(decided: Path) -> None:
    people = tuple(Student(100 + at, name.title(), name.title(), login=name) for at, name in enumerate(STUDENTS))
    gil, hal = (106, 12), (107, 12)
    site = Canvas(people, {11: ("Quiz", 5.0), 12: ("Modules", 20.0)}, {gil: "4.00", hal: "EX", (100, 11): "3.50"})
    before = site.export(Look(bom=True, line_end="\r\n"))
    (decided / "sheet.csv").write_bytes(before)
    assert main(["export", "canvas", "hw2", "--sheet", "sheet.csv", "--out", "filled.csv"]) == 0
    after = (decided / "filled.csv").read_bytes()
    imported = site.read(after)
    expected = {(100 + STUDENTS.index(name), 12): f"{points:.2f}" for name, points in FINAL.items()}
    assert imported.changes == {**expected, (102, 12): "EX"}
    assert imported.new_assignments == imported.new_students == []
    lines = zip(before.split(b"\r\n"), after.split(b"\r\n"), strict=True)
    assert sum(old != new for old, new in lines) == len(imported.changes), "every other line is as it was"


def test_moodle_reads_final_grades_with_every_deduction_in_words(decided: Path) -> None:
    site = Moodle(tuple(Participant(100 + at, name, name) for at, name in enumerate(STUDENTS)), maximum=20.0)
    (decided / "sheet.csv").write_bytes(site.worksheet())
    assert main(["export", "moodle", "hw2", "--sheet", "sheet.csv", "--comments", "--out", "filled.csv"]) == 0
    grades, comments = site.read((decided / "filled.csv").read_bytes())
    assert grades == {100 + STUDENTS.index(name): points for name, points in FINAL.items()}
    assert set(comments) == set(grades)
    assert comments[100] == (
        "An MLP: 17.5 / 20<br>attempt 2: 17.5<br>"
        "1 day late (due 2026-11-22 12:00 UTC+01:00): 10% for each day begun: -1.75"
    )
    assert "total set to 9.25 (was 2.7): +6.55 (=1+1 graded &lt;by hand&gt;)" in comments[101]
    assert comments[105].endswith("hand-in time unknown: no late deduction")
    assert "ta" not in comments[101].split("<br>")[-1].split(), "students read why, and not who"


def test_tables_hold_final_grades_and_run_nothing(decided: Path) -> None:
    assert main(["export", "csv", "hw2"]) == 0
    table = {line["student_id"]: line for line in csv.DictReader((decided / "hw2-csv.csv").open(newline=""))}
    assert {name: float(line["points"]) for name, line in table.items() if line["points"]} == FINAL
    assert (table["carol"]["excused"], table["carol"]["points"]) == ("yes", "")
    assert (table["alice"]["raw_points"], table["alice"]["late_points"]) == ("17.5", "1.75")
    assert (table["fay"]["arrival"], table["fay"]["submitted_at"]) == ("unknown", "")
    assert table["bob"]["why"].endswith("total set to 9.25 (was 2.7): +6.55 (ta: =1+1 graded <by hand>)")
    assert "gil" not in table
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in table.values() for cell in line.values())
    assert main(["export", "nbgrader", "hw2"]) == 0
    lines = {line["student_id"]: line for line in csv.DictReader((decided / "hw2-nbgrader.csv").open(newline=""))}
    columns = ("raw_score", "late_submission_penalty", "score")
    assert [lines["alice"][column] for column in columns] == ["17.5", "1.75", "15.75"]
    assert [lines["bob"][column] for column in columns] == ["9.25", "0.0", "9.25"]
    assert [lines["carol"][column] for column in columns] == ["", "", ""]
    assert main(["export", "junit", "hw2"]) == 0
    assert '<property name="total" value="15.75 of 20 points" />' in (decided / "hw2-junit.xml").read_text()


def test_formats_of_one_grade_hold_what_counts_and_why(decided: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "gradescope", "hw2", "--student", "bob", "--out", "results.json"]) == 0
    results = json.loads((decided / "results.json").read_text())
    assert results["score"] == 9.25
    assert "total set to 9.25 (was 2.7): +6.55 (=1+1 graded <by hand>)" in results["output"].splitlines()
    assert main(["export", "prairielearn", "hw2", "--student", "erin"]) == 0
    assert json.loads((decided / "hw2-prairielearn.json").read_text())["message"] == "12 of 20 points"
    capsys.readouterr()
    assert main(["export", "gradescope", "hw2", "--student", "carol"]) == 2
    assert capsys.readouterr().err == (
        "grader: carol is excused, which a file for Gradescope cannot say; excuse the student there\n"
    )


def test_a_run_of_the_public_checks_is_no_grade(decided: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = Gradebook.at(decided / "reports" / "gradebook.sqlite")
    put(book, "ivy", 8.0, decided, scope="public", max_score=8.0)
    put(book, "joe", 8.0, decided, scope="public", max_score=8.0)
    book.close()
    assert main(["override", "hw2", "joe", "--points", "13", "--reason", "on paper"]) == 0
    capsys.readouterr()
    assert main(["export", "csv", "hw2"]) == 0
    assert "left out, for only the public checks were run: ivy\n" in capsys.readouterr().out
    students = [line["student_id"] for line in csv.DictReader((decided / "hw2-csv.csv").open(newline=""))]
    assert (students[-1], "ivy" in students) == ("joe", False)


def test_feedback_files_say_what_counts_now(decided: Path) -> None:
    (decided / "download" / "Alice Doe_7_assignsubmission_file").mkdir(parents=True)
    (decided / "roster.csv").write_text("id,name\nalice,Alice Doe\n")
    arguments = ["--submissions", "download", "--roster", "roster.csv", "--out", "back.zip"]
    assert main(["export", "moodle-feedback", "hw2", *arguments]) == 0
    with zipfile.ZipFile(decided / "back.zip") as archive:
        page = archive.read("Alice Doe_7_assignsubmission_file_/report.html").decode()
    assert "1 day late" in page
    assert "15.75" in page
    assert (decided / "reports/alice/report.html").read_text() == "for alice", "what lies there is left alone"
