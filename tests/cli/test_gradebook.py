"""The commands on the gradebook print what is in it, and put what is decided into the reports."""

from __future__ import annotations

import csv
import io
import json
from contextlib import closing
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from support.grades import exercises, grade

from grader.cli import main
from grader.gradebook import Gradebook

SETTINGS = """title = "Hooks"
[[exercise]]
id = "scale_hook"
title = "Scale hook"
points = 12
[[exercise]]
id = "make_mlp"
title = "An MLP"
points = 8
"""


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A class of two, alice a day late, with the folder of her attempt; the folder is the current one."""
    (tmp_path / "reference" / "hw2").mkdir(parents=True)
    (tmp_path / "reference" / "hw2" / "assignment.toml").write_text(SETTINGS)
    (tmp_path / "course.toml").write_text("[due]\nhw2 = 2026-11-22T12:00:00+01:00\n[late]\npercent_per_day = 10\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("getpass.getuser", lambda: "the account")
    folder = Path("reports/hw2/alice/attempt-1")
    folder.mkdir(parents=True)
    nbformat.write(new_notebook(cells=[new_code_cell("print('my own notebook')")]), folder / "submission.ipynb")
    book = Gradebook(Path("reports/gradebook.sqlite"))
    shares = exercises(scale_hook=(9.5, 12), make_mlp=(8, 8))
    book.add(grade(exercises=shares), folder)
    book.add(grade("bob", exercises=shares, submitted_at="2026-11-22T10:00:00+00:00"), Path("reports/nowhere"))
    book.close()
    return tmp_path


def run(*arguments: str) -> None:
    assert main(arguments) == 0


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("grader: ")
    assert said.count("\n") == 1
    return said[8:-1]


def table(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, str]]:
    capsys.readouterr()
    run("grades", *arguments, "--csv")
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_grades_print_every_step_to_the_final_points(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("grades", "hw2")
    late = "attempt 1; 1 day late (due 2026-11-22 12:00 UTC+01:00): 10% for each day begun: -1.75"
    assert capsys.readouterr().out.splitlines() == [
        "student  attempt  raw   deductions  override  excused  final  max  why",
        f"alice    1        17.5  1.75                           15.75  20   {late}",
        "bob      1        17.5  0                              17.5   20   attempt 1",
    ]


def test_a_terminal_gets_a_table(course: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    run("override", "hw2", "alice", "--points", "3", "--reason", "[bold]ask\x1b[2J[/]")
    run("grades", "hw2")
    said = capsys.readouterr().out
    assert "┃" in said
    assert "[bold]ask⟨U+001B⟩[2J[/]" in said.replace("\n", "")


def test_csv_is_for_spreadsheets_and_runs_nothing_there(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("excuse", "hw2", "=1+1", "--new", "--reason", "joined late")
    rows = table(capsys, "hw2")
    assert [(row["student"], row["raw"], row["final"], row["max"]) for row in rows] == [
        ("'=1+1", "0.0", "", "20.0"),
        ("alice", "17.5", "15.75", "20.0"),
        ("bob", "17.5", "17.5", "20.0"),
    ]
    assert rows[0]["excused"] == "excused"


def test_without_an_assignment_everybody_s_total_is_printed(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert table(capsys) == [
        {"student": "alice", "hw2": "15.75", "dropped": "", "total": "15.75", "max": "20.0"},
        {"student": "bob", "hw2": "17.5", "dropped": "", "total": "17.5", "max": "20.0"},
    ]


def test_an_override_holds_until_it_is_withdrawn(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("override", "hw2", "bob", "--exercise", "scale_hook", "--points", "12", "--reason", "read it again")
    assert "bob: hw2 20 / 20\n" in capsys.readouterr().out
    assert table(capsys, "hw2")[1]["override"] == "scale_hook 12"
    run("override", "hw2", "bob", "--exercise", "scale_hook", "--withdraw", "--reason", "that was carol's")
    assert (table(capsys, "hw2")[1]["override"], table(capsys, "hw2")[1]["final"]) == ("", "17.5")


def test_an_extension_and_an_excuse_too(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("extend", "hw2", "alice", "--days", "2", "--reason", "ill")
    assert capsys.readouterr().out.startswith(
        "alice: hw2 is due 24 Nov 2026, 12:00 (UTC+01:00)\nalice: hw2 17.5 / 20\n"
    )
    run("extend", "hw2", "alice", "--until", "2026-11-22T12:00:01+01:00", "--reason", "ill")
    assert table(capsys, "hw2")[0]["final"] == "15.75"
    run("extend", "hw2", "alice", "--withdraw", "--reason", "was not")
    run("excuse", "hw2", "alice", "--reason", "ill")
    assert "alice: hw2 excused" in capsys.readouterr().out
    run("excuse", "hw2", "alice", "--withdraw", "--reason", "was not")
    assert table(capsys, "hw2")[0]["final"] == "15.75"


def test_the_history_says_who_what_when_and_why(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("override", "hw2", "alice", "--points", "16", "--reason", "spoke\nto her")
    run("excuse", "hw2", "alice", "--by", "prof", "--reason", "ill")
    capsys.readouterr()
    run("history", "hw2", "alice")
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    told = [[part.strip() for part in line if part.strip()] for line in lines]
    assert told[0] == ["when", "who", "what", "why"]
    assert told[1] == ["2026-11-23 09:00 UTC", "alice", "attempt 1: 17.5 of 20"]
    assert told[2][1:] == ["the account", "total set to 16", "spoke⟨U+000A⟩to her"]
    assert told[3][1:] == ["prof", "excused", "ill"]


def test_what_is_decided_stands_in_a_report_that_is_written_again(
    course: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("override", "hw2", "alice", "--exercise", "scale_hook", "--points", "12", "--reason", "a <b>typo</b> of ours")
    capsys.readouterr()
    run("report", "hw2", "alice")
    folder = Path("reports/hw2/alice/attempt-1")
    assert capsys.readouterr().out.splitlines() == [str(folder / "report.html"), str(folder / "instructor.html")]
    for name in ("report.html", "instructor.html"):
        page = (folder / name).read_text()
        assert "What counts" in page
        assert "Scale hook set to 12 (was 9.5)" in page
        assert "a &lt;b&gt;typo&lt;/b&gt; of ours" in page
        assert "1 day late (due 2026-11-22 12:00 UTC+01:00): 10% for each day begun" in page
        assert "my own notebook" in page
        assert ("the account" in page) == (name == "instructor.html")


def test_reports_that_cannot_be_written_again_are_refused(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "report", "hw2", "bob")
    assert said == "reports/nowhere: the attempt's folder is not there; run this where the reports were written"
    assert refused(capsys, "report", "hw2", "alice", "--attempt", "7") == "alice has no attempt 7 at hw2; there are 1"
    run("excuse", "hw2", "zoe", "--new", "--reason", "ill")
    capsys.readouterr()
    assert refused(capsys, "report", "hw2", "zoe") == "zoe has handed in nothing for hw2: there is no report to write"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grades", "hw3"], "there is no assignment 'hw3' in "),
        (["history", "hw2", "alcie"], "there is no student 'alcie' in the gradebook; did you mean alice?"),
        (
            ["override", "hw2", "alice", "--exercise", "scale", "--points", "1", "--reason", "x"],
            "hw2 has no exercise 'scale'; did you mean scale_hook?",
        ),
        (["excuse", "hw2", "alice", "--reason", ""], "--reason is empty; say why"),
        (["grades", "--gradebook", "elsewhere.sqlite"], "there is no gradebook at elsewhere.sqlite; "),
        (["grades", "--course", "/"], "/ is in no course folder"),
    ],
)
def test_bad_input_is_told_in_one_sentence(
    course: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(capsys, *arguments).startswith(said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["extend", "hw2", "alice", "--until", "2026-11-27", "--reason", "x"], "is no date and time with its offset"),
        (["extend", "hw2", "alice", "--days", "two", "--reason", "x"], "'two' is no number"),
        (["extend", "hw2", "alice", "--reason", "x"], "one of the arguments --days --until --withdraw is required"),
        (["override", "hw2", "alice", "--points", "1"], "the following arguments are required: --reason"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_the_gradebook_may_be_anywhere(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("reports/gradebook.sqlite").rename("book.sqlite")
    assert len(table(capsys, "hw2", "--gradebook", "book.sqlite")) == 2
    assert len(table(capsys, "hw2", "--gradebook", "sqlite:///book.sqlite")) == 2
    assert json.dumps([path.name for path in Path("reports").iterdir()]) == '["hw2"]'


def test_a_decision_is_written_into_the_report_at_once(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("override", "hw2", "alice", "--points", "19", "--reason", "a typo of ours")
    assert "a typo of ours" in Path("reports/hw2/alice/attempt-1/report.html").read_text()
    capsys.readouterr()
    run("excuse", "hw2", "bob", "--reason", "ill")
    assert capsys.readouterr().out.splitlines() == [
        "bob: hw2 excused",
        "it is in the gradebook and not in the report: reports/nowhere: the attempt's folder is not there; "
        "run this where the reports were written",
    ]


def test_what_is_decided_of_one_member_of_a_group_is_not_in_the_others_report(course: Path) -> None:
    folder = Path("reports/hw2/alice/attempt-1")
    with closing(Gradebook(Path("reports/gradebook.sqlite"))) as book:
        book.add(grade("zoe", exercises=exercises(scale_hook=(9.5, 12), make_mlp=(8, 8))), folder)
    run("report", "hw2", "alice")
    run("override", "hw2", "zoe", "--points", "12", "--reason", "did not take part")
    assert "did not take part" not in (folder / "report.html").read_text()
    own = Path("reports/hw2/zoe/attempt-1/report.html").read_text()
    assert "did not take part" in own
    assert "my own notebook" in own
