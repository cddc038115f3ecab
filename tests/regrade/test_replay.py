"""A replay runs an attempt once more from its record, and reaches the same grade or says where it does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.cli import main
from grader.gradebook.classroom import Classroom
from grader.regrade.replay import find

MakeCourse = Callable[..., Path]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        # A database that is only read leaves its journal's files behind.
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["replay", "toy", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said.removeprefix("grader: ")[:-1]


@pytest.mark.parametrize(("student", "points"), [("alice", "5 / 5"), ("bob", "2 / 5"), ("dora", "2 / 5")])
def test_the_same_grade_is_reached_and_nothing_is_written(
    course: MakeCourse, capsys: pytest.CaptureFixture[str], student: str, points: str
) -> None:
    root = course()
    before = contents(root)
    assert main(["replay", "toy", student]) == 0
    assert capsys.readouterr().out == f"the same grade: {points}\n"
    assert contents(root) == before


def test_another_grade_is_told_check_by_check(
    course: MakeCourse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    course()

    def find_with_alice_s_work(classroom: Classroom, name: str, student: str, number: int | None) -> object:
        own = find(classroom, name, student, number)
        return dataclasses.replace(own, kept=find(classroom, name, "alice").kept)

    monkeypatch.setattr("grader.cli.rejudge.find", find_with_alice_s_work)
    assert main(["replay", "toy", "bob"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "another grade: 5 / 5, it was 2 / 5",
        "  double: doubled: fail (adds_two), 0 of 1 -> pass, 1 of 1",
        "  double: doubled_matrix: fail (adds_two), 0 of 2 -> pass, 2 of 2",
    ]


def test_an_assignment_that_has_changed_since_is_refused(
    course: MakeCourse, capsys: pytest.CaptureFixture[str]
) -> None:
    course({"solution.py": ("2 * x", "3 * x")})
    said = refused(capsys, "alice")
    assert said.startswith("toy has changed since alice's attempt 1 was graded: its version was ")
    assert said.endswith("; replay it with the files of that version, or see `grader rejudge`")


def test_after_judging_again_the_new_grade_is_what_a_replay_reaches(
    course: MakeCourse, capsys: pytest.CaptureFixture[str]
) -> None:
    course({"checks.py": ("points=1)", 'points=1, compare={"twice": close(rtol=0.01)})')})
    assert main(["rejudge", "toy", "--yes"]) == 0
    capsys.readouterr()
    assert main(["replay", "toy", "carol"]) == 0
    assert capsys.readouterr().out == "the same grade: 3 / 5\n"


def test_a_record_that_is_not_whole_is_refused(course: MakeCourse, capsys: pytest.CaptureFixture[str]) -> None:
    root = course()
    folder = root / "reports/toy/alice/attempt-1"
    kept = folder / "submission.py"
    kept.write_text(kept.read_text() + "\n# more")
    shown = "reports/toy/alice/attempt-1"
    assert refused(capsys, "alice") == f"{shown}: what is kept there is not what was graded (its SHA-256 is another)"
    kept.unlink()
    assert refused(capsys, "alice") == f"{shown}: no copy of what was handed in is kept there"
    folder.rename(root / "elsewhere")
    missing = "the attempt's folder is not there; run this where the reports were written"
    assert refused(capsys, "alice") == f"{shown}: {missing}"


def test_attempts_that_cannot_be_replayed_are_refused(course: MakeCourse, capsys: pytest.CaptureFixture[str]) -> None:
    course()
    assert refused(capsys, "eve") == "eve's attempt 1 was not graded (unreadable): there is nothing to replay"
    assert refused(capsys, "alice", "--attempt", "3") == "alice has no attempt 3 at toy; there are 1"
    assert refused(capsys, "alcie") == "there is no student 'alcie' in the gradebook; did you mean alice?"
