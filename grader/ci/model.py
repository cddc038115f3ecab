"""What continuous integration is told about one notebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grader.grading.model import Grade

Level = Literal["error", "warning"]
Severity = Literal["critical", "major", "minor"]


@dataclass(frozen=True)
class Finding:
    """One thing to look at, and where in the repository.

    Attributes:
        level: Whether it costs points.
        severity: How bad it is, in GitLab's words.
        path: The notebook, relative to the repository, with forward slashes.
        line: Line of that file, counted from 1.
        title: The cell and the exercise or check.
        message: What is wrong, for the student.
        check: What found it, the same from one run to the next: "hw1.softmax.sums_to_one".
    """

    level: Level
    severity: Severity
    path: str
    line: int
    title: str
    message: str
    check: str


@dataclass(frozen=True)
class Marked:
    """A notebook that was graded, or that could not be.

    Attributes:
        path: Its path in the repository.
        folder: The name of its folder among the files written.
        grade: The student's edition of its grade: nothing of hidden checks but what the assignment shows.
        report: The student's report, an HTML page.
        junit: The checks as JUnit XML.
        findings: What to look at, in the order of the exercises.
    """

    path: str
    folder: str
    grade: Grade
    report: str
    junit: bytes
    findings: tuple[Finding, ...]

    @property
    def percent(self) -> float:
        """Its share of the points, 0 to 100, not rounded to what people read."""
        if self.grade.status != "graded" or self.grade.max_score <= 0:
            return 0.0
        return round(100.0 * self.grade.score / self.grade.max_score, 6)

    def passes(self, fail_under: float) -> bool:
        """Whether it was graded and has at least that many percent: no result is never a pass."""
        return self.grade.status == "graded" and self.percent >= fail_under


@dataclass(frozen=True)
class Outcome:
    """What became of a repository.

    Attributes:
        marked: The notebooks that belong to an assignment.
        skipped: Other notebooks that were looked at, each with the reason why it was not graded.
        notes: Sentences on how the notebooks were chosen.
    """

    marked: tuple[Marked, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def passes(self, fail_under: float) -> bool:
        """Whether every notebook passes; where notebooks were there and none could be graded, none has passed."""
        if not self.marked:
            return not self.skipped or fail_under <= 0
        return all(each.passes(fail_under) for each in self.marked)
