"""Verify an assignment: every step in turn, and what was found put together."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

from grader.assignment.folder import Assignment
from grader.errors import BadInput
from grader.grading.model import Grade
from grader.grading.run import GradingRun
from grader.grading.seeds import fresh_seed
from grader.grading.submission import Submission
from grader.notebook.model import Notebook
from grader.notebook.read import read_bytes
from grader.observe.engine import Engine
from grader.release.notebook import student_notebook
from grader.verify import calibration, mutating, reference, rehearsing, structure, variants
from grader.verify.case import Case, Known, close_look
from grader.verify.equivalents import Equivalent, read_equivalents
from grader.verify.lane import Lanes
from grader.verify.model import ExerciseProof, Finding, Proof
from grader.verify.requests import Weighed
from grader.verify.shares import one_each, shares
from grader.verify.trials import affordable, batches, is_slow
from grader.verify.variants import Seen

_BATCH_RUNS = 20

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Options:
    """How to verify.

    Attributes:
        runs: With how many seeds.
        workers: How many sessions run side by side.
        mutants: Whether to try small changes of the reference.
        device: Where the checks make their inputs.
        exercises: The ids of the exercises to look at; all of them where none are given.
    """

    runs: int = 20
    workers: int = 2
    mutants: bool = True
    device: str = "cpu"
    exercises: tuple[str, ...] = ()

    @property
    def devices(self) -> tuple[str, ...]:
        """Where reference and stub are graded: results on another device are compared with the CPU's."""
        return tuple(dict.fromkeys(("cpu", self.device)))


@dataclass
class _Counts:
    """What the steps have found so far."""

    findings: list[Finding] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    named: dict[str, tuple[int, int]] = field(default_factory=dict)
    tried: list[mutating.Tried] = field(default_factory=list)
    measured: dict[str, Weighed] = field(default_factory=dict)


def verify(assignment: Assignment, engine: Engine, options: Options, progress: Progress) -> Proof:
    """Verify an assignment.

    Args:
        assignment: An assignment with its reference.
        engine: Where processes come from.
        options: How much to try.
        progress: Told what is being done, how much of it is done, and of how much.

    Returns:
        What was found.

    Raises:
        BadInput: The assignment cannot be verified as it is: its files are broken or its solution does not run.
    """
    if assignment.reference is None:
        raise BadInput(f"{assignment.name}: there is no reference/{assignment.name} to verify")
    started = time.monotonic()
    equivalents = read_equivalents(assignment.reference)
    with GradingRun(assignment, engine, fresh_seed(), options.devices) as run:
        case = _case(run, options)
    findings, seconds = _graded(assignment, engine, options.devices, progress)
    findings += structure.shortcomings(case) if options.device == "cpu" else []
    lanes = Lanes(assignment, engine, options.workers, options.device)
    try:
        return _Verification(case, lanes, options, equivalents, progress).run(findings, seconds, started)
    finally:
        lanes.close()


def _case(run: GradingRun, options: Options) -> Case:
    known = tuple(exercise.id for exercise in run.assignment.settings.exercise)
    chosen = options.exercises or known
    if unknown := set(chosen) - set(known):
        raise BadInput(f"{run.assignment.name} has no exercise {min(unknown)!r}; it has {', '.join(known)}")
    if options.device not in run.here:
        raise BadInput(f"there is no {options.device} device here; python -m grader doctor says what there is")
    checks = tuple(c for c in run.checks if c.exercise in chosen and c.runs_on(options.device))
    if not checks:
        raise BadInput(f"no check of {run.assignment.name} runs on {options.device}: there is nothing to verify there")
    there = {check.exercise for check in checks} if options.device != "cpu" else set(chosen)
    partly = {check.exercise for check in run.checks if not check.runs_on(options.device)}
    return Case(
        assignment=run.assignment,
        checks=checks,
        # The check that notices one may be of those that run on the CPU only.
        misconceptions=tuple(m for m in run.misconceptions if m.exercise in there - partly),
        alternatives=tuple(a for a in run.alternatives if a.exercise in there),
        runs=tuple(fresh_seed() for _ in range(options.runs)),
        exercises=tuple(id for id in known if id in there),
    )


def _graded(
    assignment: Assignment, engine: Engine, devices: Sequence[str], progress: Progress
) -> tuple[list[Finding], float]:
    """Grade the reference and the untouched stub as a student's work is graded."""
    found: list[Finding] = []
    progress("grading the reference and the stub", 0, 2)
    solution = _grade(assignment, engine, devices, assignment.solution())
    if solution.score != solution.max_score:
        lost = next(c for e in solution.exercises for c in e.checks if c.points < c.max_points)
        message = f"the reference gets {solution.score:g} of {solution.max_score:g}; it fails {lost.name}"
        found.append(Finding(kind="reference", exercise="", subject=assignment.name, message=message))
    stub = _grade(assignment, engine, devices, read_bytes(f"{assignment.name}.ipynb", student_notebook(assignment)))
    for exercise in stub.exercises:
        for check in exercise.checks:
            if check.points > 0:
                message = f"the untouched notebook passes it and gets {check.points:g} points"
                found.append(Finding(kind="stub", exercise=exercise.id, subject=check.name, message=message))
    timing = solution.timing
    return found, round(timing.notebook_seconds + timing.checks_seconds, 3)


def _grade(assignment: Assignment, engine: Engine, devices: Sequence[str], notebook: Notebook) -> Grade:
    """Grade a notebook as a student's."""
    digest = hashlib.sha256(notebook.name.encode()).hexdigest()
    submission = Submission("verify", notebook.name, digest, "1970-01-01T00:00:00+00:00", 1, notebook)
    with GradingRun(assignment, engine, fresh_seed(), devices) as run:
        return run.grade(submission).grade


class _Verification:
    """One assignment's verification: the steps share what the ones before found."""

    def __init__(
        self, case: Case, lanes: Lanes, options: Options, equivalents: Sequence[Equivalent], progress: Progress
    ) -> None:
        self._case = case
        self._lanes = lanes
        self._options = options
        self._equivalents = equivalents
        self._progress = progress
        self._found = _Counts()

    def run(self, findings: list[Finding], grading_seconds: float, started: float) -> Proof:
        """Take every step; after one that shows the reference itself to be broken no other makes sense."""
        self._found.findings += findings
        case = self._case
        known = self._look_at_reference()
        if not any(finding.kind == "reference" for finding in self._found.findings):
            self._look_at_variants(known)
            if self._options.device == "cpu":
                known, found = rehearsing.rehearse(case, self._lanes, known, self._steps)
                self._found.findings += found
            if self._options.mutants:
                self._try_mutants(known)
                self._found.findings += self._vacuous()
            self._try_further_seeds(known)
        exercises = tuple(self._proof_of(exercise) for exercise in case.exercises)
        self._found.findings += shares(exercises)
        return Proof(
            assignment=case.assignment.name,
            title=case.assignment.settings.title,
            device=self._options.device,
            runs=len(case.runs),
            exercises=exercises,
            findings=one_each(self._found.findings),
            slow_checks=tuple(c.name for c in case.checks if is_slow(known.seconds.get(c.name, 0.0))),
            grading_seconds=grading_seconds,
            seconds=round(time.monotonic() - started, 1),
            torch=version("torch"),
            digest=case.assignment.digest,
            rehearsed=len(rehearsing.runs(case)) if known.rehearsed else 0,
        )

    def _look_at_reference(self) -> Known:
        case, runs = self._case, close_look(self._case)
        outcomes, seconds = reference.observe(
            case, self._lanes, case.checks, runs, self._steps("observing the reference", 1)
        )
        known = Known(outcomes, seconds)
        broken = reference.failures(case, outcomes)
        self._found.findings += broken
        if not broken:
            self._found.findings += self._lanes.once(lambda lane: reference.unlike_itself(case, lane, outcomes))
            self._found.findings += self._lanes.once(lambda lane: reference.guessable(case, lane, runs, outcomes))
            self._found.measured = self._lanes.once(
                lambda lane: reference.measured(case, lane, case.checks, runs, outcomes)
            )
        return known

    def _look_at_variants(self, known: Known) -> None:
        case, total = self._case, len(self._case.alternatives) + len(self._case.wrong)
        steps = self._steps("looking closely at alternatives and misconceptions", total)
        self._found.seen = variants.look_closely(case, self._lanes, known, steps)
        self._found.findings += variants.refusals(case, self._found.seen)
        count = sum(len(known.runs(case, exercise)) for exercise in case.exercises)
        steps = self._steps("naming misconceptions", count)
        self._found.named = variants.name_all(case, self._lanes, known, self._found.seen, steps)

    def _try_mutants(self, known: Known) -> None:
        case = self._case
        self._progress("making mutants", 0, 1)
        made = {exercise: mutating.mutants_of(case, exercise) for exercise in case.exercises}
        steps = self._steps("trying mutants", sum(map(len, made.values())))
        self._found.tried = mutating.try_all(case, self._lanes, known, self._found.seen, made, steps)
        self._found.findings += mutating.false_excuses(self._found.tried, self._equivalents)
        self._found.findings += mutating.outdated(made, self._equivalents)

    def _try_further_seeds(self, known: Known) -> None:
        case, later = self._case, self._case.runs[len(close_look(self._case)) :]
        parts = list(batches(later, _BATCH_RUNS))
        for number, runs in enumerate(parts, start=1):
            checks = affordable(case.checks, known.seconds, number)
            total = len(self._found.seen) + -(-len(runs) // 5)
            steps = self._steps(f"trying further seeds, part {number} of {len(parts)}", total)
            references, _ = reference.observe(case, self._lanes, checks, runs, steps)
            if broken := reference.failures(case, references):
                self._found.findings += broken
                return
            self._found.findings += variants.try_again(
                case, self._lanes, self._found.seen, references, known.seconds, runs, number, steps
            )

    def _vacuous(self) -> list[Finding]:
        """The checks that nothing known fails."""
        failed = {name for one in self._found.tried for name in one.caught_by}
        failed |= {name for one in self._found.seen for n in range(len(one.runs)) for name in one.failed(n)}
        message = (
            "no misconception and no mutant fails it: it observes nothing that can go wrong, or nothing known does"
        )
        return [
            Finding(kind="vacuous", exercise=check.exercise, subject=check.name, message=message)
            for check in self._case.checks
            if check.name not in failed
        ]

    def _proof_of(self, exercise: str) -> ExerciseProof:
        case, found = self._case, self._found
        own = case.own(exercise)
        (setting,) = (e for e in case.assignment.settings.exercise if e.id == exercise)
        wrong = [m.name for m in case.misconceptions if m.exercise == exercise]
        tried = [one for one in found.tried if one.exercise == exercise]
        leaves = calibration.leaves_of(case, exercise, found.measured, found.seen) if found.seen else ()
        survived = mutating.survivors(tried, exercise, self._equivalents)
        found.findings += mutating.unaccounted(exercise, survived)
        found.findings += calibration.too_close(exercise, leaves)
        bad = {(f.kind, f.subject) for f in found.findings}
        return ExerciseProof(
            id=exercise,
            title=setting.title,
            points=setting.points,
            checks=len(own),
            hidden_checks=sum(check.visibility == "hidden" for check in own),
            alternatives=sum(a.exercise == exercise for a in case.alternatives),
            refused=sum(("alternative", a.name) in bad for a in case.alternatives if a.exercise == exercise),
            misconceptions=len(wrong),
            accepted=sum(("misconception", name) in bad for name in wrong),
            named=sum(found.named.get(name, (0, 0))[0] for name in wrong),
            diagnosed=sum(found.named.get(name, (0, 0))[1] for name in wrong),
            mutants=len(tried),
            caught=sum(bool(one.caught_by) for one in tried),
            rehearsed=sum(one.rehearsed for one in tried),
            misnamed=sum(one.misnamed for one in tried),
            survivors=survived,
            leaves=leaves,
        )

    def _steps(self, what: str, total: int) -> Callable[[], None]:
        count = itertools.count(1)
        self._progress(what, 0, total)
        return lambda: self._progress(what, next(count), total)
