"""A replayed session answers as the one did that was observed, and runs nothing."""

from __future__ import annotations

from grader.grading.replayed import Replayed
from grader.observe.protocol import CheckSource
from grader.wire.outcome import Missing, Returned

ONE, OTHER = Returned(b"1"), Missing("f")
SESSION = Replayed({"one": ONE, "other": OTHER}, seconds={"one": 0.5}, printed={"one": "hello\n"})


def asked(*names: str) -> list[CheckSource]:
    return [CheckSource("raise SystemExit", name, "seed") for name in names]


def test_outcomes_come_in_the_order_of_the_checks() -> None:
    assert SESSION.check(asked("other", "one")).outcomes == (OTHER, ONE)
    assert SESSION.check(asked("other", "one")).seconds == (0.0, 0.5)


def test_what_was_printed_belongs_to_a_check_that_runs_by_itself() -> None:
    assert SESSION.check(asked("one")).output == "hello\n"
    assert SESSION.check(asked("one", "other")).output == ""
