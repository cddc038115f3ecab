"""How a batch goes, in a terminal or as plain lines."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from grader.batch.batch import Watcher
from grader.batch.model import Done, Item
from grader.batch.plan import Plan
from grader.intake.packed import some
from grader.report.text import visible
from grader.roll.model import Roll
from grader.roll.summary import remarks, summary

_LINE_SECONDS = 10.0


@contextmanager
def terminal_watcher(dry_run: bool) -> Iterator[Watcher]:
    """Show a batch while the block runs: a bar where somebody is looking, else a line now and then.

    Args:
        dry_run: Stop after what was handed over is shown.
    """
    console = Console()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[told]}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield _Terminal(console, progress, dry_run)


class _Terminal(Watcher):
    def __init__(self, console: Console, progress: Progress, dry_run: bool) -> None:
        self._console = console
        self._progress = progress
        self._dry_run = dry_run
        self._task = progress.add_task("grading", total=None, told="")
        self._total = 0
        self._count = 0
        self._ungraded = 0
        self._slowest = ("", 0.0)
        self._said = time.monotonic()

    def called(self, roll: Roll) -> bool:
        self._print(summary(roll))
        for remark in remarks(roll):
            self._print(f"  {remark}")
        return not self._dry_run

    def unreadable(self, students: Sequence[str]) -> None:
        if students:
            self._print(f"  {len(students)} unreadable, with no points: {some(students)}")

    def planned(self, plan: Plan, items: Sequence[Item]) -> None:
        self._total = len(items)
        self._progress.update(self._task, total=len(items))
        if plan.kept:
            self._print(f"{plan.kept} are graded already and have not changed; {len(items)} to grade")

    def done(self, item: Item, done: Done) -> None:
        self._count += 1
        self._ungraded += done.status != "graded"
        if done.seconds > self._slowest[1]:
            self._slowest = (item.students[0], done.seconds)
        told = f"{self._ungraded} not gradable, slowest {visible(self._slowest[0])} {self._slowest[1]:.1f} s"
        self._progress.update(self._task, completed=self._count, told=told)
        now = time.monotonic()
        if not self._console.is_terminal and (now - self._said > _LINE_SECONDS or self._count == self._total):
            self._said = now
            self._print(f"{self._count} of {self._total} graded; {told}")

    def _print(self, text: str) -> None:
        self._console.print(visible(text), highlight=False, markup=False, soft_wrap=True)
