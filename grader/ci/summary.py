"""The summary in markdown, which GitHub shows on a run's page: points, then what to look at."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grader.ci.model import Finding, Marked, Outcome
from grader.grading.model import ExerciseGrade
from grader.report.text import line, percent, points
from grader.report.verdicts import overall

# GitHub takes 1 MiB from one step.
MOST_BYTES = 900_000
_MESSAGE_LETTERS, _MESSAGE_LINES = 400, 6
_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")


def summary(outcome: Outcome, fail_under: float) -> str:
    """Say in markdown how a repository's notebooks did.

    Args:
        outcome: What became of them.
        fail_under: The percent that each has to reach.

    Returns:
        Markdown of less than 1 MiB. What a student wrote is in it as text: no link, picture, table or mention.
    """
    told, left = "", MOST_BYTES
    for part in _parts(outcome, fail_under):
        left -= len(part.encode())
        if left < 0:
            return f"{told}\nThere is more than a summary can hold: see the reports.\n"
        told += part
    return told


def literal(text: str, letters: int = _MESSAGE_LETTERS) -> str:
    """Any text as a piece of code in markdown: each sign that could mean something is written as a number.

    Example:
        >>> literal("a|<b>")
        '<code>a&#124;&#60;b&#62;</code>'
    """
    return f"<code>{_escaped(line(text, letters))}</code>"


def _escaped(text: str) -> str:
    return _PUNCTUATION.sub(lambda sign: f"&#{ord(sign[0])};", text)


def _parts(outcome: Outcome, fail_under: float) -> Iterator[str]:
    yield "## Homework\n\n"
    yield from (f"{_escaped(note)}\n\n" for note in outcome.notes)
    if not outcome.marked and not outcome.skipped:
        yield "No notebook to grade.\n\n"
    for marked in outcome.marked:
        yield _headline(marked, fail_under)
        if marked.grade.exercises:
            yield "| exercise | points | checks passed |\n| --- | ---: | ---: |\n"
            yield from map(_row, marked.grade.exercises)
            yield "\n"
        yield from map(_item, marked.findings)
        yield from (f"- note: {literal(notice)}\n" for notice in marked.grade.notices)
        yield "\n"
    for name, reason in outcome.skipped:
        yield f"- not graded: {literal(name)}: {literal(reason)}\n"


def _headline(marked: Marked, fail_under: float) -> str:
    grade = marked.grade
    if grade.status != "graded":
        return f"### ❌ {literal(marked.path)}: not graded\n\n"
    said = f"{points(grade.score)} / {points(grade.max_score)} ({percent(grade.score, grade.max_score):g} %)"
    passes = marked.passes(fail_under)
    short = "" if passes else f", under {fail_under:g} %"
    scope = (
        f"\n\nPublic checks only; {grade.hidden_checks} hidden checks run at grading."
        if grade.scope == "public"
        else ""
    )
    return f"### {'✅' if passes else '❌'} {literal(marked.path)}: {said}{short}{scope}\n\n"


def _row(exercise: ExerciseGrade) -> str:
    verdicts = [overall(check) for check in exercise.checks]
    passed = f"{verdicts.count('pass')} / {sum(verdict is not None for verdict in verdicts)}"
    earned = "skipped" if exercise.skipped else f"{points(exercise.score)} / {points(exercise.max_score)}"
    return f"| {_escaped(line(exercise.title))} | {earned} | {passed} |\n"


def _item(finding: Finding) -> str:
    said = "<br>".join(literal(each) for each in finding.message.split("\n")[:_MESSAGE_LINES])
    return f"- {finding.level}, line {finding.line}: {literal(finding.title)}: {said}\n"
