"""``grader verify``: prove that assignments are fair, with progress, and say what is not."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from grader.assignment import folder as course_folder
from grader.assignment.folder import Assignment
from grader.cli.show import terminal
from grader.errors import BadInput
from grader.observe.engine import Engine
from grader.observe.warm import Zygote
from grader.verify import verify as verification
from grader.verify.equivalents import FILE
from grader.verify.markdown import markdown
from grader.verify.model import Proof
from grader.verify.page import page
from grader.verify.verify import Options, verify

_AHEAD = ("torchvision", "matplotlib.pyplot", "torch._dynamo")


def run(arguments: argparse.Namespace) -> int:
    """Verify the named assignments, or all of them.

    Returns:
        0 when all are fair, 1 when one is not.
    """
    if sys.platform != "linux":
        raise BadInput("verify runs on Linux; on other systems run it in the course's container image")
    course = course_folder.find_course(arguments.course)
    known = course_folder.names(course)
    names = known if arguments.all else arguments.assignment
    if not names:
        raise BadInput("say which assignments to verify, such as hw1, or --all")
    assignments = [course_folder.load(course, name) for name in names]
    console = terminal(arguments.json)
    options = Options(
        runs=arguments.seeds,
        workers=arguments.workers or os.cpu_count() or 1,
        mutants=not arguments.no_mutants,
        device=arguments.device,
        exercises=tuple(arguments.exercise),
    )
    with closing(Zygote(_AHEAD, cuda=arguments.device == "cuda")) as engine:
        proofs = [_one(assignment, engine, options, console, arguments.reports) for assignment in assignments]
    if arguments.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(proofs), indent=1).decode() + "\n")
    if arguments.table is not None:
        newest = {name: _newest(course_folder.load(course, name), proofs, arguments.reports) for name in known}
        told = [proof for proof in newest.values() if proof is not None]
        unproven = [name for name, proof in newest.items() if proof is None]
        arguments.table.write_text(markdown(told, unproven), encoding="utf-8")
    return 0 if all(proof.fair for proof in proofs) else 1


def _one(assignment: Assignment, engine: Engine, options: Options, console: Console, reports: Path) -> Proof:
    with _progress(console, assignment.name) as progress:
        proof = verify(assignment, engine, options, progress)
    place = reports / "verify" / f"{assignment.name}.html"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(page(proof), encoding="utf-8")
    if not options.exercises:
        place.with_suffix(".json").write_bytes(msgspec.json.encode(proof))
    _show(console, proof, place)
    return proof


def _newest(assignment: Assignment, proofs: list[Proof], reports: Path) -> Proof | None:
    """The proof of an assignment made now, else one of an earlier run if nothing of the assignment has changed."""
    for proof in proofs:
        if proof.assignment == assignment.name:
            return proof
    try:
        earlier = msgspec.json.decode((reports / "verify" / f"{assignment.name}.json").read_bytes(), type=Proof)
    except (OSError, msgspec.DecodeError):
        return None
    return earlier if earlier.digest == assignment.digest else None


@contextmanager
def _progress(console: Console, name: str) -> Iterator[verification.Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name)

        def told(what: str, done: int, total: int) -> None:
            bar.update(task, description=f"{name}: {what}", completed=done, total=total)

        yield told


def _show(console: Console, proof: Proof, place: Path) -> None:
    table = Table(title=Text(f"{proof.assignment}: {proof.title}"))
    table.add_column("exercise", overflow="fold")
    for name in ("right accepted", "wrong caught", "named", "mutants caught", "equivalent", "open"):
        table.add_column(name, justify="right")
    for e in proof.exercises:
        table.add_row(
            e.id,
            _of(e.alternatives - e.refused, e.alternatives),
            _of(e.misconceptions - e.accepted, e.misconceptions),
            f"{e.named} / {e.diagnosed}",
            f"{e.caught} / {e.mutants}",
            str(len(e.survivors) - len(e.unaccounted)),
            Text(str(len(e.unaccounted)), style="bold red" if e.unaccounted else ""),
        )
    console.print(table)
    for e in proof.exercises:
        for survivor in e.unaccounted:
            console.print(Text(f"open: {e.id}: {survivor.operator} (id {survivor.id} for {FILE})", style="yellow"))
            console.print(Text(survivor.diff))
    for finding in proof.findings:
        if finding.survivor:
            continue  # shown as its change already
        mark = Text("unfair: ", style="bold red") if finding.unfair else Text("advice: ", style="dim")
        where = f"{finding.exercise}: {finding.subject}" if finding.exercise else finding.subject
        console.print(mark + Text(f"{where}: {finding.message}"))
    said = Text("fair", style="bold green") if proof.fair else Text("not fair", style="bold red")
    console.print(Text(f"{proof.assignment} is ") + said + Text(f", {proof.runs} seeds, {proof.seconds:.0f} s"))
    console.print(Text(f"report {place}"), soft_wrap=True)


def _of(good: int, all_of_them: int) -> Text:
    return Text(f"{good} / {all_of_them}", style="" if good == all_of_them else "bold red")
