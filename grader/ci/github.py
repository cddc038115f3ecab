"""What GitHub Actions reads: workflow commands that show a finding beside its line.

A workflow command is a line of output, so whoever can print a line can give one. All text of a student's passes here
escaped, and everything else that is printed passes `quiet`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from grader.ci.model import Finding, Level
from grader.report.text import count, line

# GitHub shows no more of each kind from one step.
MOST_OF_A_KIND = 10
_PAIR = re.compile(":(?=:)")


def workflow_commands(findings: Iterable[Finding]) -> Iterator[str]:
    """Workflow commands that show findings beside their lines, as many of each kind as GitHub shows.

    Where there are more, the first finding at each line goes before the second at any.

    Args:
        findings: All findings.

    Yields:
        Lines without their ends; the last says how many findings have no line of their own.
    """
    given: dict[Level, int] = {"error": 0, "warning": 0}
    left_out = 0
    for finding in _spread(findings):
        if given[finding.level] == MOST_OF_A_KIND:
            left_out += 1
            continue
        given[finding.level] += 1
        place = f"file={_property(finding.path)},line={finding.line},title={_property(finding.title)}"
        yield f"::{finding.level} {place}::{_data(finding.message)}"
    if left_out:
        yield f"::notice::{count(left_out, 'more finding')}: see the summary and the reports"


def quiet(text: str) -> str:
    r"""One line of text in which a CI system finds nothing to obey, whatever stands before it.

    Example:
        >>> quiet("ok\n::error::all is lost ##[error]no")
        'ok⟨U+000A⟩: :error: :all is lost # #[error]no'
    """
    return _PAIR.sub(": ", line(text, 2_000)).replace("##[", "# #[")


def _spread(findings: Iterable[Finding]) -> list[Finding]:
    seen: Counter[tuple[str, int]] = Counter()
    ranked = []
    for finding in findings:
        place = (finding.path, finding.line)
        ranked.append((seen[place], finding))
        seen[place] += 1
    return [finding for _, finding in sorted(ranked, key=lambda each: each[0])]


def _data(text: str) -> str:
    return _printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _printable(text: str) -> str:
    """Names of files are bytes that need not be text."""
    return text.encode("utf-8", "replace").decode()
