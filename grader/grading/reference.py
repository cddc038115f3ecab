"""What a submission is compared with: the reference observed now, or what was recorded of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from grader.assignment.extract import extract
from grader.authoring.load import compiled
from grader.authoring.spec import REHEARSAL, CheckSpec, VariantSpec
from grader.errors import BadInput
from grader.grading.recording import Recording, ReferenceOutcomes
from grader.grading.seeds import check_seed
from grader.observe.protocol import CheckSource, Overlay, Precision
from grader.observe.supervisor import Session
from grader.wire.outcome import Outcome, Stopped

_TOGETHER_SECONDS = 5.0


class ReferenceSource(Protocol):
    """Where the reference's and the misconceptions' outcomes come from."""

    def prepare(self) -> None:
        """Get ready, which may take as long as the solution notebook runs."""

    def observe(self, checks: Sequence[CheckSpec]) -> dict[str, ReferenceOutcomes]:
        """What the reference observes in some checks, by check."""

    def rehearsed(self, checks: Sequence[CheckSpec]) -> dict[str, Outcome] | None:
        """What it observes in some checks on the simulated device, by check; None where that was not recorded."""

    def variants(self, exercise: str, checks: Sequence[CheckSpec]) -> dict[str, dict[str, Outcome]]:
        """What each misconception of an exercise seems to observe in its checks, by name and check.

        It is quick, and one misconception may disturb another; `variant` says of one what is so.
        """

    def variant(self, name: str, checks: Sequence[CheckSpec]) -> dict[str, Outcome]:
        """What one misconception observes in some checks, by check."""

    def close(self) -> None:
        """Let go of whatever runs."""


class CheckSources:
    """Each check as a module of its own, so that a process is given the check it runs and no other.

    Args:
        checks: Source of checks.py.
    """

    def __init__(self, checks: str) -> None:
        self._checks = checks
        self._parts: dict[str, str] = {}
        self._compiled: dict[str, bytes] = {}

    def of(self, check: str) -> str:
        """The source of one check with what it needs, without the names of any secret labels."""
        if check not in self._parts:
            self._parts[check] = extract(self._checks, [check], "checks.py", strip_compare=True)
        return self._parts[check]

    def compiled(self, check: str) -> bytes:
        """The same, compiled; see `grader.authoring.load.compiled`."""
        if check not in self._compiled:
            self._compiled[check] = compiled(self.of(check), "checks.py")
        return self._compiled[check]


class LiveReference:
    """The reference in a session of its own, run with the grading run's inputs.

    Args:
        session: A session of the solution notebook.
        assignment: The assignment's name, for seeds.
        seed: The grading run's seed.
        checks: The check sources.
        misconceptions_source: Source of misconceptions.py.
        misconceptions: What it defines.
    """

    def __init__(
        self,
        session: Session,
        assignment: str,
        seed: str,
        checks: CheckSources,
        misconceptions_source: str,
        misconceptions: Sequence[VariantSpec],
    ) -> None:
        self._session = session
        self._assignment = assignment
        self._seed = seed
        self._checks = checks
        self._source = misconceptions_source
        self._misconceptions = misconceptions

    def prepare(self) -> None:
        """Run the solution notebook."""
        self._session.run_notebook()
        if self._session.ends:
            end = min(self._session.ends.values(), key=lambda end: end.number)
            raise BrokenSolution(f"the solution notebook's cell {end.number} fails: {end.error} {end.message}")

    def observe(self, checks: Sequence[CheckSpec]) -> dict[str, ReferenceOutcomes]:
        """Run checks on the reference, each in float32 and in float64, all in one process: a fork is not free.

        A check whose author compares everything by a comparator of their own needs no measured tolerance.
        """
        sources = [self._source_of(c, ("float32",) if "" in c.compare else ("float32", "float64")) for c in checks]
        outcomes = iter(self._session.check(sources, trusted=True).outcomes)
        return {
            check.name: ReferenceOutcomes(*(next(outcomes) for _ in source.precisions))
            for check, source in zip(checks, sources, strict=True)
        }

    def rehearsed(self, checks: Sequence[CheckSpec]) -> dict[str, Outcome]:
        """Run checks on the simulated device; in float32 only, since the values are those of the CPU."""
        going = [check for check in checks if check.runs_on(REHEARSAL)]
        sources = [self._source_of(check) for check in going]
        outcomes = self._session.check(sources, trusted=True, device=REHEARSAL).outcomes if going else ()
        return {check.name: outcome for check, outcome in zip(going, outcomes, strict=True)}

    def variants(self, exercise: str, checks: Sequence[CheckSpec]) -> dict[str, dict[str, Outcome]]:
        """Run the misconceptions of an exercise through its checks one after the other, all in one process.

        A fork costs more than they do. Where one of them crashes, hangs or breaks what a GPU keeps for the process,
        each gets a process of its own.
        """
        names = [m.name for m in self._misconceptions if m.exercise == exercise]
        overlays = [self._overlay(name) for name in names]
        sources = [self._source_of(check) for check in checks]
        if not names:
            return {}
        found = self._session.check(sources, overlays, seconds=_TOGETHER_SECONDS)
        outcomes = found.outcomes
        if not found.sound or any(isinstance(outcome, Stopped) for outcome in outcomes):
            return {name: self.variant(name, checks) for name in names}
        parts = [outcomes[i : i + len(checks)] for i in range(0, len(outcomes), len(checks))]
        return {
            name: {check.name: outcome for check, outcome in zip(checks, part, strict=True)}
            for name, part in zip(names, parts, strict=True)
        }

    def variant(self, name: str, checks: Sequence[CheckSpec]) -> dict[str, Outcome]:
        """Run one misconception through some checks, all in one process: it is the course's own code."""
        return self.overlaid(self._overlay(name), checks)

    def overlaid(self, overlay: Overlay, checks: Sequence[CheckSpec]) -> dict[str, Outcome]:
        """Run checks on the reference with some definitions in place of its own."""
        result = self._session.check([self._source_of(check) for check in checks], [overlay], trusted=True)
        return {check.name: outcome for check, outcome in zip(checks, result.outcomes, strict=True)}

    def _overlay(self, name: str) -> Overlay:
        return Overlay(extract(self._source, [name], "misconceptions.py"), name)

    def _source_of(self, check: CheckSpec, precisions: tuple[Precision, ...] = ("float32",)) -> CheckSource:
        seed = check_seed(self._seed, self._assignment, check.name)
        return CheckSource(
            self._checks.of(check.name), check.name, seed, precisions, code=self._checks.compiled(check.name)
        )

    def close(self) -> None:
        """End the session."""
        self._session.close()


class RecordedReference:
    """The reference as it was recorded for students' copies."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def prepare(self) -> None:
        """Nothing to do."""

    def observe(self, checks: Sequence[CheckSpec]) -> dict[str, ReferenceOutcomes]:
        """Look up what was recorded."""
        return {check.name: self._recording.references[check.name] for check in checks}

    def rehearsed(self, checks: Sequence[CheckSpec]) -> None:
        """Nothing was recorded of it."""

    def variants(self, exercise: str, checks: Sequence[CheckSpec]) -> dict[str, dict[str, Outcome]]:
        """Look up what was recorded."""
        names = {m.name for m in self._recording.misconceptions if m.exercise == exercise}
        return {name: found for name, found in self._recording.variants.items() if name in names}

    def variant(self, name: str, checks: Sequence[CheckSpec]) -> dict[str, Outcome]:
        """Look up what was recorded."""
        return self._recording.variants[name]

    def close(self) -> None:
        """Nothing to do."""


class BrokenSolution(BadInput):
    """The assignment's own solution notebook does not run; nothing can be graded before it does."""
