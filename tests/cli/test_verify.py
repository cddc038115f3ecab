"""`grader verify` as somebody types it: exit code, table, page and figures."""

import sys
from pathlib import Path

import pytest
from verify.conftest import FILES

from grader.cli.main import main

linux = pytest.mark.skipif(sys.platform != "linux", reason="verify runs on Linux")


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "reference" / "toy"
    home.mkdir(parents=True)
    for name, text in FILES.items():
        (home / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@linux
def test_a_fair_course_gives_zero_a_table_a_page_and_figures(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--all", "--seeds", "2", "--table", "fairness.md"]) == 0
    assert "toy is fair, 2 seeds" in capsys.readouterr().out
    assert "Toy: <span" in (course / "reports" / "verify" / "toy.html").read_text()
    assert "| toy | yes | 2 | 4 |" in (course / "fairness.md").read_text()


@linux
def test_an_unfair_one_gives_one_and_says_why(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    misconceptions = course / "reference" / "toy" / "misconceptions.py"
    misconceptions.write_text(FILES["misconceptions.py"].replace("x + 2", "x + x"))
    assert main(["verify", "toy", "--seeds", "1", "--no-mutants"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "unfair: double: adds_two: this wrong solution passes every check of its exercise" in said
    assert "toy is not fair" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say which assignments to verify, such as hw1, or --all"),
        (["hw9"], "there is no assignment 'hw9'"),
    ],
)
@linux
def test_what_cannot_be_verified_is_said_in_a_sentence(
    course: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *arguments]) == 2
    assert message in capsys.readouterr().err
