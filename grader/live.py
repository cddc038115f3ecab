"""``grader.check`` in a notebook: the public checks of one exercise on what the notebook has defined."""

from __future__ import annotations

import contextlib
import io
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.errors import BadInput
from grader.grading.model import ExerciseGrade, Hint, Run
from grader.grading.recording import Recording, load

OBSERVED = "GRADER_OBSERVED"
_RECORDING = "observations.bin"


@dataclass(frozen=True)
class Shown:
    """How an exercise's checks went; Jupyter shows it as HTML, a terminal as text."""

    html: str
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


def check_here(exercise: str, namespace: Mapping[str, Any] | None = None, start: Path | None = None) -> Shown:
    """Run the public checks of an exercise in this process.

    Args:
        exercise: The exercise's id.
        namespace: The names to check; those of the running notebook where None.
        start: Where to look for the assignment; the current folder where None.

    Returns:
        How it went, in the words of the report.

    Raises:
        BadInput: The assignment is not found, or has no such exercise.
    """
    if os.environ.get(OBSERVED):  # the notebook is being graded: its checks run when all cells have
        return Shown("", f"{exercise}: checked when the notebook has run")
    assignment, recording = _find(exercise, start or Path.cwd())
    from grader.report.live import check_html, check_text

    grade = _grade(assignment, recording, exercise, namespace if namespace is not None else _notebook())
    return Shown(check_html(grade), check_text(grade))


def _grade(assignment: Assignment, recording: Recording, exercise: str, namespace: Mapping[str, Any]) -> ExerciseGrade:
    from grader.grading.needs import skipped

    settings = next(e for e in assignment.settings.exercise if e.id == exercise)
    if reason := skipped(assignment).get(exercise):
        return ExerciseGrade(id=exercise, title=settings.title, score=0.0, max_score=0.0, note=reason, skipped=True)
    from grader.authoring.declare import Check
    from grader.authoring.load import load_source
    from grader.grading.points import add_up, grade_check, passes
    from grader.grading.reference import CheckSources
    from grader.grading.seeds import check_seed
    from grader.grading.trusted import diagnose_outcomes, judge_outcome
    from grader.observe.run import run_check

    sources = CheckSources(assignment.checks_source())
    specs = tuple(spec for spec in recording.checks if spec.exercise == exercise)
    outcomes, verdicts, seconds, outputs = {}, {}, {}, {}
    for spec in specs:
        check = load_source(sources.of(spec.name), "checks.py", spec.name, Check)
        seed = check_seed(recording.seed, recording.assignment, spec.name)
        started, printed = time.monotonic(), io.StringIO()
        with _streams_kept(), contextlib.redirect_stdout(printed):
            outcomes[spec.name] = run_check(check, namespace, seed)
        seconds[spec.name], outputs[spec.name] = time.monotonic() - started, printed.getvalue()[:4000]
        verdicts[spec.name] = judge_outcome(outcomes[spec.name], recording.references[spec.name], spec)
    hints = {m.name: m.text for m in recording.misconceptions if m.exercise == exercise}
    variants = {name: recording.variants[name] for name in hints if name in recording.variants}
    found = diagnose_outcomes(specs, outcomes, verdicts, recording.references, variants)
    named = {name: Hint(name, hints[name]) for name in hints}
    runs = {
        spec.name: Run(
            device="cpu",
            verdict=verdicts[spec.name].verdict,
            seconds=round(seconds[spec.name], 4),
            message=verdicts[spec.name].message,
            misconception=named.get(found.checks.get(spec.name, "")),
            differences=verdicts[spec.name].differences,
            output=outputs[spec.name],
        )
        for spec in specs
    }
    passed = {name: passes([run]) for name, run in runs.items()}
    checks = tuple(grade_check(spec, [runs[spec.name]], passed) for spec in specs)
    return ExerciseGrade(
        id=exercise,
        title=settings.title,
        score=add_up(check.points for check in checks),
        max_score=add_up(check.max_points for check in checks),
        misconception=named.get(found.exercise or ""),
        checks=checks,
    )


def _find(exercise: str, start: Path) -> tuple[Assignment, Recording]:
    """The assignment that has an exercise: the one of this folder, or any of the course around it."""
    if (start / _RECORDING).is_file():
        candidates = [course_folder.load_released(start)]
    else:
        course = course_folder.find_course(start)
        candidates = [course_folder.load(course, name) for name in course_folder.names(course)]
    known: list[str] = []
    for assignment in candidates:
        ids = [e.id for e in assignment.settings.exercise]
        if exercise in ids and assignment.public is not None:
            return assignment, load(assignment.public / _RECORDING)
        known += ids
    raise BadInput(f"there is no exercise {exercise!r} here; there are: {', '.join(known) or 'none'}")


def _notebook() -> Mapping[str, Any]:
    """The names of the running notebook, or of the program where none runs."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell.user_ns if shell is not None else vars(sys.modules["__main__"])


@contextlib.contextmanager
def _streams_kept() -> Iterator[None]:
    """Put the global random streams back where they were: a check must not change what the next cell draws."""
    import numpy as np
    import torch

    python, words, bits = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(words)
        torch.set_rng_state(bits)
