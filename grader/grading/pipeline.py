"""Grading: collect → observe → judge for one submission; the only place where both halves meet."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

import msgspec

from grader.authoring.spec import REHEARSAL, CheckSpec
from grader.grading import requests
from grader.grading.judging import Judging
from grader.grading.model import Hint, Run
from grader.grading.recording import ReferenceOutcomes
from grader.grading.reference import CheckSources, ReferenceSource
from grader.grading.rehearsing import Rehearsal
from grader.grading.replayed import Observing
from grader.grading.runs import hint_of, matches, run_of, told_by_cpu
from grader.grading.seeds import check_seed
from grader.judge.verdict import Verdict
from grader.observe.protocol import CheckSource
from grader.observe.results import CellEnd, CheckResult
from grader.wire.outcome import Missing, Outcome, Raised, Returned, Stopped

Progress = Callable[[str], None]
Results = dict[str, CheckResult]
Judged = tuple[CheckResult, Verdict]
References = Mapping[str, ReferenceOutcomes]
_ROOM_BYTES, _ROOM_TIMES = 1 << 20, 8


@dataclass(frozen=True)
class Observed:
    """What grading a notebook on one device found.

    Attributes:
        runs: Each check's run by name.
        results: Each check's outcomes by name, to be judged again later.
        hints: The misconception that explains an exercise, by exercise id.
        references: What the reference observed, by check.
        ends: Cells that did not run to their end.
        output: What the notebook printed.
        notices: Sentences for the report.
        notebook_seconds: Running the cells.
        checks_seconds: Running and judging the checks.
        peak_bytes: The most memory that the session held.
        rehearsed: What a rehearsal in the same session found, where there was one.
        gpu_peak_bytes: The most GPU memory that it was seen to hold, from outside; None where nothing could tell.
    """

    runs: dict[str, Run] = field(default_factory=dict)
    results: dict[str, CheckResult] = field(default_factory=dict)
    hints: dict[str, Hint] = field(default_factory=dict)
    references: References = field(default_factory=dict)
    ends: tuple[CellEnd, ...] = ()
    output: str = ""
    notices: tuple[str, ...] = ()
    notebook_seconds: float = 0.0
    checks_seconds: float = 0.0
    peak_bytes: int = 0
    rehearsed: Observed | None = None
    gpu_peak_bytes: int | None = None


NOTHING = Observed()


@dataclass(frozen=True)
class Exam:
    """What a submission is graded by, on one device.

    Attributes:
        assignment: The assignment's name, for seeds.
        seed: The grading run's seed.
        device: Where the checks run.
        checks: The checks in the author's order.
        hints: The misconceptions' hints by name.
        sources: The checks' sources.
        judging: The trusted worker.
        reference: Where the reference's outcomes come from.
        avoid: What each exercise is to be written without, by its id.
        rehearse: Whether what passes runs once more on the simulated device.
        on_cpu: What was found on the CPU, which results on another device are compared with too.
    """

    assignment: str
    seed: str
    device: str
    checks: tuple[CheckSpec, ...]
    hints: dict[str, str]
    sources: CheckSources
    judging: Judging
    reference: ReferenceSource
    avoid: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rehearse: bool = False
    on_cpu: Observed = NOTHING


def observe_and_judge(exam: Exam, session: Observing, progress: Progress) -> Observed:
    """Run a notebook and every check, judge each, and name the misconceptions.

    The reference runs beside the student's work, each in a thread that waits for its own session.

    Args:
        exam: What it is graded by.
        session: The student's session, not started yet; the caller closes it.
        progress: Told in a few words what is being done.

    Returns:
        What was found; whatever the notebook does, every check has a run.
    """
    # One thread a side: a session does one thing at a time, and each side keeps the checks' order.
    with ThreadPoolExecutor(1) as student_side, ThreadPoolExecutor(1) as reference_side:
        ready = reference_side.submit(exam.reference.prepare)
        notebook = student_side.submit(session.run_notebook)
        waves = _waves(exam.checks)
        observed = [reference_side.submit(exam.reference.observe, wave) for wave in waves]
        rehearsed = [reference_side.submit(exam.reference.rehearsed, wave) for wave in waves if exam.rehearse]
        rehearsal = _rehearsal(exam, session, student_side)
        # A rehearsal comes between the waves and has a process of its own.
        together = student_side.submit(_run, exam, session, waves[0], stays=len(waves) > 1 and not exam.rehearse)
        judged: dict[str, Judged] = {}
        alone: list[CheckSpec] = []
        try:
            progress("running the notebook")
            ready.result()
            notebook.result()
            started = time.monotonic()
            progress("running the checks")
            references: dict[str, ReferenceOutcomes] = {}
            for wave, of_reference in zip(waves, observed, strict=True):
                if wave is not waves[0]:
                    together = student_side.submit(_run, exam, session, wave, goes_on=not alone)
                references |= of_reference.result()
                judged |= _judge(exam, wave, together.result(), references)
                alone = _to_run_alone(wave, judged)
                again = {check.name: student_side.submit(_run, exam, session, [check], references) for check in alone}
                for done, check in enumerate(alone, start=1):
                    judged |= _judge(exam, [check], again[check.name].result(), references)
                    progress(f"looking closer: check {done} of {len(alone)}")
                if exam.rehearse:  # before anything hidden is asked: a session keeps that, and students see this
                    progress("rehearsing for a GPU")
                    passed = {check.name for check in wave if judged[check.name][1].verdict == "pass"}
                    rehearsal.wave(wave, passed, references, rehearsed.pop(0).result())
            diagnoses = _diagnose_all(exam, judged, references, reference_side, progress)
        except BaseException:
            student_side.shutdown(wait=False, cancel_futures=True)
            reference_side.shutdown(wait=False, cancel_futures=True)
            raise
    return replace(
        _seen_of(session),
        runs={c.name: _run_of(exam, c, judged[c.name], diagnoses.get(c.exercise)) for c in exam.checks},
        results={name: result for name, (result, _) in judged.items()},
        hints={e: hint_of(exam.hints, d.exercise) for e, d in diagnoses.items() if d.exercise},
        references=references,
        rehearsed=Observed(runs=rehearsal.runs, results=rehearsal.results) if exam.rehearse else None,
        checks_seconds=time.monotonic() - started,
    )


def _seen_of(session: Observing) -> Observed:
    """What a session itself says once all of its checks have run."""
    return Observed(
        ends=tuple(session.ends[number] for number in sorted(session.ends)),
        output=session.output,
        notices=session.notices,
        notebook_seconds=session.notebook_seconds,
        peak_bytes=session.peak_bytes,
        gpu_peak_bytes=session.gpu_peak_bytes,
    )


def _rehearsal(exam: Exam, session: Observing, student_side: ThreadPoolExecutor) -> Rehearsal:
    def observe(checks: Sequence[CheckSpec], seconds: float) -> Results:
        return student_side.submit(_run, exam, session, checks, seconds=seconds, device=REHEARSAL).result()

    return Rehearsal(observe, partial(_judge, exam))


def by_exercise(checks: Sequence[CheckSpec]) -> dict[str, list[CheckSpec]]:
    """The checks of each exercise, in the author's order."""
    found: dict[str, list[CheckSpec]] = {}
    for check in checks:
        found.setdefault(check.exercise, []).append(check)
    return found


def _waves(checks: Sequence[CheckSpec]) -> list[list[CheckSpec]]:
    """The public checks, then the hidden ones.

    A session keeps what it was asked. So it is asked nothing hidden before all that students see of it is in.
    """
    waves = [[c for c in checks if c.visibility == visibility] for visibility in ("public", "hidden")]
    return [wave for wave in waves if wave] or [[]]


def _run(
    exam: Exam,
    session: Observing,
    checks: Sequence[CheckSpec],
    references: References = MappingProxyType({}),
    *,
    seconds: float | None = None,
    device: str = "",
    stays: bool = False,
    goes_on: bool = False,
) -> Results:
    """Run checks in one process; the result of each as if it had run alone.

    A fork of a process with torch in it is the dearest part of a check. So all checks first run together, the hidden
    ones after the public ones in the same process, and those that do not pass run again, each in a process of its own:
    no check ever loses points to what another one left behind.
    """
    sources = [
        CheckSource(
            exam.sources.of(c.name),
            c.name,
            check_seed(exam.seed, exam.assignment, c.name),
            avoid=exam.avoid.get(c.exercise, ()),
            code=exam.sources.compiled(c.name),
        )
        for c in checks
    ]
    result = session.check(sources, seconds=seconds, device=device, stays=stays, goes_on=goes_on)
    output = result.output if len(checks) == 1 else ""
    parts = zip(checks, result.outcomes, result.seconds, result.called or ((),) * len(checks), strict=True)
    return {
        c.name: CheckResult((_within_room(o, references.get(c.name)),), (s,), output, (called,))
        for c, o, s, called in parts
    }


def _within_room(outcome: Outcome, reference: ReferenceOutcomes | None) -> Outcome:
    """Let go of an observation that is far larger than the reference's: all of them are kept until the end."""
    if reference is None or not isinstance(outcome, Returned) or not isinstance(reference.float32, Returned):
        return outcome
    size, expected = len(outcome.observation), len(reference.float32.observation)
    if size <= max(_ROOM_BYTES, _ROOM_TIMES * expected):
        return outcome
    return Stopped("invalid", f"it returned {size:,} bytes of data where the reference returns {expected:,}")


def _to_run_alone(checks: Sequence[CheckSpec], judged: dict[str, Judged]) -> list[CheckSpec]:
    """The checks that did not pass when all ran together, but for work that says that it is not written."""
    return [c for c in checks if judged[c.name][1].verdict != "pass" and not _unwritten(judged[c.name][0].outcomes[0])]


def _judge(exam: Exam, checks: Sequence[CheckSpec], results: Results, references: References) -> dict[str, Judged]:
    found = {}
    for check in checks:
        result = results[check.name]
        kept = _within_room(result.outcomes[0], references[check.name])
        result = replace(result, outcomes=(kept,))
        seed = check_seed(exam.seed, exam.assignment, check.name)
        home = exam.on_cpu.references.get(check.name)
        request = requests.Judge(check, seed, result.outcomes[0], references[check.name], home)
        found[check.name] = (result, exam.judging.judge(request))
    return found


def _diagnose_all(
    exam: Exam,
    judged: dict[str, Judged],
    references: References,
    reference_side: ThreadPoolExecutor,
    progress: Progress,
) -> dict[str, requests.Diagnosed]:
    """Compare each exercise that lost points with its misconceptions; unwritten ones need no diagnosis."""
    wrong = {
        exercise: checks
        for exercise, checks in by_exercise(exam.checks).items()
        if any(_is_wrong(*judged[c.name]) for c in checks)
    }
    variants = {e: reference_side.submit(exam.reference.variants, e, checks) for e, checks in wrong.items()}
    found = {}
    for exercise, checks in wrong.items():
        progress(f"looking for what explains {exercise}")
        request = requests.Diagnose(
            checks=tuple(checks),
            outcomes={c.name: judged[c.name][0].outcomes[0] for c in checks},
            verdicts={c.name: judged[c.name][1] for c in checks},
            references={c.name: references[c.name] for c in checks},
            variants=variants[exercise].result(),
        )
        found[exercise] = _diagnose(exam, request, reference_side)
    return found


def _diagnose(exam: Exam, request: requests.Diagnose, reference_side: ThreadPoolExecutor) -> requests.Diagnosed:
    """Find what explains an exercise; a misconception is named only after it was seen to observe so by itself."""
    certain: set[str] = set()
    while True:
        found = exam.judging.diagnose(request)
        by_leaf = (name for leaves in found.leaves.values() for name in leaves.values())
        unsure = {name for name in (found.exercise, *found.checks.values(), *by_leaf) if name} - certain
        if not unsure:
            return found
        alone = {n: reference_side.submit(exam.reference.variant, n, request.checks) for n in sorted(unsure)}
        observed = {name: future.result() for name, future in alone.items()}
        certain |= unsure
        request = msgspec.structs.replace(request, variants=request.variants | observed)


def _is_wrong(result: CheckResult, verdict: Verdict) -> bool:
    """Whether a check did not pass on work that is there."""
    if verdict.verdict == "pass":
        return False
    outcome = result.outcomes[0]
    return not (_unwritten(outcome) or isinstance(outcome, Missing))


def _unwritten(outcome: Outcome) -> bool:
    return isinstance(outcome, Raised) and outcome.error == "NotImplementedError" and not outcome.message


def _run_of(exam: Exam, check: CheckSpec, judged: Judged, diagnosis: requests.Diagnosed | None) -> Run:
    run = run_of(exam.device, *judged, *matches(diagnosis, check.name), exam.hints)
    return told_by_cpu(run, exam.on_cpu.runs.get(check.name))
