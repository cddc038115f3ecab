"""On a Dask cluster everything is graded once, also where a worker is killed with all that it has started."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.batch.batch import Options, Watcher, grade_class
from grader.batch.cluster import run_on_dask
from grader.batch.model import Done, Item
from grader.errors import BadInput
from grader.gradebook import Gradebook

from .conftest import GOOD, HALF

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fork server runs on Linux")


@pytest.fixture
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made:
        yield made


def test_a_killed_worker_costs_nobody_a_grade(options: Callable[..., Options], cluster: Any) -> None:
    class Killing(Watcher):
        killed = False

        def done(self, item: Item, done: Done) -> None:
            if not self.killed:
                nanny = next(iter(cluster.workers.values()))
                os.kill(nanny.process.process.pid, signal.SIGKILL)
                self.killed = True

    wanted = options({f"s{i}": (GOOD if i % 2 else HALF) for i in range(6)})
    watcher = Killing()
    outcome = grade_class(wanted, watcher, run_on_dask(cluster.scheduler_address))
    assert watcher.killed
    assert outcome is not None
    assert (outcome.lost, outcome.entered) == ((), 6)
    book = Gradebook(wanted.reports / "gradebook.sqlite")
    scores = [(row.student, row.number, row.score) for row in book.attempts("toy")]
    book.close()
    assert scores == [(f"s{i}", 1, 5.0 if i % 2 else 3.0) for i in range(6)]


def test_a_scheduler_that_does_not_answer_is_said_in_a_sentence(
    options: Callable[..., Options], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.batch.cluster._CONNECT_SECONDS", 0.5)
    with pytest.raises(BadInput, match=r"--scheduler tcp://127.0.0.1:1: there is no Dask scheduler that answers"):
        grade_class(options({"alice": GOOD}), Watcher(), run_on_dask("tcp://127.0.0.1:1"))
