"""Lanes: pairs of a session of the solution and a trusted worker, as many as run side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from queue import Queue
from typing import TypeVar

import msgspec

from grader.assignment.folder import Assignment
from grader.grading.recording import ReferenceOutcomes
from grader.grading.reference import BrokenSolution, CheckSources
from grader.observe.engine import Engine, EngineFault
from grader.observe.protocol import MESSAGE_LIMITS, CheckSource, Overlay, Precision
from grader.observe.supervisor import Session
from grader.verify.requests import Answer, Failed, Load, Name, Named, Spread, Spreads, Weigh, Weighed
from grader.verify.trials import Trial
from grader.wire import frames
from grader.wire.outcome import Outcome

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
Key = tuple[str, str]
_ANSWER_SECONDS = 300.0


class Lane:
    """Observes works of one assignment and has them judged, one after the other.

    Args:
        assignment: An assignment with its reference.
        engine: Where processes come from.
        device: Where the checks make their inputs.
    """

    def __init__(self, assignment: Assignment, engine: Engine, device: str) -> None:
        self._sources = CheckSources(assignment.checks_source())
        cells = [(cell.number, cell.source) for cell in assignment.solution_cells()]
        limits = assignment.settings.limits
        self._session = Session(engine, cells, limits, "verify", device, assignment.data_files)
        self._session.run_notebook()
        if self._session.ends:
            end = min(self._session.ends.values(), key=lambda end: end.number)
            self._session.close()
            raise BrokenSolution(
                f"reference/{assignment.name}: the solution notebook's cell {end.number} fails: "
                f"{end.error} {end.message}; mend it first"
            )
        self._worker = engine.open("grader.verify.worker:main")
        self._worker.channel.settimeout(_ANSWER_SECONDS)
        self._reader = frames.FrameReader(MESSAGE_LIMITS)
        self._ask(Load(assignment.checks_source()), Weighed)

    def references(self, trials: Sequence[Trial]) -> tuple[dict[Key, ReferenceOutcomes], dict[str, float]]:
        """Observe the reference in float32 and float64.

        Returns:
            Its outcomes by trial, and how many seconds each check took at most.
        """
        both: tuple[Precision, ...] = ("float32", "float64")
        sources = [self._source(t, ("float32",) if "" in t.check.compare else both) for t in trials]
        result = self._session.check(sources, trusted=True)
        outcomes = iter(result.outcomes)
        seconds: dict[str, float] = {}
        for trial, took in zip(trials, result.seconds, strict=True):
            seconds[trial.check.name] = max(took, seconds.get(trial.check.name, 0.0))
        found = {
            trial.key: ReferenceOutcomes(*(next(outcomes) for _ in source.precisions))
            for trial, source in zip(trials, sources, strict=True)
        }
        return found, seconds

    def observe(
        self, overlay: Overlay | None, trials: Sequence[Trial], seconds: float | None = None, device: str = ""
    ) -> dict[Key, Outcome]:
        """Observe a work: the solution with some definitions in place of its own; all trials in one process.

        Args:
            overlay: The definitions; None for the solution itself.
            trials: The checks and their seeds.
            seconds: A time limit for all of them; that of the assignment for each where None.
            device: Where the checks make their inputs, where that is not the lane's own.
        """
        overlays = () if overlay is None else (overlay,)
        sources = [self._source(trial) for trial in trials]
        result = self._session.check(sources, overlays, trusted=seconds is None, seconds=seconds, device=device)
        return {trial.key: outcome for trial, outcome in zip(trials, result.outcomes, strict=True)}

    def weigh(
        self,
        trials: Sequence[Trial],
        outcomes: Mapping[Key, Outcome],
        references: Mapping[Key, ReferenceOutcomes],
        measured: bool = False,
    ) -> dict[str, Weighed]:
        """Judge what was observed, check by check; the order within a check is that of the trials."""
        found = {}
        for name in dict.fromkeys(trial.check.name for trial in trials):
            own = [trial for trial in trials if trial.check.name == name]
            request = Weigh(
                check=own[0].check,
                seeds=tuple(trial.seed for trial in own),
                outcomes=tuple(outcomes[trial.key] for trial in own),
                references=tuple(references[trial.key] for trial in own),
                measured=measured,
            )
            found[name] = self._ask(request, Weighed)
        return found

    def name(self, request: Name) -> Named:
        """Have works diagnosed."""
        return self._ask(request, Named)

    def spread(self, outcomes: Sequence[Outcome]) -> float:
        """The bits of one check's observations that depend on the seed."""
        return self._ask(Spread(tuple(outcomes)), Spreads).bits

    def close(self) -> None:
        """End its processes."""
        self._session.close()
        self._worker.close()

    def _source(self, trial: Trial, precisions: tuple[Precision, ...] = ("float32",)) -> CheckSource:
        return CheckSource(self._sources.of(trial.check.name), trial.check.name, trial.seed, precisions)

    def _ask(self, request: msgspec.Struct, kind: type[T]) -> T:
        try:
            frames.send(self._worker.channel.fileno(), {}, msgspec.msgpack.encode(request), MESSAGE_LIMITS)
            messages: list[frames.Message] = []
            while not messages:
                data = self._worker.channel.recv(1 << 16)
                if not data:
                    raise EngineFault("the process that verifies has ended")
                messages = self._reader.feed(data)
        except OSError as error:
            raise EngineFault(f"the process that verifies does not answer: {error}") from error
        answer = msgspec.msgpack.decode(messages[0].body, type=Answer)
        if isinstance(answer, Failed):
            raise BrokenSolution(answer.message)
        if not isinstance(answer, kind):
            raise EngineFault(f"the process that verifies answered with {type(answer).__name__}")
        return answer


class Lanes:
    """Several lanes of one assignment, and what is to be done on any of them.

    Args:
        assignment: An assignment with its reference.
        engine: Where processes come from.
        workers: How many lanes.
        device: Where the checks make their inputs.
    """

    def __init__(self, assignment: Assignment, engine: Engine, workers: int, device: str = "cpu") -> None:
        self._pool = ThreadPoolExecutor(workers)
        self._free: Queue[Lane] = Queue()
        self._lanes: list[Lane] = []
        try:
            wait(opened := [self._pool.submit(Lane, assignment, engine, device) for _ in range(workers)])
            self._lanes += [future.result() for future in opened if future.exception() is None]
            for future in opened:
                self._free.put(future.result())
        except BaseException:
            self.close()
            raise

    def map(self, work: Callable[[Lane, A], B], items: Sequence[A], done: Callable[[], None]) -> list[B]:
        """Do something for each item on whichever lane is free.

        Args:
            work: What is done, with a lane and the item.
            items: The items.
            done: Called after each.

        Returns:
            The results in the items' order.
        """

        def one(item: A) -> B:
            with self._lane() as lane:
                found = work(lane, item)
            done()
            return found

        futures = [self._pool.submit(one, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            self._pool.shutdown(wait=False, cancel_futures=True)
            raise

    def once(self, work: Callable[[Lane], B]) -> B:
        """Do something on one lane."""
        with self._lane() as lane:
            return work(lane)

    def close(self) -> None:
        """End all lanes."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for lane in self._lanes:
            lane.close()

    @contextmanager
    def _lane(self) -> Iterator[Lane]:
        lane = self._free.get()
        try:
            yield lane
        finally:
            self._free.put(lane)
