"""A session whose outcomes are known already: what was observed once is graded again without running anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from grader.authoring.spec import REHEARSAL
from grader.looks.model import Looks
from grader.observe.protocol import CheckSource
from grader.observe.results import CellEnd, CheckResult
from grader.wire.outcome import Outcome, Stopped

_NOT_REHEARSED = Stopped("not run", "it was not when the work ran")


class Observing(Protocol):
    """What grading needs of a session: that of a process, or one that was replayed."""

    @property
    def ends(self) -> Mapping[int, CellEnd]:
        """The cells that did not run to their end."""

    @property
    def output(self) -> str:
        """What the notebook printed."""

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the report."""

    @property
    def notebook_seconds(self) -> float:
        """How long the cells took."""

    @property
    def peak_bytes(self) -> int:
        """The most memory that it held."""

    @property
    def gpu_peak_bytes(self) -> int | None:
        """The most GPU memory that it was seen to hold; None where nothing could tell."""

    @property
    def looks(self) -> Looks | None:
        """What was found in the source; None where nobody has looked."""

    def run_notebook(self) -> None:
        """Run the cells."""

    def check(
        self,
        checks: Sequence[CheckSource],
        *,
        seconds: float | None = None,
        device: str = "",
        stays: bool = False,
        goes_on: bool = False,
    ) -> CheckResult:
        """Run checks in one process, on another device than its own where one is named; see `Session.check`."""

    def close(self) -> None:
        """End it."""


@dataclass(frozen=True)
class Replayed:
    """A session of which everything is known.

    Attributes:
        outcomes: What became of each check, by name.
        ends: The cells that did not run to their end, by number.
        seconds: How long each check took, by name.
        printed: What each check printed when it ran by itself, by name.
        rehearsed: The same of the checks that were rehearsed in it.
    """

    outcomes: Mapping[str, Outcome]
    ends: Mapping[int, CellEnd] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    printed: Mapping[str, str] = field(default_factory=dict)
    rehearsed: Replayed | None = None
    output: str = ""
    notices: tuple[str, ...] = ()
    notebook_seconds: float = 0.0
    peak_bytes: int = 0
    gpu_peak_bytes: int | None = None
    looks: Looks | None = None

    def run_notebook(self) -> None:
        """Nothing to run."""

    def check(
        self,
        checks: Sequence[CheckSource],
        *,
        seconds: float | None = None,
        device: str = "",
        stays: bool = False,
        goes_on: bool = False,
    ) -> CheckResult:
        """Look it up."""
        if device == REHEARSAL:
            known = self.rehearsed or Replayed({})
            unknown = {check.name: _NOT_REHEARSED for check in checks}
            return replace(known, outcomes={**unknown, **known.outcomes}).check(checks)
        return CheckResult(
            outcomes=tuple(self.outcomes[check.name] for check in checks),
            seconds=tuple(self.seconds.get(check.name, 0.0) for check in checks),
            output=self.printed.get(checks[0].name, "") if len(checks) == 1 else "",
        )

    def close(self) -> None:
        """Nothing to end."""
