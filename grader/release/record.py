"""Record what the reference and the misconceptions observe in the public checks, for students' copies."""

from __future__ import annotations

from importlib.metadata import version

from grader.assignment.folder import Assignment
from grader.authoring.comparators import Accuracy
from grader.grading.judging import BadCheckFile
from grader.grading.recording import Recording
from grader.grading.requests import Judge
from grader.grading.run import GradingRun
from grader.grading.seeds import check_seed
from grader.observe.engine import Engine
from grader.wire.outcome import Outcome


def record(assignment: Assignment, engine: Engine) -> Recording:
    """Run the public checks on the reference and on every misconception, with inputs of a public seed.

    Args:
        assignment: An assignment with its reference.
        engine: Where processes come from.

    Returns:
        The recording.

    Raises:
        BadCheckFile: The reference fails a check, a public check needs labels that only the judge may hold, or a
            module that an exercise needs is not installed.
    """
    seed = public_seed(assignment)
    with GradingRun(assignment, engine, seed) as run:
        for exercise_id, reason in run.skipped.items():
            raise BadCheckFile(f"{assignment.name}: {exercise_id} cannot be recorded here. {reason}")
        public = tuple(check for check in run.checks if check.visibility == "public")
        for check in public:
            if any(isinstance(c, Accuracy) for c in check.compare.values()):
                raise BadCheckFile(
                    f"{assignment.name}/checks.py: {check.name} is public but compares with secret labels; "
                    'make it visibility="hidden"'
                )
        reference = run.live_reference()
        try:
            reference.prepare()
            references = reference.observe(public)
            for check in public:  # the judge refuses a reference that fails its own check
                own = references[check.name]
                run.judge(Judge(check, check_seed(seed, assignment.name, check.name), own.float32, own))
            variants: dict[str, dict[str, Outcome]] = {}
            for exercise in assignment.settings.exercise:
                own_checks = [check for check in public if check.exercise == exercise.id]
                names = [m.name for m in run.misconceptions if m.exercise == exercise.id]
                variants |= {name: reference.variant(name, own_checks) for name in names}
        finally:
            reference.close()
        return Recording(
            assignment=assignment.name,
            seed=seed,
            torch=version("torch"),
            checks=public,
            hidden_checks=len(run.checks) - len(public),
            references=references,
            misconceptions=run.misconceptions,
            variants=variants,
        )


def outdated(assignment: Assignment, recorded: Recording, engine: Engine) -> list[str]:
    """Which parts of a recording no longer say what the assignment does.

    Observations are compared by the judge, not byte by byte: another processor rounds differently.

    Args:
        assignment: An assignment with its reference.
        recorded: What was recorded before.
        engine: Where processes come from.

    Returns:
        What differs, in words; empty where nothing does.
    """
    fresh = record(assignment, engine)
    found = []
    if fresh.checks != recorded.checks or fresh.hidden_checks != recorded.hidden_checks:
        found.append("the checks")
    if fresh.misconceptions != recorded.misconceptions or set(fresh.variants) != set(recorded.variants):
        found.append("the misconceptions")
    if found:
        return found
    with GradingRun(assignment, engine, fresh.seed) as run:
        for check in fresh.checks:
            request = Judge(check, "", recorded.references[check.name].float32, fresh.references[check.name])
            if run.judge(request).verdict != "pass":
                found.append(f"what the reference observes in {check.name}")
    return found


def public_seed(assignment: Assignment) -> str:
    """The seed of an assignment's public inputs; no secret, and not used for grading."""
    return f"public/{assignment.name}"
