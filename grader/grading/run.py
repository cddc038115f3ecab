"""A grading run: one assignment, one seed, one warm engine, and the submissions that are graded with them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType

import msgspec

from grader.assignment.folder import Assignment
from grader.authoring.spec import REHEARSAL, CheckSpec, VariantSpec
from grader.grading import assemble, rehearsing
from grader.grading.evidence import Asked, Evidence, check_digests, data_digest
from grader.grading.judging import Judging, refuse_verdicts
from grader.grading.kept import KeptReference
from grader.grading.looking import asked_of, in_plain_sight, look_at
from grader.grading.model import ExerciseGrade, Grade, Timing
from grader.grading.needs import checks_left, rescaling, skipped
from grader.grading.notices import Circumstances, notices
from grader.grading.pipeline import NOTHING, Exam, Observed, Progress, observe_and_judge
from grader.grading.recording import Recording
from grader.grading.reference import CheckSources, LiveReference, RecordedReference, ReferenceSource
from grader.grading.replayed import Observing
from grader.grading.requests import Described, Judge
from grader.grading.runs import not_here, not_run
from grader.grading.shared import SharedReference
from grader.grading.submission import Submission, ungraded
from grader.grading.validate import validate
from grader.judge.verdict import Verdict
from grader.looks.model import LookExercise
from grader.observe import probe
from grader.observe.allowed import ON_CPU
from grader.observe.engine import Engine
from grader.observe.gpu import GpuMemory, open_nvml
from grader.observe.supervisor import Session


@dataclass(frozen=True)
class Graded:
    """A grade with the evidence that it can be judged again from.

    Attributes:
        grade: The grade.
        evidence: What is kept of what was observed.
        observed: All that was observed, one entry a device.
    """

    grade: Grade
    evidence: Evidence = field(default_factory=Evidence)
    observed: tuple[Observed, ...] = ()


class GradingRun:
    """Grades submissions of one assignment with one seed.

    Args:
        assignment: The assignment; with its reference the run is in full, without it the public checks only.
        engine: Where processes come from.
        seed: The run's secret seed; a recording brings its own.
        devices: Device types to run the checks on.
        recording: The recorded observations; needed where the reference is not at hand.
        started: Clock reading (monotonic) of the command's start, for the timing in the grade.
        keep: Keep what the reference observes for further submissions; `__exit__` lets go of it.
        kept_in: A folder in which other processes that grade with this seed keep it, too; None for no such folder.
        rehearse: Rehearse on the simulated device where none of the devices but the CPU is here.
    """

    def __init__(
        self,
        assignment: Assignment,
        engine: Engine,
        seed: str,
        devices: Sequence[str] = ("cpu",),
        recording: Recording | None = None,
        started: float | None = None,
        keep: bool = False,
        kept_in: Path | None = None,
        rehearse: bool = False,
    ) -> None:
        self.assignment = assignment
        self.seed = recording.seed if recording else seed
        self.devices = tuple(devices)
        self._engine = engine
        self._recording = recording
        self._started = time.monotonic() if started is None else started
        self._limits = assignment.settings.limits
        self.here: tuple[str, ...] = ("cpu", REHEARSAL)
        self._probed = probe.Devices(("cpu",))
        self._gpu: GpuMemory | None = None
        self._start_seconds = 0.0
        self._keep = keep
        self._kept_in = kept_in
        self._rehearse = rehearse
        self._shared: dict[str, SharedReference] = {}
        self.skipped = skipped(assignment)

    def __enter__(self) -> GradingRun:
        """Start the trusted worker, before any student code is read."""
        self._judging = Judging(self._engine)
        self._start_seconds = time.monotonic() - self._started
        try:
            self._described = self._describe()
            if set(self.devices) - {"cpu", REHEARSAL}:
                self._probed = probe.devices(self._engine)
                self.here = (*self._probed.here, REHEARSAL)
                self._gpu = open_nvml() if "cuda" in self.here else None
            if self._rehearse:
                self.devices = rehearsing.order(self.devices, self.here, self._engine.forks)
        except BaseException:
            self._judging.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the trusted worker, and what runs of the reference."""
        for shared in self._shared.values():
            shared.end()
        self._judging.close()

    @property
    def checks(self) -> tuple[CheckSpec, ...]:
        """The checks of this run, in the author's order; without those of skipped exercises."""
        return checks_left(self._described.checks, self.skipped)

    @property
    def misconceptions(self) -> tuple[VariantSpec, ...]:
        """The known misconceptions."""
        return self._described.misconceptions

    @property
    def alternatives(self) -> tuple[VariantSpec, ...]:
        """The known different but right solutions."""
        return self._described.alternatives

    @property
    def judging(self) -> Judging:
        """The trusted worker."""
        return self._judging

    def judge(self, request: Judge) -> Verdict:
        """Judge one outcome; see `Judging.judge`."""
        return self._judging.judge(request)

    def grade(self, submission: Submission, progress: Progress = lambda _: None) -> Graded:
        """Grade one submission.

        Args:
            submission: What was handed in; its notebook must have been read.
            progress: Told in a few words what is being done.

        Returns:
            The grade, whatever the notebook does, and the evidence.

        Raises:
            BadCheckFile: The assignment itself is broken.
            EngineFault: The grader's own machinery failed.
        """
        if submission.notebook is None:
            raise ValueError("a submission without a notebook cannot be graded; use ungraded()")
        cells, settings = submission.notebook.code, self.assignment.settings.exercise
        code = [(cell.number, cell.source) for cell in cells]
        sessions: list[Observing] = []

        def session(device: str) -> Observing:
            looks = None if sessions else asked_of(settings)  # the first one looks at the source before it runs it
            sessions.append(self.session(code, device, submission.files, looks))
            return sessions[-1]

        with ThreadPoolExecutor(1) as aside:
            asking = aside.submit(lambda: self.asked)
            by_device = self.on_devices(self.devices, session, progress)
            asked = asking.result()
        looks = next((s.looks for s in sessions if s.looks is not None), None)
        looks = look_at(self._engine, cells, settings) if looks is None else looks
        # Whatever ends the judge may have ended the student's processes as well: that would be no crash of theirs.
        self._judging.still_answers()
        if self._recording is not None:
            looks = in_plain_sight(looks)  # nobody but the student reads this grade
        observed, count = tuple(by_device.values()), self.assignment.settings.devices_count
        exercises = assemble.exercises(settings, self.checks, observed, cells, looks, self.skipped, count)
        grade = msgspec.structs.replace(self._grade(submission, by_device, exercises), looks=looks.elsewhere)
        outcomes = {device: {n: r.outcomes[0] for n, r in o.results.items()} for device, o in by_device.items()}
        return Graded(grade, Evidence(outcomes, asked, {device: o.ends for device, o in by_device.items()}), observed)

    @cached_property
    def asked(self) -> Asked:
        """What the checks of this run observe, as digests."""
        names = [check.name for check in self.checks]
        return Asked(check_digests(self.assignment.checks_source(), names), data_digest(self.assignment.data_files))

    @cached_property
    def _sources(self) -> CheckSources:
        return CheckSources(self.assignment.checks_source())

    def _describe(self) -> Described:
        if self._recording is not None:
            return Described(self._recording.checks, self._recording.misconceptions, ())
        described = self._judging.describe(
            self.assignment.checks_source(),
            self.assignment.misconceptions_source(),
            self.assignment.alternatives_source(),
        )
        validate(self.assignment, described.checks)
        refuse_verdicts(f"{self.assignment.name}/checks.py", described.forgeable)
        return described

    def on_devices(
        self, devices: Sequence[str], session_of: Callable[[str], Observing], progress: Progress = lambda _: None
    ) -> dict[str, Observed]:
        """Observe and judge on several devices, one after the other.

        Args:
            devices: The devices; the simulated one is rehearsed in the session of the CPU.
            session_of: Makes the session of a device; it is closed in the end.
            progress: Told in a few words what is being done.

        Returns:
            What was found on each device; every check of the run has a run in it.
        """
        found: dict[str, Observed] = {}
        for device in devices:
            if device != REHEARSAL:
                found[device] = self._on_device(device, session_of(device), progress, found, REHEARSAL in devices)
        if REHEARSAL in devices:
            rehearsed = (found["cpu"].rehearsed if "cpu" in found else None) or Observed()
            missing = [check for check in self.checks if check.name not in rehearsed.runs]
            rehearsed.runs.update(not_run(missing, REHEARSAL, "not rehearsed: it was not run on the CPU"))
            found[REHEARSAL] = rehearsed
        return {device: found[device] for device in devices}

    def _on_device(
        self, device: str, session: Observing, progress: Progress, found: Mapping[str, Observed], rehearse: bool
    ) -> Observed:
        if device not in self.here:
            return Observed(runs=not_here(self.checks, device, self._probed.broken.get(device, "")))
        if device != "cpu" and self._recording is not None:
            return Observed(runs=not_run(self.checks, device, "not run: what was recorded was observed on the CPU"))
        cut_off = {check.name for check in self._cut_off()}
        checks = tuple(check for check in self.checks if check.runs_on(device) and check.name not in cut_off)
        sources = self._sources
        reference = self._reference(device, sources)
        exam = Exam(
            assignment=self.assignment.name,
            seed=self.seed,
            device=device,
            checks=checks,
            hints={m.name: m.text for m in self._described.misconceptions},
            sources=sources,
            judging=self._judging,
            reference=reference,
            avoid={exercise.id: exercise.avoid for exercise in self.assignment.settings.exercise},
            rehearse=rehearse and device == "cpu",
            on_cpu=NOTHING if device in ON_CPU else found.get("cpu", NOTHING),
        )
        try:
            observed = observe_and_judge(exam, session, progress)
        finally:
            session.close()
            reference.close()
        elsewhere = [check for check in self.checks if not check.runs_on(device)]
        observed.runs.update(not_run(self._cut_off(), device, "not run: processes cannot talk to each other here"))
        observed.runs.update(not_run(elsewhere, device, f"this check does not run on {device}"))
        return observed

    def _cut_off(self) -> list[CheckSpec]:
        """The checks that need sockets, where the confinement leaves none."""
        return [check for check in self.checks if check.sockets] if self._engine.mode == "landlock" else []

    def session(
        self,
        cells: Sequence[tuple[int, str]],
        device: str = "cpu",
        files: Mapping[str, bytes] | None = None,
        looks: tuple[LookExercise, ...] | None = None,
    ) -> Session:
        """A session of this run for a notebook's code cells, with the assignment's data and its files beside it."""
        beside = {**(files or {}), **self.assignment.data_files}  # what is handed in never replaces the course's data
        gpu = self._gpu if device == "cuda" else None
        return Session(self._engine, cells, self._limits, self.seed, device, beside, gpu=gpu, looks=looks)

    def live_reference(self, device: str = "cpu") -> LiveReference:
        """The reference, to be observed with this run's inputs."""
        return self._live(device, self._sources)

    def _reference(self, device: str, sources: CheckSources) -> ReferenceSource:
        if self._recording is not None:
            return RecordedReference(self._recording)
        if not self._keep:
            return self._live(device, sources)
        if device not in self._shared:
            source: ReferenceSource = self._live(device, sources)
            if self._kept_in is not None and device in ON_CPU:  # what a GPU computes depends on the GPU
                source = KeptReference(source, self._kept_in / self._engine.mode / device)
            self._shared[device] = SharedReference(source)
        return self._shared[device]

    def _live(self, device: str, sources: CheckSources) -> LiveReference:
        cells = [(cell.number, cell.source) for cell in self.assignment.solution_cells()]
        return LiveReference(
            self.session(cells, device),
            self.assignment.name,
            self.seed,
            sources,
            self.assignment.misconceptions_source(),
            self._described.misconceptions,
        )

    def _grade(
        self, submission: Submission, by_device: Mapping[str, Observed], exercises: tuple[ExerciseGrade, ...]
    ) -> Grade:
        observed = tuple(by_device.values())
        cells = submission.notebook.code if submission.notebook else ()
        found = Circumstances(
            assignment=self.assignment,
            engine=self._engine,
            devices=self.devices,
            here=("cpu",) if self._recording else self.here,  # what was recorded was observed on the CPU
            cut_off=len(self._cut_off()),
            rescaled=rescaling(self._described.checks, self.skipped),
        )
        base = ungraded(self.assignment, submission, "graded", "", seed=self.seed, devices=self.devices)
        return msgspec.structs.replace(
            assemble.filled(base, exercises, observed, cells),
            scope="public" if self._recording else "full",
            hidden_checks=self._recording.hidden_checks if self._recording else 0,
            confinement=self._engine.layers,
            provisional=found.lacking,
            environment={**base.environment, **self._probed.versions},
            notices=notices(found, submission, by_device),
            timing=Timing(
                start_seconds=round(self._start_seconds, 3),
                notebook_seconds=round(sum(each.notebook_seconds for each in observed), 3),
                checks_seconds=round(sum(each.checks_seconds for each in observed), 3),
                total_seconds=round(time.monotonic() - self._started, 3),
            ),
        )
