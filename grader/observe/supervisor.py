"""The supervisor's side of a session: run a notebook and its checks, whatever the code in it does.

A cell that has to be stopped costs that cell: the notebook starts anew without it. A check that has to be
stopped costs that check. Nothing that a session says is believed beyond "this is its answer".
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from grader.assignment.model import Limits
from grader.looks.model import LookExercise, Looks
from grader.observe import claims, ended
from grader.observe.allowed import ON_CPU, confines
from grader.observe.cells import Cells
from grader.observe.engine import Engine, EngineFault, Process
from grader.observe.gpu import GpuMemory
from grader.observe.protocol import (
    CellStarted,
    CheckRequest,
    CheckSource,
    NotebookRequest,
    Overlay,
    Ready,
)
from grader.observe.results import CellEnd, CheckResult
from grader.observe.watch import Watch
from grader.wire.frames import Message
from grader.wire.outcome import Stopped

_ENTRY = "grader.observe.session:main"
_OVER_A_LIMIT = ("timeout", "memory", "output", "processes", "files")
_RESTARTS = 4
_START_SECONDS = 60.0
_STARTS, _PAUSE_SECONDS = 3, 1.0
_GONE_SECONDS = 15.0
_FRESH_SHARE = 0.25  # of a notebook's time, for checks that get a process of their own without a fork


class Session:
    """One notebook in a process of its own, restarted as often as its code makes necessary.

    Args:
        engine: Where processes come from.
        cells: The notebook's code cells.
        limits: What the session may use.
        seed: What the global random streams are seeded from.
        device: Where the checks make their inputs; on the simulated device the cells run as on the CPU.
        files: What the notebook finds beside itself, by relative path.
        on_cell: Called with each cell's number as it starts.
        gpu: Says how much of a GPU processes hold; None where nothing can, or where no GPU is used.
        looks: What to look for in the cells' source before any of it is run; None for no look.

    Attributes:
        looks: What was found in the source; None where the process that looked ended before it could say.
    """

    def __init__(
        self,
        engine: Engine,
        cells: Iterable[tuple[int, str]],
        limits: Limits,
        seed: str,
        device: str = "cpu",
        files: Mapping[str, bytes] = MappingProxyType({}),
        on_cell: Callable[[int], None] = lambda _: None,
        gpu: GpuMemory | None = None,
        looks: tuple[LookExercise, ...] | None = None,
    ) -> None:
        self.looks: Looks | None = None
        self._to_look_for = looks
        self._began = 0.0
        self.notices: tuple[str, ...] = ()
        self.output = ""
        self.notebook_seconds = 0.0
        self._peaks: list[tuple[int, int | None]] = []
        self._engine = engine
        self._cells = Cells(cells)
        self._limits = limits
        self._seed = seed
        self._device = device
        self._files = dict(files)
        self._on_cell = on_cell
        self._gpu = gpu
        self._forks = engine.forks and device in ON_CPU
        self._workers = True
        self._used = False
        self._kept = False
        self._starts = 0
        self._process: Process | None = None
        self._watch: Watch | None = None
        self._restarts = 0
        self._revived_seconds = 0.0
        self._spoilt = False
        self._running = 0

    @property
    def ends(self) -> Mapping[int, CellEnd]:
        """How the cells ended that did not run to their end, by number."""
        return self._cells.ends

    @property
    def peak_bytes(self) -> int:
        """The most memory that its processes were seen to hold."""
        return max((used for used, _ in self._all_peaks()), default=0)

    @property
    def gpu_peak_bytes(self) -> int | None:
        """The most GPU memory that they were seen to hold; None where nothing could tell."""
        return max((held for _, held in self._all_peaks() if held is not None), default=None)

    def _all_peaks(self) -> list[tuple[int, int | None]]:
        watch = self._watch
        return self._peaks if watch is None else [*self._peaks, (watch.peak_bytes, watch.gpu_peak_bytes)]

    def run_notebook(self) -> None:
        """Run the cells; afterwards `ends` says which did not run to their end, and the session takes checks."""
        self._restarts = 0
        # Asking waits until torch is imported, which is none of the notebook's time.
        self._workers = self._engine.mode != "landlock"
        self._began = time.monotonic()
        deadline = self._began + self._limits.notebook_seconds
        while (stopped := self._attempt(deadline)) is not None:
            said = self._watch.output.text() if self._watch else ""
            self._end_process()
            cell, now = self._running, time.monotonic()
            if self._to_look_for is not None:  # it ended over the source, of which nothing had run
                self._to_look_for = None
                deadline = now + self._limits.notebook_seconds
                continue
            if not cell and self._device not in ON_CPU:
                self._start_again(stopped, said)
                continue
            self._cells.downgrade(cell, stopped)
            self._restarts += 1
            if self._restarts >= _RESTARTS or now >= deadline:
                # Enough: what stands before the cell is run once more, what comes after it is given up.
                self._cells.give_up_from(cell)
                deadline = now + self._limits.notebook_seconds
            if self._restarts > _RESTARTS + 1:
                self._cells.give_up_from(0)
            if self._restarts > _RESTARTS + 2:
                break  # not even an empty notebook starts
        self.notebook_seconds = time.monotonic() - self._began

    def check(
        self,
        checks: Sequence[CheckSource],
        overlays: Sequence[Overlay] = (),
        trusted: bool = False,
        seconds: float | None = None,
        device: str = "",
        stays: bool = False,
        goes_on: bool = False,
    ) -> CheckResult:
        """Run checks on what the notebook has defined, all of them in one process.

        Args:
            checks: The checks. What one of them spoils is spoilt for those after it.
            overlays: Definitions to put in place of the notebook's first; the checks are run on each in turn.
            trusted: The code is the course's own: each check has the time limit to itself, not all together.
            seconds: A time limit for all of them instead.
            device: Where they make their inputs, where that is not the session's own. What such checks leave behind
                is never there for those on its own device: if need be, the notebook is run anew before these.
            stays: Keep their process for the next call, where each has a process of its own.
            goes_on: Run them in the process that the last call kept, where it did.

        Returns:
            What became of them, one overlay after the other; always an answer, whatever the code does.
        """
        request = CheckRequest(
            nonce=secrets.token_hex(16),
            checks=tuple(checks),
            overlays=tuple(overlays),
            device=device,
            stays=stays,
            goes_on=goes_on,
        )
        runs = request.rounds * len(checks)
        self._make_fresh(len(checks) == 1 and not overlays and not trusted)
        if not device:
            self._revive(trusted)
        process, watch = self._process, self._watch
        if process is None or watch is None:
            lost = Stopped("crash", "the notebook's process was lost too often to go on")
            return CheckResult((lost,) * request.count, (0.0,) * runs, "")
        if self._kept and not goes_on:
            process.kill_children()
        self._kept = stays
        limit = seconds or self._limits.check_seconds * (request.count if trusted else 1)
        started = time.monotonic()
        watch.output.kept, watch.output.total_bytes = b"", 0
        found = watch.send("check", msgspec.msgpack.encode(request), limit) or watch.next(started + limit, limit)
        answer = claims.answer(found, request)
        if isinstance(answer, Stopped):
            answer = self._stop_check(answer, found, request)
            self._spoilt = self._spoilt or bool(device)
            took = time.monotonic() - started
            return CheckResult((answer,) * request.count, (took,) * runs, watch.output.text())
        self._used = True
        if answer.sound:
            if not stays:
                process.kill_children()
        else:
            self._end_process()
        if device:
            left = isinstance(found, Message) and bool(found.header.get("left"))
            self._spoilt = self._spoilt or left or not self._forks
        return CheckResult(answer.outcomes, answer.seconds, watch.output.text(), answer.called, answer.sound)

    def close(self) -> None:
        """End the session's processes and remove what they wrote."""
        self._end_process()

    def _revive(self, trusted: bool) -> None:
        """Run the notebook again where its process was lost, or where checks on another device left something in it."""
        if self._spoilt:
            self._spoilt = False  # not held against the notebook: it would have gone on without them
            self._end_process()
            self.run_notebook()
        elif self._process is None and (trusted or self._revived_seconds < self._limits.notebook_seconds):
            revived = time.monotonic()
            self.run_notebook()
            self._revived_seconds += time.monotonic() - revived

    def _attempt(self, deadline: float) -> Stopped | None:
        """Start a process and run the cells as they stand; None when it is ready for checks."""
        self._running, self._used, self._kept = 0, False, False
        allowed = confines(self._limits, self._device, self._files)
        self._process = process = self._engine.open(_ENTRY, allowed)
        self._watch = watch = Watch(process, self._limits, allowed.scratch_bytes, self._gpu)
        request = NotebookRequest(
            cells=self._cells.next_run(),
            files=self._files,
            seed=self._seed,
            device=self._device,
            workers=self._workers,
            fork=self._forks,
            gpu_memory_bytes=self._limits.gpu_memory_bytes,
            looks=self._to_look_for,
        )
        if unsent := watch.send("notebook", msgspec.msgpack.encode(request), _START_SECONDS):
            return self._why(unsent, process)
        # The process's own start counts against the machine, not against the first cell.
        cell_deadline, limit = time.monotonic() + _START_SECONDS, _START_SECONDS
        while True:
            found = watch.next(min(deadline, cell_deadline), limit)
            event = claims.event(found)
            if isinstance(event, Looks):
                if self._to_look_for is None:
                    return Stopped("invalid", "what the process sent makes no sense")
                self.looks, self._to_look_for, self._began = event, None, time.monotonic()
                continue
            if isinstance(event, Stopped):
                return self._why(event, process, time.monotonic() >= deadline)
            if isinstance(event, Ready):
                not_run = (f"shell command not run while grading: {line}" for line in event.not_run)
                self.notices = tuple(dict.fromkeys((*self.notices, *not_run)))
                self.output = watch.output.text()
                return None
            if isinstance(event, CellStarted):
                self._running, limit = event.number, self._limits.cell_seconds
                self._on_cell(event.number)
            else:
                self._cells.note(event)
            cell_deadline = time.monotonic() + self._limits.cell_seconds

    def _why(self, stopped: Stopped, process: Process, notebook_over: bool = False) -> Stopped:
        """Say in full why a process was or has to be stopped; how it ended itself, where the kernel knows."""
        if stopped.reason == "timeout" and self._running:
            limits = self._limits
            over = (limits.notebook_seconds, "notebook") if notebook_over else (limits.cell_seconds, "cell")
            return Stopped("timeout", f"still running at the time limit of {over[0]:g} s for a {over[1]}")
        if stopped.reason != "exit":
            return stopped
        waited = time.monotonic() + 1.0
        while (status := process.status()) is None and time.monotonic() < waited:
            time.sleep(0.01)
        if status is None:
            return stopped
        return ended.how(status)

    def _start_again(self, stopped: Stopped, said: str) -> None:
        """Wait a moment after a GPU could not be started: nothing of the student's had run, others may let go of it.

        Raises:
            EngineFault: It was tried often enough.
        """
        self._starts += 1
        if self._starts >= _STARTS:
            last = said.strip().splitlines()[-1:] or [stopped.detail]
            raise EngineFault(f"the {self._device} device cannot be started: {last[0][:300]}")
        time.sleep(_PAUSE_SECONDS)

    def _stop_check(self, stopped: Stopped, found: Message | Stopped, request: CheckRequest) -> Stopped:
        """End a check that gave no answer, and make sure that the next one finds a sound process."""
        process, watch = self._process, self._watch
        if process is None or watch is None:
            return stopped
        if stopped.reason in _OVER_A_LIMIT and self._forks:
            process.kill_children()
            # The notebook's process says at once that the check has ended; if it does not, it is broken too.
            relayed = watch.next(time.monotonic() + 1.0, 1.0)
            if isinstance(relayed, Message) and not isinstance(claims.answer(relayed, request), Stopped):
                return stopped
        elif isinstance(found, Stopped):
            self._running = 0
            stopped = self._why(stopped, process)
        self._end_process()
        return stopped

    def _make_fresh(self, alone: bool) -> None:
        """Where checks share a process: give one that runs alone a process in which no other check has run."""
        room = _FRESH_SHARE * self._limits.notebook_seconds
        if alone and self._used and not self._forks and self._revived_seconds < room:
            self._end_process()

    def _end_process(self) -> None:
        if self._watch is not None:
            self._peaks.append((self._watch.peak_bytes, self._watch.gpu_peak_bytes))
            self._watch.close()
        if self._process is not None:
            # The memory of a GPU is free once the driver has let go of the process, and not when it is killed.
            gone = self._process.close(0.0 if self._device in ON_CPU else _GONE_SECONDS)
            if not gone:
                said = f"a process was killed and has not ended within {_GONE_SECONDS:g} s: the GPU's driver holds it"
                self.notices = tuple(dict.fromkeys((*self.notices, said)))
        self._process = self._watch = None
