"""A class's throughput, beside nbgrader, otter and a bare kernel, in one run, on one machine, with the same notebooks.

    uv run python benchmarks/batch.py [--submissions 100] [--rivals 20] [--workers 2] [--thousand]

  batch      `python -m grader batch hw2 FOLDER`: confined, with hidden checks, mistakes explained, two reports each
  nbgrader   `nbgrader autograde hw2`: one command for all submissions
  otter      `otter run`: one command a submission, without a container (`otter grade` starts one for each)
  nbclient   each notebook in a bare Jupyter kernel, nothing checked
  own        what notebooks and checks cost by themselves (rivals/own.py)

Counted is each command from start to end, its imports and its writing included. The rivals run one submission at a
time, which is all that these commands do; `CPU s each` compares them core by core. They check less than the grader
does (rivals/asserts.py). The class is drawn with a seed (rivals/submissions.py). --thousand grades 1,000 submissions
instead and watches memory and pace.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from rivals.courses import Job, nbgrader_jobs, nbgrader_scores, otter_jobs, otter_scores
from rivals.memory import Memory, watch_memory
from rivals.own import own_costs
from rivals.submissions import Work, classroom, plain, solution_cells

from grader.assignment import folder as course_folder

COURSE = Path(__file__).resolve().parents[1]
TOOLS = ("batch", "own", "nbgrader", "otter", "nbclient")
NBCLIENT = """
import sys, nbformat
from nbclient import NotebookClient
NotebookClient(nbformat.read(sys.argv[1], 4), timeout=120, allow_errors=True).execute()
"""
RIVALS = ("nbgrader", "otter-grader", "nbclient", "ipykernel")
MOST_BYTES = 300 << 20


@dataclass(frozen=True)
class Throughput:
    """What one tool took for some submissions.

    Attributes:
        submissions: How many it graded.
        wall_seconds: From the first command's start to the last one's end.
        cpu_seconds: Of all its processes.
        score: The mean share of points; None where nothing is graded.
        memory: The most memory that the command's own process and its slots held, in bytes; None where not watched.
        inside_seconds: The time that its grades name for notebooks and checks, judging included; 0 where not known.
        pace: Submissions a minute in each hundred; the first is counted from its first grade on.
    """

    submissions: int
    wall_seconds: float
    cpu_seconds: float
    score: float | None = None
    memory: Memory | None = None
    inside_seconds: float = 0.0
    pace: tuple[float, ...] = ()

    @property
    def a_minute(self) -> float:
        return 60 * self.submissions / self.wall_seconds

    @property
    def cpu_each(self) -> float:
        return self.cpu_seconds / self.submissions


def main() -> int:
    options = arguments()
    assignment = course_folder.load(COURSE, "hw2")
    works = list(classroom(assignment, options.submissions, options.seed))
    fewer = works[: options.rivals]
    found: dict[str, Throughput] = {}
    versions: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="grader-benchmark-") as name:
        place = Path(name)
        for tool in options.only:
            print(f"{tool} ...", file=sys.stderr, flush=True)
            if tool == "batch":
                found[tool] = batch(works, options.workers, place)
            elif tool == "own":
                found[tool] = own(works)
            else:
                found[tool], versions = rival(tool, fewer, place / tool, versions)
    text = table(found, options, versions)
    print(text)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(versions), **{n: asdict(t) for n, t in found.items()}}))
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, help="how many batch grades: 100; 1000 with --thousand")
    parser.add_argument("--rivals", type=int, help="how many of them the rivals are given: all")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="of batch: one a core")
    parser.add_argument("--only", type=lambda text: text.split(","), help=f"some of {','.join(TOOLS)}")
    parser.add_argument("--thousand", action="store_true", help="1,000 submissions through batch alone")
    parser.add_argument("--seed", type=int, default=0, help="the class is drawn with it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    options.only = options.only or (["batch", "own"] if options.thousand else list(TOOLS))
    if unknown := set(options.only) - set(TOOLS):
        parser.error(f"--only: {', '.join(sorted(unknown))}: there is {', '.join(TOOLS)}")
    options.submissions = options.submissions or (1000 if options.thousand else 100)
    options.rivals = min(options.rivals or options.submissions, options.submissions)
    return options


def batch(works: Sequence[Work], workers: int, place: Path) -> Throughput:
    """Grade a class with `grader batch`."""
    inbox, reports = place / "inbox", place / "reports"
    inbox.mkdir()
    for work in works:
        (inbox / f"{work.student}.ipynb").write_bytes(plain(work))
    command = [sys.executable, "-m", "grader", "batch", "hw2", str(inbox), "--course", str(COURSE)]
    command += ["--reports", str(reports), "--workers", str(workers)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT, cwd=place)
        memory = watch_memory(process)
        wall = time.monotonic() - started
        told.seek(0)
        if process.returncode:
            sys.exit(told.read().decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    grades = [json.loads(path.read_bytes()) for path in sorted(reports.glob("hw2/*/attempt-1/grade.json"))]
    if len(grades) != len(works):
        sys.exit(f"batch graded {len(grades)} of {len(works)} submissions")
    return Throughput(
        submissions=len(works),
        wall_seconds=wall,
        cpu_seconds=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        score=sum(grade["score"] / grade["max_score"] for grade in grades) / len(grades),
        memory=memory,
        inside_seconds=sum(g["timing"]["notebook_seconds"] + g["timing"]["checks_seconds"] for g in grades),
        pace=pace([path.stat().st_mtime for path in reports.glob("hw2/*/attempt-1/grade.json")]),
    )


def pace(times: Sequence[float], size: int = 100) -> tuple[float, ...]:
    """Grades a minute in each hundred; what is over goes to no hundred.

    Args:
        times: When each grade was there, in seconds, in any order.
        size: How many make a hundred.
    """
    ordered = sorted(times)
    # The first grade of all waits for torch: what is counted begins with it, and so one fewer.
    marks = [0, *range(size - 1, len(ordered), size)]
    return tuple(60 * (b - a) / (ordered[b] - ordered[a]) for a, b in pairwise(marks))


def own(works: Sequence[Work]) -> Throughput:
    """The CPU time of notebooks and checks by themselves."""
    costs = own_costs(
        course_folder.load(COURSE, "hw2"), [[c.source for c in w.cells if c.kind == "code"] for w in works]
    )
    total = sum(cost.notebook_seconds + cost.checks_seconds for cost in costs)
    return Throughput(len(works), wall_seconds=total, cpu_seconds=total)


def rival(tool: str, works: Sequence[Work], place: Path, versions: dict[str, str]) -> tuple[Throughput, dict[str, str]]:
    """Grade some submissions with another tool, in an environment that has it besides the project's own packages."""
    place.mkdir()
    solution = solution_cells(course_folder.load(COURSE, "hw2"))
    jobs: list[Job]
    match tool:
        case "nbgrader":
            jobs, scores = nbgrader_jobs(solution, works, place), nbgrader_scores
        case "otter":
            jobs, scores = otter_jobs(works, place), otter_scores
        case _:
            for work in works:
                (place / f"{work.student}.ipynb").write_bytes(plain(work))
            jobs = [Job(("-c", NBCLIENT, f"{work.student}.ipynb"), place, graded=1) for work in works]
            scores = None
    answer = timed(jobs, place)
    counted = [cost for cost, job in zip(answer["costs"], jobs, strict=True) if job.graded]
    shares = scores(place) if scores else []
    if scores and len(shares) != len(works):
        sys.exit(f"{tool} graded {len(shares)} of {len(works)} submissions")
    throughput = Throughput(
        submissions=len(works),
        wall_seconds=sum(cost["wall_seconds"] for cost in counted),
        cpu_seconds=sum(cost["cpu_seconds"] for cost in counted),
        score=sum(shares) / len(shares) if shares else None,
    )
    return throughput, versions | answer["versions"]


def timed(jobs: Sequence[Job], place: Path) -> dict[str, list[dict[str, float]] | dict[str, str]]:
    asked, answer = place / "jobs.json", place / "answer.json"
    listed = [{"command": job.command, "folder": str(job.folder)} for job in jobs]
    asked.write_text(json.dumps({"jobs": listed, "packages": RIVALS}))
    command = ["uv", "run", "--quiet", "--project", str(COURSE), *(f"--with={name}" for name in RIVALS), "python"]
    script = COURSE / "benchmarks" / "rivals" / "timed.py"
    if subprocess.run([*command, str(script), str(asked), str(answer)], cwd=place, check=False).returncode:
        sys.exit("one of the rivals failed; what it said stands above")
    return json.loads(answer.read_text())


def machine(versions: dict[str, str]) -> dict[str, str]:
    """What the figures were measured on."""
    own = {name: version(name) for name in ("grader", "torch")}
    return (
        {"system": platform.platform(), "cores": str(os.cpu_count()), "python": platform.python_version()}
        | own
        | versions
    )


def table(found: dict[str, Throughput], options: argparse.Namespace, versions: dict[str, str]) -> str:
    """All figures as Markdown."""
    facts = ", ".join(f"{name} {value}" for name, value in machine(versions).items())
    lines = [
        f"{facts}; batch with {options.workers} workers",
        "",
    ]
    lines += ["| | submissions | wall s | a minute | CPU s each | mean score | batch is |", "| --- |" + " ---: |" * 6]
    ours = found.get("batch")
    for tool, one in found.items():
        if tool == "own":
            continue
        times = f"{ours.a_minute / one.a_minute:.1f}×" if ours and tool != "batch" else ""
        score = "" if one.score is None else f"{one.score:.0%}"
        lines.append(
            f"| {tool} | {one.submissions} | {one.wall_seconds:.1f} | {one.a_minute:.1f} | {one.cpu_each:.2f} | "
            f"{score} | {times} |"
        )
    lines += ["", *_beside_own(found, options.workers), *_memory_and_pace(ours)]
    return "\n".join(lines)


def _beside_own(found: dict[str, Throughput], workers: int) -> list[str]:
    lines, ours, own = [], found.get("batch"), found.get("own")
    if own:
        lines.append(f"Notebooks and checks by themselves: {own.cpu_each:.3f} CPU s each.")
    if ours and own:
        least = own.cpu_seconds / workers
        lines.append(
            f"batch took {ours.wall_seconds:.1f} s, {ours.wall_seconds / least:.2f}× the {least:.1f} s of that "
            f"which each of {workers} workers has (aim: 1.5×); in CPU time {ours.cpu_seconds / own.cpu_seconds:.2f}×."
        )
    if ours:
        inside = ours.inside_seconds / workers
        lines.append(
            f"By the grades' own clock, notebooks, checks and judging took {inside:.1f} s of each worker; batch "
            f"took {ours.wall_seconds / inside:.2f}× that."
        )
    return lines


def _memory_and_pace(ours: Throughput | None) -> list[str]:
    if ours is None or ours.memory is None:
        return []
    memory, lines = ours.memory, []
    lines.append(
        f"Memory of the batch's own process: at most {memory.own_bytes >> 20} MiB (aim: under {MOST_BYTES >> 20}), "
        f"{memory.first_bytes >> 20} MiB at the start, {memory.last_bytes >> 20} MiB at the end; "
        f"of a slot at most {memory.slot_bytes >> 20} MiB."
    )
    if len(ours.pace) > 1:
        hundreds = ", ".join(f"{each:.0f}" for each in ours.pace)
        lines.append(
            f"A minute, hundred by hundred: {hundreds}: the last is {ours.pace[-1] / ours.pace[0]:.2f}× the first."
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
