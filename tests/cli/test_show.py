"""Nothing that a submission holds moves, hides or forges what the terminal shows."""

from __future__ import annotations

import io
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from support.hostile import NAMES, TERMINAL

from grader.cli.show import show
from grader.grading.model import CellProblem, CheckGrade, ExerciseGrade, Grade, Run, Timing, grade_json
from grader.submission.submit import Submitted

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def grade(text: str, status: str = "graded") -> Grade:
    """A grade with one text wherever a submission can bring text."""
    run = Run(device="cpu", verdict="fail", seconds=1.0, message=text, output=text)
    check = CheckGrade(name=text, visibility="public", description=text, points=0, max_points=20, runs=(run,))
    return Grade(
        assignment="hw2",
        title=text,
        student=text,
        attempt=1,
        score=0,
        max_score=20,
        devices=("cpu",),
        status=status,  # type: ignore[arg-type]
        reason=text,
        seed="s",
        submitted_at="2026-01-01T00:00:00+00:00",
        submission=text,
        digest="0" * 64,
        environment={},
        notices=(text,),
        cells=(CellProblem(cell=1, first_line=text, reason="error", error=text, message=text),),
        output=text,
        timing=Timing(start_seconds=0, notebook_seconds=0, checks_seconds=0, total_seconds=0),
        exercises=(ExerciseGrade(id=text, title=text, score=0, max_score=20, note=text, checks=(check,)),),
    )


def printed(text: str, status: str = "graded", folder: str = "reports") -> str:
    console = Console(file=io.StringIO(), width=80)
    show(console, Submitted(grade(text, status), Path(folder)))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("text", [TERMINAL, *NAMES, "[bold red]x[/] [link=http://example.invalid]y"])
@pytest.mark.parametrize("status", ["graded", "unreadable"])
def test_control_codes_and_markup_are_shown_and_not_obeyed(text: str, status: str) -> None:
    said = printed(text, status)
    assert not CONTROL.search(said)
    assert ("[bold red]x[/]" in said) == text.startswith("[bold")
    assert ("⟨U+001B⟩]52;c;" in said.replace("\n", "")) == (text == TERMINAL)


@pytest.mark.parametrize(
    "text", ["x\nscore 20 / 20", "x" * 75 + " score 20 / 20", "x\rscore 20 / 20", "x" + " " * 78 + "score 20 / 20"]
)
@pytest.mark.parametrize("status", ["graded", "unreadable"])
def test_no_line_of_a_submission_poses_as_the_score(text: str, status: str) -> None:
    scores = [line for line in printed(text, status).splitlines() if line.startswith("score")]
    assert scores == ["score 0 / 20"]


def test_a_folder_with_control_codes_is_shown() -> None:
    assert "report a⟨U+001B⟩[2J/report.html" in printed("x", folder="a\x1b[2J")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_is_shown_plainly(text: str) -> None:
    assert not CONTROL.search(printed(text))


@pytest.mark.parametrize("text", [TERMINAL, *NAMES])
def test_grade_json_escapes_them_and_says_the_same(text: str) -> None:
    data = grade_json(grade(text))
    assert not CONTROL.search(data.decode().replace("\n", ""))
    assert msgspec.json.decode(data, type=Grade) == grade(text)


def of_devices(*runs: Run) -> str:
    check = CheckGrade(name="c", visibility="public", description="d", points=1, max_points=1, runs=runs)
    lacking = ("cuda",) if runs[-1].verdict == "not run" else ()
    changed = msgspec.structs.replace(
        grade("x"),
        devices=tuple(run.device for run in runs),
        exercises=(ExerciseGrade(id="e", title="E", score=1, max_score=1, checks=(check,)),),
        provisional=lacking,
    )
    console = Console(file=io.StringIO(), width=100)
    show(console, Submitted(changed, Path("reports")))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_devices_stand_side_by_side() -> None:
    said = of_devices(Run(device="cpu", verdict="pass", seconds=1), Run(device="cuda", verdict="fail", seconds=1))
    head, row = (line for line in said.splitlines() if "checks" in line or " e " in line)
    assert [word for word in head.replace("┃", " ").split() if word in ("cpu", "cuda")] == ["cpu", "cuda"]
    assert re.search(r"1 / 1 .*1 / 1 .*0 / 1", row)
    assert "provisional" not in said


def test_a_device_that_was_not_there_is_said_to_be_missing_beside_the_score() -> None:
    absent = Run(device="cuda", verdict="not run", seconds=0, message="not run: no cuda device here")
    said = of_devices(Run(device="cpu", verdict="pass", seconds=1), absent)
    assert re.search(r"1 / 1 .*not run", said)
    assert "score 0 / 20 (provisional: not run on cuda)" in said
