"""Several processes at once: what comes back from them, and what is seen of those that do not come back."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from grader.authoring import MissingName, RankError, Work, in_ranks
from grader.authoring.ranks import LOST
from grader.observe.processes import children

NOBODY_CAME_BACK = {"rank 0": LOST, "rank 1": LOST}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_each_rank_computes_and_all_talk_by_gloo() -> None:
    def body(rank: int) -> dict[str, object]:
        value = torch.tensor([rank + 1.0])
        dist.all_reduce(value)
        return {"sum": value, "rank": dist.get_rank(), "world": dist.get_world_size()}

    found = in_ranks(3, body)
    assert list(found) == ["rank 0", "rank 1", "rank 2"]
    assert found["rank 2"] == {"sum": torch.tensor([6.0]), "rank": 2, "world": 3}


def test_values_come_back_as_they_were_and_objects_as_their_type() -> None:
    leaf = torch.ones(2, requires_grad=True)
    tree = {"a": (1, 2.5, None, True), "b": [leaf, leaf * 2, torch.tensor(3, dtype=torch.int8)], "c": object(), 4: "x"}
    found = in_ranks(1, lambda rank: tree, group=False)["rank 0"]
    assert found["a"] == (1, 2.5, None, True)
    assert [(t.dtype, t.requires_grad) for t in found["b"]] == [
        (torch.float32, True),
        (torch.float32, True),
        (torch.int8, False),
    ]
    assert (found["c"], found["4"]) == ("a value of type object", "x")


def test_a_rank_that_skips_a_call_is_seen_at_once() -> None:
    def body(rank: int) -> str:
        if rank == 0:
            dist.all_reduce(torch.ones(2))
        return "back"

    started = time.monotonic()
    assert in_ranks(2, body, seconds=30) == NOBODY_CAME_BACK
    assert time.monotonic() - started < 15


def test_a_rank_that_never_ends_costs_the_time_limit_and_no_more() -> None:
    def body(rank: int) -> None:
        while rank:
            pass

    started = time.monotonic()
    assert in_ranks(2, body, seconds=0.5, group=False) == NOBODY_CAME_BACK
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("ending", [lambda: os._exit(3), lambda: os.kill(os.getpid(), 9)])
def test_a_rank_that_ends_itself_did_not_come_back(ending) -> None:
    assert in_ranks(2, lambda rank: ending() if rank else "back", group=False) == NOBODY_CAME_BACK


def test_calls_that_do_not_fit_each_other_do_not_come_back() -> None:
    def body(rank: int) -> None:
        dist.all_reduce(torch.ones(2 if rank else 3000))

    assert in_ranks(2, body) == NOBODY_CAME_BACK


def test_an_error_is_raised_here_and_names_the_rank_although_the_others_wait_for_it() -> None:
    def body(rank: int) -> None:
        if rank == 1:
            raise ValueError("no such shard")
        dist.barrier()

    with pytest.raises(RankError, match=r"^rank 1: ValueError: no such shard$"):
        in_ranks(2, body)


def test_an_error_names_the_line_of_the_notebook() -> None:
    namespace: dict[str, object] = {}
    exec(compile("def body(rank):\n    return 1 / rank", "<cell 7>", "exec"), namespace)
    with pytest.raises(RankError, match=r"rank 0: ZeroDivisionError: .* \(cell 7, line 2\)"):
        in_ranks(2, namespace["body"], group=False)


def test_a_missing_name_is_missing_and_no_error() -> None:
    with pytest.raises(MissingName, match="`sync`"):
        in_ranks(2, lambda rank: Work({}).sync(rank), group=False)


def open_descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_work_that_is_not_written_yet_says_so_as_it_does_in_one_process() -> None:
    def body(rank: int) -> None:
        raise NotImplementedError

    with pytest.raises(NotImplementedError, match=r"^$"):
        in_ranks(2, body)


def test_nothing_of_it_is_left() -> None:
    def body(rank: int) -> None:
        if rank == 0:
            dist.barrier()

    before, running = open_descriptors(), children(os.getpid())
    for _ in range(3):
        in_ranks(2, body, seconds=1)
    assert open_descriptors() == before
    assert children(os.getpid()) == running


def test_forking_after_a_backward_pass_never_hangs() -> None:
    weight = torch.ones(3, requires_grad=True)

    def body(rank: int) -> torch.Tensor:
        (weight * (rank + 1)).sum().backward()
        dist.all_reduce(weight.grad)
        return weight.grad

    for _ in range(10):
        weight.grad = None
        (weight * weight).sum().backward()
        weight.grad = None
        assert in_ranks(2, body)["rank 1"].tolist() == [3.0, 3.0, 3.0]


@pytest.mark.parametrize(
    "call",
    [
        "in_ranks(2, lambda rank: dist.barrier() or rank)",
        "in_ranks(2, lambda rank: dist.init_process_group('gloo', f'file://{meeting}', rank=rank, world_size=2)"
        " or dist.barrier() or rank, group=False)",
    ],
    ids=["in the default group", "in a group of their own"],
)
def test_ranks_meet_where_a_simulated_device_was_named(tmp_path: Path, call: str) -> None:
    script = (
        "import torch, torch.distributed as dist\n"
        "from grader.authoring import in_ranks\n"
        f"meeting = {str(tmp_path / 'meeting')!r}\n"
        "torch.utils.rename_privateuse1_backend('rehearsal')\n"
        f"print({call})\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'rank 0': 0, 'rank 1': 1}"
