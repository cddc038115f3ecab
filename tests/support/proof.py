"""One proof a shipped assignment: everything that its checks observe of reference, alternatives, misconceptions."""

import random
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from grader.assignment import folder as course_folder
from grader.assignment.extract import extract
from grader.assignment.folder import Assignment
from grader.authoring.spec import CheckSpec, VariantSpec
from grader.grading.pipeline import Exam, Observed, observe_and_judge
from grader.grading.recording import Recording, ReferenceOutcomes
from grader.grading.reference import CheckSources, RecordedReference
from grader.grading.replayed import Replayed
from grader.grading.run import GradingRun
from grader.grading.seeds import fresh_seed
from grader.observe.engine import Engine
from grader.observe.protocol import Overlay
from grader.wire.outcome import Outcome

COURSE = Path(__file__).resolve().parents[2]
NAMES = course_folder.names(COURSE)
_SLOW_SECONDS = 0.1


class Proof:
    """What an assignment's checks observe of its reference and of every known variant, for one fresh seed."""

    def __init__(self, assignment: Assignment, engine: Engine, in_full: bool = False) -> None:
        self.assignment = assignment
        self._in_full = in_full
        self.run = GradingRun(assignment, engine, fresh_seed())
        self.run.__enter__()
        self.checks = self.run.checks
        self.misconceptions = self.run.misconceptions
        self.alternatives = self.run.alternatives
        self._session = self.run.live_reference()
        self._session.prepare()
        self.references: dict[str, ReferenceOutcomes] = self._session.observe(self.checks)

    def close(self) -> None:
        self._session.close()
        self.run.__exit__(None, None, None)

    def outcomes_of(self, variant: VariantSpec) -> dict[str, Outcome]:
        """What a misconception or an alternative observes in every check of the assignment.

        Most variants are run through the checks of their own exercise only, and so are the few checks that take
        long (real loader workers); for all others what the reference observes is taken for granted.
        """
        source = self._sources[variant in self.alternatives]
        overlay = Overlay(extract(source, [variant.name], "variants.py"), variant.name)
        everywhere = variant.name in self.sample
        run = [
            check
            for check in self.checks
            if check.exercise == variant.exercise or (everywhere and check.name not in self._slow)
        ]
        return {name: found.float32 for name, found in self.references.items()} | self._session.overlaid(overlay, run)

    @cached_property
    def sample(self) -> set[str]:
        """The variants that are run through every check, others each time: two of each exercise; in full, all."""
        if self._in_full:
            return {variant.name for variant in (*self.misconceptions, *self.alternatives)}
        chosen: set[str] = set()
        for exercise in self.assignment.settings.exercise:
            own = [v.name for v in (*self.misconceptions, *self.alternatives) if v.exercise == exercise.id]
            chosen.update(random.Random(f"{self.run.seed}/{exercise.id}").sample(own, 2))
        return chosen

    @cached_property
    def _slow(self) -> set[str]:
        sources = [self._session._source_of(check) for check in self.checks]
        seconds = self._session._session.check(sources, trusted=True).seconds
        return {check.name for check, took in zip(self.checks, seconds, strict=True) if took > _SLOW_SECONDS}

    @cached_property
    def wrong(self) -> dict[str, dict[str, Outcome]]:
        """Every misconception's outcomes, by name and check."""
        return {m.name: self.outcomes_of(m) for m in self.misconceptions}

    @cached_property
    def graded(self) -> dict[str, Observed]:
        """Every misconception, judged and diagnosed as a submission, by name."""
        return {m.name: self.grade(self.wrong[m.name], self.judged(m)) for m in self.misconceptions}

    def judged(self, variant: VariantSpec) -> tuple[CheckSpec, ...]:
        """The checks in which a variant may differ from the reference, as far as it was run."""
        return tuple(c for c in self.checks if variant.name in self.sample or c.exercise == variant.exercise)

    def grade(self, outcomes: Mapping[str, Outcome], checks: tuple[CheckSpec, ...] | None = None) -> Observed:
        """Judge and diagnose outcomes as those of a submission, in all checks or in some."""
        recording = Recording(
            assignment=self.assignment.name,
            seed=self.run.seed,
            torch="",
            checks=self.checks,
            hidden_checks=0,
            references=self.references,
            misconceptions=self.misconceptions,
            variants={m.name: self._own(m) for m in self.misconceptions},
        )
        exam = Exam(
            assignment=self.assignment.name,
            seed=self.run.seed,
            device="cpu",
            checks=self.checks if checks is None else checks,
            hints={m.name: m.text for m in self.misconceptions},
            sources=CheckSources(self.assignment.checks_source()),
            judging=self.run.judging,
            reference=RecordedReference(recording),
        )
        return observe_and_judge(exam, Replayed(outcomes), lambda _: None)

    def _own(self, misconception: VariantSpec) -> dict[str, Outcome]:
        own = {check.name for check in self.checks if check.exercise == misconception.exercise}
        return {name: found for name, found in self.wrong[misconception.name].items() if name in own}

    @property
    def _sources(self) -> tuple[str, str]:
        return self.assignment.misconceptions_source(), self.assignment.alternatives_source()


def failed(observed: Observed) -> list[str]:
    """The checks that did not pass, with what was said."""
    return [f"{name}: {run.verdict} {run.message}" for name, run in observed.runs.items() if run.verdict != "pass"]


def exercises_of(checks: tuple[CheckSpec, ...], observed: Observed) -> set[str]:
    """The exercises in which a check did not pass."""
    judged = [check for check in checks if check.name in observed.runs]
    return {check.exercise for check in judged if observed.runs[check.name].verdict != "pass"}
