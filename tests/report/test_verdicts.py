"""Every verdict has a look, and a check's several runs come to one."""

from __future__ import annotations

from typing import get_args

from grader.judge.verdict import VerdictName
from grader.report.verdicts import look, overall, reason_word, tally


def test_every_verdict_has_a_symbol_a_word_and_a_meaning() -> None:
    for verdict in get_args(VerdictName):
        shown = look(verdict)
        assert shown.symbol and shown.word and shown.meaning.endswith(".")
        assert (shown.tone == "good") == (verdict == "pass")


def test_one_failing_device_makes_the_check_fail(samples) -> None:
    assert overall(samples.check(runs=(samples.run(), samples.run("fail", device="cuda")))) == "fail"


def test_a_device_that_was_not_tried_is_never_a_pass(samples) -> None:
    runs = (samples.run(), samples.run("not run", device="cuda"))
    assert overall(samples.check(runs=runs, max_points=3)) == "pass"
    assert overall(samples.check("c", "fail", runs=runs)) == "not run"
    assert overall(samples.check(runs=(samples.run("not run"),))) == "not run"


def test_the_tally_counts_checks_passes_first(samples) -> None:
    exercise = samples.exercise(samples.check("a", "fail"), samples.check("b"), samples.check("c"))
    assert [(shown.word, number) for shown, number in tally(exercise)] == [("pass", 2), ("fail", 1)]


def test_cells_use_the_words_of_the_verdicts() -> None:
    assert [reason_word(r) for r in ("memory", "crash")] == [look("memory").word, look("crash").word]
