"""What the student's copy of a grade may hold: built up from named fields, so that a new field stays out."""

from __future__ import annotations

from typing import Literal

from grader.grading.model import CheckGrade, ExerciseGrade, Grade, Hint, Run
from grader.looks.model import Look
from grader.report.text import count

Edition = Literal["student", "instructor"]
Feedback = Literal["verdict", "message", "nothing"]

HIDDEN_SUM = "hidden checks"
_STUDENT_ENVIRONMENT = ("python", "torch", "torchvision", "numpy", "cuda", "platform", "device", "grader")


def edition_of(grade: Grade, edition: Edition, feedback: Feedback) -> Grade:
    """The grade as one reader may see it.

    Args:
        grade: The whole grade.
        edition: Who reads it. The instructor's edition is the grade itself.
        feedback: How much of a hidden check a student sees: "verdict" (name, points and verdict), "message"
            (its message too) or "nothing" (all hidden checks of an exercise as one sum).

    Returns:
        A grade that holds nothing that this reader must not see.
    """
    return grade if edition == "instructor" else _student_grade(grade, feedback)


def student_exercise(exercise: ExerciseGrade, scope: Literal["full", "public"], feedback: Feedback) -> ExerciseGrade:
    """One exercise as its student may see it (see `edition_of`)."""
    public = [_public_check(check) for check in exercise.checks if check.visibility == "public"]
    if feedback == "nothing":
        checks = (*public, *_hidden_sum(exercise))
    else:
        checks = tuple(_student_check(check, feedback) for check in exercise.checks)
    return ExerciseGrade(
        id=exercise.id,
        title=exercise.title,
        score=exercise.score,
        max_score=exercise.max_score,
        misconception=_student_hint(exercise, scope, feedback),
        code=exercise.code,
        code_cells=exercise.code_cells,
        note=exercise.note,
        checks=checks,
        looks=tuple(_plain_use(look) for look in exercise.looks if look.kind == "source" and look.avoided),
        skipped=exercise.skipped,
    )


def _student_grade(grade: Grade, feedback: Feedback) -> Grade:
    environment = {name: grade.environment[name] for name in _STUDENT_ENVIRONMENT if name in grade.environment}
    return Grade(
        assignment=grade.assignment,
        title=grade.title,
        student=grade.student,
        attempt=grade.attempt,
        score=grade.score,
        max_score=grade.max_score,
        devices=grade.devices,
        status=grade.status,
        reason=grade.reason,
        scope=grade.scope,
        hidden_checks=grade.hidden_checks,
        seed=grade.seed if grade.scope == "public" else "",
        submitted_at=grade.submitted_at,
        submission=grade.submission,
        digest=grade.digest,
        environment=environment,
        confinement=grade.confinement,
        provisional=grade.provisional,
        gpu_peak_bytes=grade.gpu_peak_bytes,
        notices=grade.notices,
        cells=grade.cells,
        output=grade.output,
        timing=grade.timing,
        exercises=tuple(student_exercise(each, grade.scope, feedback) for each in grade.exercises),
    )


def _student_hint(exercise: ExerciseGrade, scope: str, feedback: Feedback) -> Hint | None:
    """The exercise's misconception, where a public check shows it or the course says that hidden ones may."""
    hint = exercise.misconception
    public_runs = [run for check in exercise.checks if check.visibility == "public" for run in check.runs]
    seen_in_public = any(run.misconception == hint for run in public_runs)
    return hint if scope == "public" or feedback == "message" or seen_in_public else None


def _plain_use(look: Look) -> Look:
    """A direct use of what the exercise is to be written without: a student may not have noticed."""
    return Look(kind="source", cell=look.cell, line=look.line, what=look.what, why=look.why, avoided=look.avoided)


def _student_check(check: CheckGrade, feedback: Feedback) -> CheckGrade:
    return _public_check(check) if check.visibility == "public" else _hidden_check(check, feedback)


def _public_check(check: CheckGrade) -> CheckGrade:
    return CheckGrade(
        name=check.name,
        visibility="public",
        description=check.description,
        points=check.points,
        max_points=check.max_points,
        runs=tuple(_public_run(run) for run in check.runs),
    )


def _public_run(run: Run) -> Run:
    return Run(
        device=run.device,
        verdict=run.verdict,
        seconds=run.seconds,
        message=run.message,
        misconception=run.misconception,
        parts=run.parts,
        differences=run.differences,
        frames=run.frames,
        output=run.output,
    )


def _hidden_check(check: CheckGrade, feedback: Feedback) -> CheckGrade:
    def shown(run: Run) -> Run:
        message = run.message if feedback == "message" else ""
        return Run(device=run.device, verdict=run.verdict, seconds=0.0, message=message)

    return CheckGrade(
        name=check.name,
        visibility="hidden",
        description="",
        points=check.points,
        max_points=check.max_points,
        runs=tuple(shown(run) for run in check.runs),
    )


def _hidden_sum(exercise: ExerciseGrade) -> tuple[CheckGrade, ...]:
    hidden = [check for check in exercise.checks if check.visibility == "hidden"]
    if not hidden:
        return ()
    total = CheckGrade(
        name=HIDDEN_SUM,
        visibility="hidden",
        description=f"{count(len(hidden), 'hidden check')}, shown as one sum.",
        points=sum(check.points for check in hidden),
        max_points=sum(check.max_points for check in hidden),
        runs=(),
    )
    return (total,)
