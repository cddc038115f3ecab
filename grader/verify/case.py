"""What is verified: an assignment with its checks and known solutions, in the form that every step needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.assignment.extract import extract
from grader.assignment.folder import Assignment
from grader.authoring.spec import CheckSpec, VariantSpec
from grader.grading.recording import ReferenceOutcomes
from grader.observe.protocol import Overlay
from grader.verify.lane import Key
from grader.verify.trials import Trial, is_slow, trials

_CLOSE_LOOK, _CLOSE_LOOK_SLOW = 4, 2


@dataclass(frozen=True)
class Case:
    """An assignment under verification.

    Attributes:
        assignment: The assignment.
        checks: Its checks in the author's order.
        misconceptions: Its known wrong solutions.
        alternatives: Its known right ones.
        runs: The seeds of the grading runs; the first few are looked at closely.
        exercises: The ids of the exercises to look at; checks and known solutions are of these only.
    """

    assignment: Assignment
    checks: tuple[CheckSpec, ...]
    misconceptions: tuple[VariantSpec, ...]
    alternatives: tuple[VariantSpec, ...]
    runs: tuple[str, ...]
    exercises: tuple[str, ...]

    def own(self, exercise: str) -> list[CheckSpec]:
        """The checks of an exercise."""
        return [check for check in self.checks if check.exercise == exercise]

    @property
    def wrong(self) -> list[VariantSpec]:
        """The known wrong solutions that are wrong on the CPU as well."""
        return [variant for variant in self.misconceptions if not variant.only_on_a_device]

    def overlay(self, variant: VariantSpec) -> Overlay:
        """A known solution's definitions."""
        wrong = variant in self.misconceptions
        source = self.assignment.misconceptions_source() if wrong else self.assignment.alternatives_source()
        filename = "misconceptions.py" if wrong else "alternatives.py"
        return Overlay(extract(source, [variant.name], filename), variant.name)

    def trials(self, checks: Sequence[CheckSpec], runs: Sequence[str]) -> list[Trial]:
        """Every one of some checks with the seeds of some runs."""
        return trials(self.assignment.name, checks, runs)


@dataclass(frozen=True)
class Known:
    """What the reference observes with the seeds that are looked at closely.

    Attributes:
        outcomes: By check and run.
        seconds: How long each check takes on the reference.
        rehearsed: The same on the simulated device, for fewer runs and for the checks that run there.
    """

    outcomes: Mapping[Key, ReferenceOutcomes]
    seconds: Mapping[str, float]
    rehearsed: Mapping[Key, ReferenceOutcomes] = field(default_factory=dict)

    def runs(self, case: Case, exercise: str) -> tuple[str, ...]:
        """The runs in which every check of an exercise is looked at closely: fewer where one of them is slow."""
        slow = any(is_slow(self.seconds[check.name]) for check in case.own(exercise))
        return case.runs[: _CLOSE_LOOK_SLOW if slow else _CLOSE_LOOK]

    def cost(self, checks: Sequence[CheckSpec]) -> float:
        """Seconds that some checks take together."""
        return sum(self.seconds[check.name] for check in checks)


def close_look(case: Case) -> tuple[str, ...]:
    """All runs that are looked at closely."""
    return case.runs[:_CLOSE_LOOK]
