"""The seed of all batches of an assignment is made once, however many machines begin at the same time."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grader.batch import plan
from grader.batch.plan import _kept_seed

MACHINES = 8


def test_machines_that_begin_together_find_one_seed(tmp_path: Path) -> None:
    together = threading.Barrier(MACHINES)

    def begin(_: int) -> str:
        together.wait()
        return _kept_seed(tmp_path / "work")

    with ThreadPoolExecutor(MACHINES) as machines:
        (seed,) = set(machines.map(begin, range(MACHINES)))
    assert seed
    assert _kept_seed(tmp_path / "work") == seed
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["seed"]
    assert stat.S_IMODE((tmp_path / "work" / "seed").stat().st_mode) == 0o600


def test_no_other_machine_sees_a_seed_that_is_not_written_yet(tmp_path: Path, monkeypatch) -> None:
    seen = []

    def slowly() -> str:
        seen.append((tmp_path / "seed").exists())
        return "a seed"

    monkeypatch.setattr(plan, "fresh_seed", slowly)
    assert _kept_seed(tmp_path) == "a seed"
    assert seen == [False]
