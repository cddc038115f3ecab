"""Every reference on the CPU and on the GPU, as tables for docs/gpu.md.

    python3 benchmarks/gpu.py [hw1 ...] [--confinement auto] [--hostile]

Each solution is graded as a student's work on cpu,cuda, and its observations on the two are compared with each other.
With --hostile the submissions of tests/gpu that abuse a GPU are graded too, each followed by an honest one.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support import on_gpu

from grader.assignment import folder as course_folder
from grader.grading.recording import ReferenceOutcomes
from grader.grading.run import Graded, GradingRun
from grader.grading.submission import Submission
from grader.judge.across import Gap, gaps
from grader.judge.judge import BrokenReference, Reference
from grader.observe import probe
from grader.observe.gpu import open_nvml
from grader.observe.warm import Zygote

ROOT = Path(__file__).resolve().parents[1]
SEED = "a seed for docs/gpu.md"
DEVICES = ("cpu", "cuda")
_WORST = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("assignment", nargs="*", help="such as hw1; all where none is named")
    parser.add_argument("--confinement", choices=("auto", "strict", "landlock", "none"), default="auto")
    parser.add_argument("--hostile", action="store_true", help="grade what abuses a GPU, too")
    parser.add_argument("--only-hostile", action="store_true", help="grade nothing else")
    options = parser.parse_args()
    names = [] if options.only_hostile else options.assignment or course_folder.names(ROOT)
    ahead = ("torchvision", "matplotlib.pyplot", "torch._dynamo")
    with closing(Zygote(ahead, cuda=True, confinement=options.confinement)) as engine:
        if not where(engine):
            return 1
        wrong = references(engine, names) if names else 0
        wrong += hostile(engine) if options.hostile or options.only_hostile else 0
    return 1 if wrong else 0


def where(engine: Zygote) -> bool:
    """Say what this machine is; False where no GPU works."""
    started = time.monotonic()
    found, nvml, ready = probe.devices(engine), open_nvml(), engine.wait()
    said = {
        "GPU": found.versions.get("device", "none"),
        "driver": nvml.driver if nvml else "unknown",
        "CUDA": found.versions.get("cuda", "none"),
        "torch": ready.torch,
        "Python": platform.python_version(),
        "msgspec": version("msgspec"),
        "processor cores": str(os.cpu_count()),
        "confinement": ready.mode,
    }
    print(", ".join(f"{name} {value}" for name, value in said.items()) + ".")
    for why in ready.missing:
        print(f"Not in force here: {why}")
    print(f"torch imported and CUDA tried in {time.monotonic() - started:.1f} s.\n", flush=True)
    if "cuda" not in found.here:
        print(f"No CUDA device works here: {found.broken.get('cuda', 'torch sees none')}")
    return "cuda" in found.here


def references(engine: Zygote, names: list[str]) -> int:
    """Grade each solution, print a line of the table for each, then what is wrong and where the devices differ most."""
    print(
        "| assignment | checks | pass on cpu | pass on cuda | score | cpu, s | cuda, s | GPU memory | leaves compared |"
    )
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: |", flush=True)
    wrong, notes = 0, []
    for name in names:
        with GradingRun(course_folder.load(ROOT, name), engine, SEED, DEVICES) as run:
            solution = run.assignment.solution()
            handed_in = Submission("gpu", solution.name, "0" * 64, "2026-01-01T00:00:00+00:00", 1, solution)
            graded = run.grade(handed_in)
            measured = apart(run, graded)
        grade, told = graded.grade, _verdicts(graded)
        ran = {device: [v for v in told[device].values() if v != "not run"] for device in DEVICES}
        seconds = [each.notebook_seconds + each.checks_seconds for each in graded.observed]
        peak = "unknown" if grade.gpu_peak_bytes is None else f"{grade.gpu_peak_bytes / 1e6:.0f} MB"
        compared = sum(gap.compared for gap in measured.values())
        cells = [name, len(told["cpu"]), *(f"{ran[d].count('pass')} / {len(ran[d])}" for d in DEVICES)]
        cells += [f"{grade.score:g} / {grade.max_score:g}", *(f"{s:.1f}" for s in seconds), peak]
        print("| " + " | ".join(map(str, [*cells, f"{compared} / {len(measured)}"])) + " |", flush=True)
        wrong += grade.score != grade.max_score
        notes += [*_failures(name, graded), *_worst(name, measured), *(f"{name}: {said}" for said in grade.notices)]
    print("\n" + "\n".join(f"- {note}" for note in notes) + "\n", flush=True)
    return wrong


def apart(run: GradingRun, graded: Graded) -> dict[str, Gap]:
    """How far the reference on the GPU is from itself on the CPU, by check and leaf."""
    cpu, cuda = (each.references for each in graded.observed)
    found = {}
    for check in run.checks:
        if check.name in cpu and check.name in cuda:
            try:
                measured = gaps(_reference(cpu[check.name]), _reference(cuda[check.name]), check.compare)
            except BrokenReference:
                continue  # it shows as a check that does not pass
            found |= {f"{check.name}: {gap.path}": gap for gap in measured}
    return found


def hostile(engine: Zygote) -> int:
    """Grade what abuses the GPU, and print what became of it."""
    started = time.monotonic()
    report = on_gpu.run_all(engine)
    print("| submission | its softmax on cuda | points | s | GPU memory | the next one |")
    print("| --- | --- | --: | --: | --: | --- |")
    for name, told in sorted(report.told.items()):
        peak = "unknown" if told.grade.gpu_peak_bytes is None else f"{told.grade.gpu_peak_bytes / 1e6:.0f} MB"
        verdict, points = told.verdicts["softmax_of_rows"], f"{told.grade.score:g} / {told.grade.max_score:g}"
        same = "unchanged" if told.honest else "CHANGED"
        print(f"| {name.replace('_', ' ')} | {verdict} | {points} | {told.seconds:.1f} | {peak} | {same} |")
    wrong = list(on_gpu.shortcomings(report))
    held = "unknown" if report.held_bytes is None else "{:,} bytes before, {:,} after".format(*report.held_bytes)
    print(f"\nGPU memory of everybody: {held}. All in {time.monotonic() - started:.0f} s.")
    for name in ("an_index_out_of_range", "its_cap_undone"):
        print(f"- {name}: {_message(report.told[name])}")
    print("\n".join(f"- WRONG: {said}" for said in wrong))
    return len(wrong)


def _message(told: on_gpu.Told) -> str:
    runs = [r for e in told.grade.exercises for c in e.checks if c.name == "softmax_of_rows" for r in c.runs]
    return runs[-1].message


def _reference(outcomes: ReferenceOutcomes) -> Reference:
    return Reference(outcomes.float32, outcomes.float64)


def _verdicts(graded: Graded) -> dict[str, dict[str, str]]:
    return {
        device: {
            c.name: r.verdict for e in graded.grade.exercises for c in e.checks for r in c.runs if r.device == device
        }
        for device in DEVICES
    }


def _failures(name: str, graded: Graded) -> list[str]:
    return [
        f"{name}: {check.name} on {run.device}: {run.verdict}: {run.message[:300]}"
        for exercise in graded.grade.exercises
        for check in exercise.checks
        for run in check.runs
        if run.verdict not in ("pass", "not run")
    ]


def _worst(name: str, measured: dict[str, Gap]) -> list[str]:
    """The leaves that differ most between the devices, and those that say nothing."""
    compared = sorted((g for g in measured.items() if g[1].compared), key=lambda item: -item[1].allowances)
    told = [f"{where} off by {gap.off:.2g}, {gap.allowances:.2g} allowances" for where, gap in compared[:_WORST]]
    silent = [where for where, gap in measured.items() if not gap.compared]
    lines = [f"{name}, furthest from the CPU: {'; '.join(told)}"] if told else []
    return lines + ([f"{name}, not compared with the CPU: {'; '.join(silent[:12])}"] if silent else [])


if __name__ == "__main__":
    sys.exit(main())
