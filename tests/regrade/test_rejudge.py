"""Judging again: what has changed in an assignment reaches every grade, and nobody's code is run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.cli import main
from grader.gradebook.classroom import Classroom
from grader.gradebook.events import Regrade
from grader.grading.run import GradingRun
from grader.observe.engine import Engine
from grader.regrade.rejudge import Rejudged, rejudge

MakeCourse = Callable[..., Path]
OpenClass = Callable[[], Classroom]
LOOSER = {"checks.py": ("points=1)", 'points=1, compare={"twice": close(rtol=0.01)})')}


def points(found: Rejudged) -> dict[str, tuple[float, float]]:
    return {each.student: (each.before[0], each.after.score) for each in found.changed}


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    capsys.readouterr()
    assert main(["rejudge", "toy", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_an_assignment_that_has_not_changed_changes_no_grade(
    course: MakeCourse, classroom: OpenClass, engine: Engine
) -> None:
    course()
    found = rejudge(classroom(), "toy", engine)
    assert (found.changed, found.unfit, found.total) == ((), (), 5)


def test_the_reference_is_observed_once_a_seed_and_nobody_s_code_is_run(
    course: MakeCourse, classroom: OpenClass, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    course()
    run: list[str] = []
    session = GradingRun.session

    def counted(self: GradingRun, cells: list[tuple[int, str]], *more: object) -> object:
        run.append("".join(source for _, source in cells))
        return session(self, cells, *more)

    monkeypatch.setattr(GradingRun, "session", counted)
    rejudge(classroom(), "toy", engine)
    assert len(run) == 2
    assert run[0] == run[1]
    assert "return 2 * x" in run[0]


def test_a_looser_tolerance_lets_those_pass_who_were_a_little_off(
    course: MakeCourse, classroom: OpenClass, engine: Engine
) -> None:
    course(LOOSER)
    bob, carol = rejudge(classroom(), "toy", engine).changed
    assert (bob.difference, bob.checks) == (0.0, ())  # his report names the allowance
    assert (carol.before, carol.after.score, carol.difference) == ((2.0, 5.0), 3.0, 1.0)
    assert [str(change) for change in carol.checks] == ["doubled: fail, 0 of 1 -> pass, 1 of 1"]


def test_other_points_reach_everybody(course: MakeCourse, classroom: OpenClass, engine: Engine) -> None:
    root = course({"checks.py": ('"halve", points=2', '"halve", points=7')})
    toml = root / "reference/toy/assignment.toml"
    toml.write_text(toml.read_text().replace('title = "Halve"\npoints = 2', 'title = "Halve"\npoints = 7'))
    found = rejudge(classroom(), "toy", engine)
    assert points(found) == {
        "alice": (5.0, 10.0),
        "bob": (2.0, 7.0),
        "carol": (2.0, 7.0),
        "dora": (2.0, 7.0),
        "eve": (0.0, 0.0),
    }
    assert {each.after.max_score for each in found.changed} == {10.0}


def test_a_corrected_reference_turns_right_and_wrong_around(
    course: MakeCourse, classroom: OpenClass, engine: Engine
) -> None:
    course({"solution.py": ("2 * x", "x + 2")})
    assert points(rejudge(classroom(), "toy", engine)) == {"alice": (5.0, 2.0), "bob": (2.0, 5.0), "carol": (2.0, 2.0)}


def test_another_hint_changes_words_only(
    course: MakeCourse, classroom: OpenClass, engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    root = course({"misconceptions.py": ("doubles the number 2 only", "is no doubling")})
    lines = printed(capsys, "--yes")
    assert lines[1].split() == ["bob", "1", "2", "/", "5", "2", "/", "5", "words", "or", "pictures", "only"]
    assert "Adding two is no doubling." in (root / "reports/toy/bob/attempt-1/report.html").read_text()


def test_all_else_of_a_grade_stays_as_it_was(course: MakeCourse, classroom: OpenClass, engine: Engine) -> None:
    course({"assignment.toml": ('title = "Toy"', 'title = "Toys"')})
    book = classroom()
    before = {row.student: row.grade() for row in book.book.attempts("toy")}
    found = rejudge(book, "toy", engine)
    assert len(found.changed) == 5
    for each in found.changed:
        old = before[each.student]
        assert each.after.exercises == old.exercises  # bob's output, dora's note and everybody's seconds in them
        assert each.after == type(old)(
            **{
                **{name: getattr(old, name) for name in old.__struct_fields__},
                "title": "Toys",
                "version": found.version,
            }
        )
    assert before["bob"].exercises[0].checks[0].runs[0].output == "adding\n"
    assert "did not run to its end" in before["dora"].exercises[0].note


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("rng.normal(3, 3)", "rng.normal(4, 4)", "check doubled_matrix observes something else now"),
        ("def halved(", "def halves(", "check halves was not there"),
    ],
)
def test_attempts_whose_observations_answer_nothing_any_more_are_left_alone(
    course: MakeCourse, capsys: pytest.CaptureFixture[str], old: str, new: str, why: str
) -> None:
    course({"checks.py": (old, new), "assignment.toml": ('"Toy"', '"Toys"')})
    assert printed(capsys)[-3:] == [
        "1 of 5 attempts changes, by +0 to +0 points",
        f"4 attempts must be graded again (alice 1, bob 1, carol 1, dora 1): {why}",
        "nothing was written; --yes writes 1 grade",
    ]


def test_an_attempt_whose_folder_is_lost_is_named(course: MakeCourse, capsys: pytest.CaptureFixture[str]) -> None:
    root = course(LOOSER)
    (root / "reports/toy/alice/attempt-1/observations.bin").unlink()
    (root / "reports/toy/bob/attempt-1/observations.bin").write_bytes(b"\x80\x80")
    lines = printed(capsys)
    gone = "reports/toy/alice/attempt-1/observations.bin: what the checks observed cannot be read"
    assert f"1 attempt must be graded again (alice 1): {gone} (No such file or directory)" in lines
    damaged = "reports/toy/bob/attempt-1/observations.bin: damaged, or written by another version of grader"
    assert f"1 attempt must be graded again (bob 1): {damaged}" in lines


def test_nothing_is_written_before_somebody_says_so(
    course: MakeCourse, classroom: OpenClass, capsys: pytest.CaptureFixture[str]
) -> None:
    course(LOOSER)
    assert printed(capsys) == [
        "student  attempt  before  after  what",
        "bob      1        2 / 5   2 / 5  words or pictures only",
        "carol    1        2 / 5   3 / 5  doubled: fail, 0 of 1 -> pass, 1 of 1",
        "2 of 5 attempts change, by +0 to +1 points",
        "nothing was written; --yes writes 2 grades",
    ]
    assert classroom().book.events("toy") == []


def test_what_is_written_counts_and_stands_in_the_report(
    course: MakeCourse, classroom: OpenClass, capsys: pytest.CaptureFixture[str]
) -> None:
    root = course(LOOSER)
    first = (root / "reports/toy/carol/attempt-1/grade.json").read_bytes()
    said = printed(capsys, "--yes", "--by", "prof", "--reason", "too strict")[-1]
    assert said == "wrote 2 grades and 4 reports"
    opened = classroom()
    (event,) = opened.book.events("toy", "carol")
    assert isinstance(event, Regrade)
    assert (event.student, event.attempt, event.score, event.by, event.reason) == (
        "carol",
        1,
        3.0,
        "prof",
        "too strict",
    )
    (final,) = opened.finals("toy", "carol")
    assert (final.raw, final.final) == (3.0, 3.0)
    page = (root / "reports/toy/carol/attempt-1/report.html").read_text()
    assert "too strict" in page
    assert (root / "reports/toy/carol/attempt-1/grade.json").read_bytes() == first  # what was given first stays
    assert printed(capsys, "--yes") == ["0 of 5 attempts change"]


def test_a_grade_can_be_judged_again_and_back(course: MakeCourse, capsys: pytest.CaptureFixture[str]) -> None:
    root = course(LOOSER)
    printed(capsys, "--yes")
    checks = root / "reference/toy/checks.py"
    checks.write_text(checks.read_text().replace(*reversed(LOOSER["checks.py"])))
    assert printed(capsys)[2].split("  ")[-1] == "doubled: pass, 1 of 1 -> fail, 0 of 1"


def test_one_student_only(course: MakeCourse, classroom: OpenClass, engine: Engine) -> None:
    course({"assignment.toml": ('title = "Toy"', 'title = "Toys"')})
    found = rejudge(classroom(), "toy", engine, "bob")
    assert ([each.student for each in found.changed], found.total) == (["bob"], 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["toy", "--student", "bop"], "there is no student 'bop' in the gradebook; did you mean bob?"),
        (["hw9"], "there is no assignment 'hw9' in "),
        (["toy", "--yes", "--reason", " "], "--reason is empty; say why, in words that the student may read"),
    ],
)
def test_bad_input_is_told_in_one_sentence(
    course: MakeCourse, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    course(LOOSER)
    assert main(["rejudge", *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"grader: {said}")


def test_without_the_reference_there_is_nothing_to_judge_by(
    course: MakeCourse, capsys: pytest.CaptureFixture[str]
) -> None:
    root = course()
    (root / "assignments").mkdir()
    (root / "reference/toy").rename(root / "assignments/toy")
    assert main(["rejudge", "toy"]) == 2
    said = "grader: toy cannot be judged again here: there is no reference/toy to compare with\n"
    assert capsys.readouterr().err == said


def test_grade_json_says_which_version_of_the_assignment_gave_it(graded: Path) -> None:
    grades = [json.loads(path.read_text()) for path in graded.glob("reports/toy/*/attempt-1/grade.json")]
    assert len({grade["version"] for grade in grades}) == 1
    assert len(grades[0]["version"]) == 64
