"""Where checks cannot be forked, as on a GPU, they share the notebook's process, and still cost each other nothing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec
import pytest

from grader.assignment.model import Limits
from grader.confine import nvidia
from grader.confine.sandbox import Confines, Mode
from grader.observe.engine import Engine, EngineFault, Process
from grader.observe.protocol import CheckSource, Overlay
from grader.observe.supervisor import Session
from grader.wire.decode import decode
from grader.wire.outcome import Returned, Stopped

LIMITS = Limits(cell_seconds=5, check_seconds=2, notebook_seconds=40, memory_bytes=1_500_000_000)
CHECKS = """
from grader.authoring import check

@check(exercise="f", points=1)
def of_f(work, rng):
    '''What f returns.'''
    return {"got": work.f(3)}

@check(exercise="g", points=1)
def of_g(work, rng):
    '''What g returns.'''
    return {"got": work.g(3)}
"""
OVERLAY = """
from grader.authoring import misconception

@misconception(exercise="f")
def off(work):
    '''One too many.'''
    def f(x): return 100
    return f
"""
COUNTS = "seen = []\ndef f(x):\n    seen.append(x)\n    return len(seen)\ndef g(x): return 10 * x"
BREAKS_THE_DEVICE = "import sys\nsys.modules['grader.observe.session']._sound = lambda device: False"


@dataclass(frozen=True)
class Sharing:
    """An engine whose sessions cannot fork for checks."""

    engine: Engine
    forks: bool = False

    @property
    def layers(self) -> tuple[str, ...]:
        return self.engine.layers

    @property
    def mode(self) -> Mode:
        return self.engine.mode

    def open(self, entry: str, confines: Confines | None = None) -> Process:
        return self.engine.open(entry, confines)

    def close(self) -> None:
        """The engine is the tests'."""


@dataclass
class Gpu:
    """Says that whoever asks holds so much."""

    held: int | None = 0

    def held_bytes(self, pids: Iterable[int]) -> int | None:
        assert list(pids)
        return self.held


Open = Callable[..., Session]


@pytest.fixture
def session(engine: Engine) -> Iterator[Open]:
    opened = []

    def open_session(*cells: str, limits: Limits = LIMITS, gpu: Gpu | None = None) -> Session:
        made = Session(Sharing(engine), list(enumerate(cells, start=1)), limits, "seed", gpu=gpu)
        opened.append(made)
        made.run_notebook()
        return made

    yield open_session
    for made in opened:
        made.close()


def got(session: Session, *names: str, overlays: tuple[Overlay, ...] = ()) -> list[object]:
    found = session.check([CheckSource(CHECKS, name, "seed") for name in names], overlays).outcomes
    return [decode(each.observation)["got"] if isinstance(each, Returned) else each for each in found]


def test_checks_share_the_process_of_the_notebook(session: Open) -> None:
    opened = session(COUNTS)
    assert got(opened, "of_f", "of_g") == [1, 30]
    assert got(opened, "of_f", "of_g") == [2, 30]


def test_a_check_that_runs_alone_gets_a_process_in_which_no_other_has_run(session: Open) -> None:
    opened = session(COUNTS)
    assert got(opened, "of_f", "of_f") == [1, 2]
    assert got(opened, "of_f") == [1]
    assert got(opened, "of_f") == [1]


def test_a_fresh_process_is_given_for_a_quarter_of_the_notebooks_time(session: Open) -> None:
    slow = f"import time\ntime.sleep(1)\n{COUNTS}"
    opened = session(slow, limits=msgspec.structs.replace(LIMITS, notebook_seconds=4))
    assert got(opened, "of_f") == [1]
    assert got(opened, "of_f") == [1]
    assert got(opened, "of_f") == [2]


@pytest.mark.parametrize(
    ("body", "reason"),
    [("import os; os._exit(0)", "exit"), ("while True: pass", "timeout"), ("import os; os.abort()", "crash")],
)
def test_a_check_that_ends_the_process_costs_itself_alone(session: Open, body: str, reason: str) -> None:
    opened = session(f"def f(x):\n    {body}\ndef g(x): return 10 * x")
    (stopped,) = got(opened, "of_f")
    assert isinstance(stopped, Stopped) and stopped.reason == reason
    assert got(opened, "of_g") == [30]


def test_a_device_that_refuses_is_left_with_its_process(session: Open) -> None:
    opened = session(COUNTS, BREAKS_THE_DEVICE)
    assert got(opened, "of_f", "of_g") == [1, 30]
    assert got(opened, "of_f", "of_g") == [1, 30]


def test_overlays_are_taken_out_again(session: Open) -> None:
    opened = session("def f(x): return 3\ndef g(x): return x")
    assert got(opened, "of_f", "of_g", overlays=(Overlay(OVERLAY, "off"),)) == [100, 3]
    assert got(opened, "of_f", "of_g") == [3, 3]


def test_gpu_memory_over_the_limit_stops_the_check_from_outside(session: Open) -> None:
    gpu = Gpu(600_000_000)
    opened = session("import time\ndef f(x): time.sleep(1); return x\ndef g(x): return 10 * x", gpu=gpu)
    assert got(opened, "of_f", "of_g") == [3, 30]
    assert opened.gpu_peak_bytes == 600_000_000
    gpu.held = 6_000_000_000
    stopped = Stopped("memory", "more than 4 GB of the GPU's memory were used")
    assert got(opened, "of_f", "of_g") == [stopped] * 2
    gpu.held = 600_000_000
    assert got(opened, "of_g") == [30]
    assert opened.gpu_peak_bytes == 6_000_000_000


def test_what_no_driver_tells_is_not_known(session: Open) -> None:
    opened = session(COUNTS, gpu=Gpu(None))
    assert got(opened, "of_f") == [1]
    assert opened.gpu_peak_bytes is None
    assert opened.peak_bytes > 0


@pytest.mark.skipif(bool(nvidia.devices()), reason="there is a GPU here")
def test_a_gpu_that_cannot_be_started_is_the_machines_fault(engine: Engine) -> None:
    opened = Session(engine, [(1, COUNTS)], LIMITS, "seed", "cuda")
    with pytest.raises(EngineFault, match=r"the cuda device cannot be started: .*(NVIDIA|CUDA)"):
        opened.run_notebook()
    assert opened.ends == {}
    opened.close()
