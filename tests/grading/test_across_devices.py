"""One check, several devices: each compared with the reference there and on the CPU, each with a verdict of its own."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import torch
from verify.conftest import FILES

from grader.assignment import folder as course_folder
from grader.authoring.spec import CheckSpec
from grader.grading.model import Grade, Run
from grader.grading.recording import ReferenceOutcomes
from grader.grading.replayed import Replayed
from grader.grading.run import GradingRun
from grader.grading.submission import Submission
from grader.notebook.model import Cell, Notebook
from grader.observe.engine import Engine
from grader.observe.results import CellEnd
from grader.wire.encode import encode
from grader.wire.outcome import Frame, Outcome, Raised, Returned, Stopped

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fork server runs on Linux")

CELLS = (Cell(1, "def double(x): return 2 * x", "code"), Cell(2, "def halve(x): return x / 2", "code"))
HALF = {"half": torch.tensor([0.5, 1.5])}
TWICE = {"twice": torch.tensor([2.0, 4.0, 6.0])}
SLIGHTLY_OFF = {"twice": torch.tensor([2.0, 4.0, 6.001])}
ASSERT = Raised("AcceleratorError", "CUDA error: device-side assert triggered", (Frame(1, 1, "double", "return x[9]"),))
INDEX = Raised("IndexError", "index 9 is out of bounds for dimension 0 with size 3", (Frame(1, 1, "double", "x[9]"),))


class Recorded:
    """A reference of which everything is known."""

    def __init__(self, outcomes: Mapping[str, ReferenceOutcomes]) -> None:
        self._outcomes = outcomes

    def prepare(self) -> None:
        """Nothing to do."""

    def observe(self, checks: Sequence[CheckSpec]) -> dict[str, ReferenceOutcomes]:
        return {check.name: self._outcomes[check.name] for check in checks}

    def variants(self, exercise: str, checks: Sequence[CheckSpec]) -> dict[str, dict[str, Outcome]]:
        return {}

    def variant(self, name: str, checks: Sequence[CheckSpec]) -> dict[str, Outcome]:
        raise KeyError(name)

    def close(self) -> None:
        """Nothing to do."""


def observed(tree: object) -> Returned:
    return Returned(encode(tree))


def outcomes(twice: object) -> dict[str, Outcome]:
    """The toy's checks, with one result or outcome for both of `double`."""
    of_double = twice if isinstance(twice, Raised | Stopped) else observed(twice)
    return {"doubled": of_double, "doubled_matrix": of_double} | dict.fromkeys(
        ("halved", "halved_matrix"), observed(HALF)
    )


@pytest.fixture
def grade(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Grade]:
    """Grades what works and reference are said to have observed on each device, with settings of choice."""

    def graded(
        work: Mapping[str, object],
        reference: Mapping[str, object] | None = None,
        devices: tuple[str, ...] = ("cpu", "cuda"),
        here: tuple[str, ...] = ("cpu", "cuda"),
        settings: str = "",
        gpu_peak_bytes: int | None = None,
    ) -> Grade:
        home = tmp_path / "reference" / "toy"
        home.mkdir(parents=True, exist_ok=True)
        for name, text in FILES.items():
            (home / name).write_text(f"{settings}\n{text}" if name == "assignment.toml" else text)
        theirs = reference or dict.fromkeys(devices, TWICE)
        with GradingRun(course_folder.load(tmp_path, "toy"), engine, "seed") as run:
            run.devices, run.here = devices, here

            def session(_: object, device: str, *__: object) -> Replayed:
                ends = {2: CellEnd(2, "timeout")} if device not in work else {}
                return Replayed(outcomes(work.get(device)), ends, gpu_peak_bytes=gpu_peak_bytes)

            def recorded(device: str, _: object) -> Recorded:
                single, double = theirs[device] if isinstance(theirs[device], tuple) else (theirs[device], None)
                singles, doubles = outcomes(single), outcomes(double) if double else {}
                return Recorded({name: ReferenceOutcomes(found, doubles.get(name)) for name, found in singles.items()})

            monkeypatch.setattr(run, "session", session)
            monkeypatch.setattr(run, "_reference", recorded)
            notebook = Notebook("toy.ipynb", CELLS, {}, {})
            return run.grade(Submission("alice", "toy.ipynb", "0" * 64, "2026-01-01T00:00:00+00:00", 1, notebook)).grade

    return graded


def runs(grade: Grade, check: str = "doubled") -> dict[str, Run]:
    return {run.device: run for e in grade.exercises for c in e.checks if c.name == check for run in c.runs}


def test_a_right_answer_on_both_devices_earns_the_points(grade: Callable[..., Grade]) -> None:
    graded = grade({"cpu": TWICE, "cuda": TWICE}, gpu_peak_bytes=700_000_000)
    assert {device: run.verdict for device, run in runs(graded).items()} == {"cpu": "pass", "cuda": "pass"}
    assert (graded.score, graded.provisional, graded.gpu_peak_bytes) == (5.0, (), 700_000_000)


def test_a_result_that_its_device_would_just_accept_is_compared_with_the_cpu_too(grade: Callable[..., Grade]) -> None:
    # The reference on the device is off by 1e-3 of 1; there 8 times that is allowed, on the CPU half as much.
    truth = torch.full((3,), 1000.0, dtype=torch.float64)

    def off(by: float) -> dict[str, torch.Tensor]:
        return {"twice": (truth + by).float()}

    reference = {"cpu": (off(0.047), {"twice": truth}), "cuda": (off(0.1), {"twice": truth})}
    run = runs(grade({"cpu": off(0.047), "cuda": off(0.64)}, reference))["cuda"]
    assert run.verdict == "fail"
    assert run.message.startswith("compared with the reference on the CPU: twice: ")
    assert runs(grade({"cpu": off(0.047), "cuda": off(0.3)}, reference))["cuda"].verdict == "pass"


def test_where_the_reference_differs_between_devices_the_cpu_says_nothing(grade: Callable[..., Grade]) -> None:
    noise = {"cpu": {"twice": torch.rand(3)}, "cuda": {"twice": torch.rand(3)}}
    assert grade(noise, noise).score == 5.0


def test_a_wrong_answer_on_one_device_costs_the_points_of_all(grade: Callable[..., Grade]) -> None:
    graded = grade({"cpu": TWICE, "cuda": SLIGHTLY_OFF})
    assert {device: run.verdict for device, run in runs(graded).items()} == {"cpu": "pass", "cuda": "fail"}
    assert graded.score == 2.0


@pytest.mark.parametrize(("count", "score"), [("all", 2.0), ("any", 5.0), ("cpu", 5.0)])
def test_the_assignment_says_which_devices_count(grade: Callable[..., Grade], count: str, score: float) -> None:
    assert grade({"cpu": TWICE, "cuda": SLIGHTLY_OFF}, settings=f'devices_count = "{count}"').score == score


def test_what_a_gpu_cannot_say_is_told_by_the_cpu(grade: Callable[..., Grade]) -> None:
    message = runs(grade({"cpu": INDEX, "cuda": ASSERT}))["cuda"].message
    assert message.startswith(
        "AcceleratorError: CUDA error: device-side assert triggered (cell 1, line 1); the GPU was"
    )
    assert "on the CPU the same check says why: IndexError: index 9 is out of bounds" in message


@pytest.mark.parametrize(
    ("cuda", "words"),
    [
        (ASSERT, "; on the CPU the same check passes"),
        (Stopped("crash", "signal 11 (SIGSEGV)"), "signal 11 (SIGSEGV); on the CPU the same check passes"),
    ],
)
def test_an_error_of_the_device_alone_is_said_to_be_one(grade: Callable[..., Grade], cuda: Outcome, words: str) -> None:
    assert words in runs(grade({"cpu": TWICE, "cuda": cuda}))["cuda"].message


def test_an_error_that_speaks_for_itself_is_left_alone(grade: Callable[..., Grade]) -> None:
    assert "on the CPU" not in runs(grade({"cpu": INDEX, "cuda": INDEX}))["cuda"].message


@pytest.mark.parametrize(
    ("devices", "here", "settings", "notice"),
    [
        (("cpu", "cuda"), ("cpu",), "", "provisional: the checks were not run on cuda, which is not here"),
        (("cpu",), ("cpu", "cuda"), 'devices = ["cpu", "cuda"]', "provisional: the assignment asks for cuda, and"),
    ],
    ids=["no such device", "not asked for"],
)
def test_a_grade_that_lacks_a_device_is_provisional(
    grade: Callable[..., Grade], devices: tuple[str, ...], here: tuple[str, ...], settings: str, notice: str
) -> None:
    graded = grade({"cpu": TWICE}, devices=devices, here=here, settings=settings)
    assert (graded.score, graded.provisional) == (5.0, ("cuda",))
    assert any(said.startswith(notice) for said in graded.notices)
    assert "cuda" not in devices or runs(graded)["cuda"].verdict == "not run"


def test_a_device_that_is_not_here_earns_nothing_by_itself(grade: Callable[..., Grade]) -> None:
    graded = grade({}, {"cuda": TWICE}, devices=("cuda",), here=("cpu",))
    assert (graded.score, graded.provisional) == (0.0, ("cpu", "cuda"))
    assert runs(graded)["cuda"].message == "not run: no cuda device here"


def test_a_peak_that_no_driver_tells_is_said_to_be_unknown(grade: Callable[..., Grade]) -> None:
    graded = grade({"cpu": TWICE, "cuda": TWICE})
    assert graded.gpu_peak_bytes is None
    assert any("how much GPU memory it used is not known" in said for said in graded.notices)
