"""The reference of a whole class: observed once, by whoever asks first, for all submissions of a grading run."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from grader.authoring.spec import CheckSpec
from grader.grading.recording import ReferenceOutcomes
from grader.grading.reference import ReferenceSource
from grader.wire.outcome import Outcome


class SharedReference:
    """A reference whose outcomes are kept, so that a class of hundreds costs as much of it as one submission.

    Args:
        source: Where outcomes come from that nobody has asked for yet; closed by `end`.
    """

    def __init__(self, source: ReferenceSource) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._ready = False
        self._observed: dict[str, ReferenceOutcomes] = {}
        self._rehearsed: dict[str, Outcome] = {}
        self._variants: dict[str, dict[str, dict[str, Outcome]]] = {}
        self._alone: dict[str, dict[str, Outcome]] = {}

    def prepare(self) -> None:
        """Run the solution notebook, once."""
        with self._lock:
            if not self._ready:
                self._source.prepare()
                self._ready = True

    def observe(self, checks: Sequence[CheckSpec]) -> dict[str, ReferenceOutcomes]:
        """What the reference observes in some checks, by check."""
        with self._lock:
            if new := [check for check in checks if check.name not in self._observed]:
                self._observed |= self._source.observe(new)
            return {check.name: self._observed[check.name] for check in checks}

    def rehearsed(self, checks: Sequence[CheckSpec]) -> dict[str, Outcome] | None:
        """What it observes on the simulated device, by check."""
        with self._lock:
            if new := [check for check in checks if check.name not in self._rehearsed]:
                self._rehearsed |= self._source.rehearsed(new) or {}
            return {check.name: self._rehearsed[check.name] for check in checks if check.name in self._rehearsed}

    def variants(self, exercise: str, checks: Sequence[CheckSpec]) -> dict[str, dict[str, Outcome]]:
        """What each misconception of an exercise observes in its checks, by name and check."""
        with self._lock:
            if exercise not in self._variants:
                self._variants[exercise] = self._source.variants(exercise, checks)
            # What was seen of one alone is what is so.
            return {name: self._alone.get(name, found) for name, found in self._variants[exercise].items()}

    def variant(self, name: str, checks: Sequence[CheckSpec]) -> dict[str, Outcome]:
        """What one misconception observes in some checks, by check."""
        with self._lock:
            if name not in self._alone:
                self._alone[name] = self._source.variant(name, checks)
            return self._alone[name]

    def close(self) -> None:
        """Nothing to do: other submissions need it."""

    def end(self) -> None:
        """Let go of whatever runs."""
        self._source.close()
