"""Submissions that abuse a GPU, and how they are graded beside honest ones; needs no pytest."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from redteam import toy

from grader.assignment.folder import Assignment
from grader.grading.model import Grade
from grader.grading.run import GradingRun
from grader.observe.engine import Engine
from grader.observe.gpu import open_nvml

SEED = "a seed for the GPU"
LIMITS = {
    "notebook_seconds": 40,
    "cell_seconds": 10,
    "check_seconds": 4,
    "memory_bytes": 8_000_000_000,
    "gpu_memory_bytes": 2_000_000_000,
    "output_bytes": 300_000,
}
# Whatever is wrong with its softmax, the other two exercises are right.
OTHERS = ("mlp_computes", "mlp_registers_its_layers", "sgd_moves_in_place", "sgd_refuses_to_climb")


@dataclass(frozen=True)
class Hostile:
    """A submission that is right but for what its softmax does on a GPU.

    Attributes:
        does: What softmax does before it computes, as the lines of a function's body; it knows `x` and `torch`.
        verdicts: What may be said of softmax on the GPU.
        devices: Where it is graded.
        before: A cell of its own before all others.
    """

    does: str
    verdicts: tuple[str, ...]
    devices: tuple[str, ...] = ("cuda",)
    before: str = "pass"

    def cells(self) -> tuple[str, ...]:
        imports, softmax, *others = toy.CORRECT
        head, *body = softmax.splitlines()
        lines = [f"    {line}" for line in self.does.splitlines()]
        return (imports, self.before, "\n".join([head, *lines, *body]), *others)


KERNEL = """
kernel = torch.cuda._compile_kernel(
    'extern "C" __global__ void stray(float* x) { x[1ull << 44] = 1.0f; }', "stray")
kernel((1, 1, 1), (1, 1, 1), (x,))
""".strip()
RESET = """
import ctypes
for version in (13, 12):
    try:
        ctypes.CDLL(f"libcudart.so.{version}").cudaDeviceReset()
    except OSError:
        pass
""".strip()
CHILDREN = """
import os, time
held = torch.ones(200_000_000, device=x.device)
for _ in range(3):
    if not os.fork():
        time.sleep(1000)
""".strip()
STREAMS = """
held = []
for _ in range(64):
    with torch.cuda.stream(torch.cuda.Stream()):
        held.append(torch.ones(1_000_000, device=x.device) * 2)
""".strip()
UNCAPPED = """
import time
torch.cuda.set_per_process_memory_fraction(1.0)
held = torch.ones(1_500_000_000, device=x.device)
time.sleep(3)
""".strip()

HOSTILE = {
    "more_memory_than_there_is": Hostile("torch.empty(10**12, device=x.device)", ("error",)),
    "memory_bit_by_bit": Hostile(
        "while True:\n    kept.append(torch.ones(50_000_000, device=x.device))", ("error",), before="kept = []"
    ),
    "its_cap_undone": Hostile(UNCAPPED, ("memory",)),
    "an_index_out_of_range": Hostile(
        "torch.nn.functional.embedding(torch.tensor([99], device=x.device), torch.ones(3, 4, device=x.device))",
        ("error",),
        ("cpu", "cuda"),
    ),
    "an_illegal_access": Hostile(KERNEL, ("error",)),
    "a_kernel_without_end": Hostile("torch.cuda._sleep(10**15)", ("timeout",)),
    "the_device_reset": Hostile(RESET, ("error", "crash", "exit", "pass")),
    "children_that_hold_memory": Hostile(CHILDREN, ("pass",)),
    "many_streams": Hostile(STREAMS, ("pass",)),
    "an_exit_while_a_kernel_runs": Hostile("import os\ntorch.cuda._sleep(10**11)\nos._exit(0)", ("exit",)),
    "rounding_as_it_likes": Hostile(
        "torch.backends.cuda.matmul.allow_tf32 = True",
        ("pass",),
        before="import os\ntorch.backends.cudnn.allow_tf32 = True\ntorch.set_float32_matmul_precision('medium')\n"
        "torch.use_deterministic_algorithms(False)\nprint('workspace', os.environ['CUBLAS_WORKSPACE_CONFIG'])",
    ),
    "pinned_memory": Hostile("torch.ones(3_000_000_000, pin_memory=True)", ("error", "memory", "crash")),
}


@dataclass(frozen=True)
class Told:
    """What became of one submission, and of the honest one after it.

    Attributes:
        grade: Its grade.
        verdicts: Its checks' verdicts on the GPU, by name.
        honest: Whether the honest one after it got the grade that it got alone.
        seconds: How long its grading took.
    """

    grade: Grade
    verdicts: dict[str, str]
    honest: bool
    seconds: float


@dataclass
class Report:
    """What became of all of them.

    Attributes:
        told: By name.
        held_bytes: GPU memory that everybody held before, and at last; None where the driver does not tell.
        watched: Whether the driver says which process holds what.
    """

    told: dict[str, Told] = field(default_factory=dict)
    held_bytes: tuple[int, int] | None = None
    watched: bool = False


def run_all(engine: Engine, names: Sequence[str] = tuple(HOSTILE), lanes: int = 4) -> Report:
    """Grade hostile submissions, in a few lanes side by side on one GPU, each followed by an honest one."""
    report, nvml = Report(), open_nvml()
    before = nvml.used_bytes(0) if nvml else 0
    with course() as assignment, ThreadPoolExecutor(lanes) as pool:
        parts = [pool.submit(_lane, engine, assignment, names[lane::lanes]) for lane in range(lanes)]
        for part in parts:
            report.told |= part.result()
    report.watched = any(told.grade.gpu_peak_bytes is not None for told in report.told.values())
    if nvml and before:
        # The driver takes a moment to let go of what ended processes held.
        deadline = time.monotonic() + 10
        while nvml.used_bytes(0) > before + (64 << 20) and time.monotonic() < deadline:
            time.sleep(0.2)
        report.held_bytes = before, nvml.used_bytes(0)
    return report


@contextmanager
def course() -> Iterator[Assignment]:
    with tempfile.TemporaryDirectory(prefix="grader-gpu-") as place:
        Path(place).chmod(0o755)
        assignment = toy.build(Path(place) / "course", toy.Secrets())
        yield toy.limited(assignment, **LIMITS)


def _lane(engine: Engine, assignment: Assignment, names: Sequence[str]) -> dict[str, Told]:
    found = {}
    with GradingRun(assignment, engine, SEED, ("cuda",), keep=True) as run:
        alone = _honest(run)
        for name in names:
            hostile, started = HOSTILE[name], time.monotonic()
            grade = _grade(engine, assignment, run, hostile)
            seconds = time.monotonic() - started
            verdicts = {c.name: r.verdict for e in grade.exercises for c in e.checks for r in c.runs if _on_gpu(r)}
            found[name] = Told(grade, verdicts, _honest(run) == alone, seconds)
    return found


def _on_gpu(run: object) -> bool:
    return getattr(run, "device", "") == "cuda"


def _grade(engine: Engine, assignment: Assignment, run: GradingRun, hostile: Hostile) -> Grade:
    submission = toy.submission(hostile.cells())
    if hostile.devices == run.devices:
        return run.grade(submission).grade
    with GradingRun(assignment, engine, SEED, hostile.devices) as own:
        return own.grade(submission).grade


def _honest(run: GradingRun) -> Grade:
    grade = toy.without_times(run.grade(toy.submission(toy.CORRECT)).grade)
    return msgspec.structs.replace(grade, gpu_peak_bytes=None)


def shortcomings(report: Report) -> Iterator[str]:
    """Whatever is not as it should be, in a line each."""
    for name, told in report.told.items():
        hostile = HOSTILE[name]
        softmax = told.verdicts["softmax_of_rows"]
        if softmax not in hostile.verdicts and not (name == "its_cap_undone" and not report.watched):
            yield f"{name}: softmax got {softmax} where {' or '.join(hostile.verdicts)} is expected"
        if lost := [check for check in OTHERS if told.verdicts[check] != "pass"]:
            yield f"{name}: it cost {', '.join(f'{check} ({told.verdicts[check]})' for check in lost)} too"
        if not told.honest:
            yield f"{name}: the honest submission after it got another grade than alone"
    if report.held_bytes and report.held_bytes[1] > report.held_bytes[0] + (64 << 20):
        yield "GPU memory is still held: {:,} bytes before, {:,} after".format(*report.held_bytes)
