"""Trials: a check with one seed. How many seeds each check is run with, and which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.authoring.spec import CheckSpec
from grader.grading.seeds import check_seed

_SLOW_SECONDS = 0.15
_SLOW_SHARE = 10


@dataclass(frozen=True)
class Trial:
    """One check with the inputs of one grading run.

    Attributes:
        check: The check.
        run: The grading run's seed.
        seed: The check's seed in that run.
    """

    check: CheckSpec
    run: str
    seed: str

    @property
    def key(self) -> tuple[str, str]:
        """What outcomes of this trial are kept under."""
        return self.check.name, self.run


def trials(assignment: str, checks: Sequence[CheckSpec], runs: Sequence[str]) -> list[Trial]:
    """Every check with the seeds of every run."""
    return [Trial(check, run, check_seed(run, assignment, check.name)) for check in checks for run in runs]


def is_slow(seconds: float) -> bool:
    """Whether a check takes so long that it is run with one seed in ten."""
    return seconds > _SLOW_SECONDS


def batches(runs: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """The runs in batches, so that their observations need not all be kept at a time."""
    for start in range(0, len(runs), size):
        yield tuple(runs[start : start + size])


def affordable(checks: Sequence[CheckSpec], seconds: Mapping[str, float], batch: int) -> list[CheckSpec]:
    """The checks to run in a batch of runs: slow ones in every tenth batch only."""
    return [check for check in checks if batch % _SLOW_SHARE == 0 or not is_slow(seconds[check.name])]
