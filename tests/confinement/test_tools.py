"""What course work needs still works inside."""

import pytest
from confinement.conftest import Inside

LOADER = """
import torch
from torch.utils.data import DataLoader, Dataset
class Squares(Dataset):
    def __len__(self): return 8
    def __getitem__(self, i): return torch.tensor(i * i)
def probe():
    return [batch.tolist() for batch in DataLoader(Squares(), 4, num_workers=2)]
"""
GLOO = """
import os, torch
import torch.distributed as dist
import torch.multiprocessing as mp
def work(rank, queue):
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29511"}
    dist.init_process_group("gloo", rank=rank, world_size=2)
    value = torch.tensor([rank + 1.0])
    dist.all_reduce(value)
    queue.put(value.item())
    dist.destroy_process_group()
def probe():
    context = mp.get_context("fork")
    queue = context.Queue()
    processes = [context.Process(target=work, args=(rank, queue)) for rank in range(2)]
    for process in processes: process.start()
    found = [queue.get(timeout=9) for _ in processes]
    for process in processes: process.join()
    return found
"""


def test_a_loader_with_workers(inside: Inside) -> None:
    assert inside(LOADER) == [[0, 1, 4, 9], [16, 25, 36, 49]]


def test_two_processes_that_talk_by_gloo(inside: Inside) -> None:
    if inside.engine.mode == "landlock":
        pytest.skip("without a network namespace no socket is safe to give: docs/security.md")
    assert inside(GLOO) == [3.0, 3.0]


def test_a_checkpoint_saved_and_loaded(inside: Inside) -> None:
    code = (
        "import torch\ndef probe():\n    torch.save({'w': torch.arange(3.0)}, 'w.pt')\n"
        "    return torch.load('w.pt', weights_only=True)['w'].tolist()"
    )
    assert inside(code) == [0.0, 1.0, 2.0]


def test_a_figure_saved(inside: Inside) -> None:
    code = (
        "%matplotlib inline\nimport os\nimport matplotlib.pyplot as plt\ndef probe():\n    plt.plot([1, 2, 3])\n"
        "    plt.savefig('plot.png')\n    return os.path.getsize('plot.png') > 1000"
    )
    assert inside(code) is True


def test_temporary_files_and_threads(inside: Inside) -> None:
    code = (
        "import tempfile, threading, concurrent.futures\ndef probe():\n"
        "    with tempfile.TemporaryDirectory() as folder: open(folder + '/x', 'w').write('x')\n"
        "    with concurrent.futures.ThreadPoolExecutor(4) as pool: return list(pool.map(abs, [-1, -2]))"
    )
    assert inside(code) == [1, 2]


def test_several_torch_threads(inside: Inside) -> None:
    code = (
        "import torch\ntorch.set_num_threads(4)\n_ = torch.randn(300, 300) @ torch.randn(300, 300)\n"
        "def probe(): return float((torch.ones(300, 300) @ torch.ones(300, 300)).sum())"
    )
    assert inside(code) == 27_000_000.0


def test_training_for_a_few_steps(inside: Inside) -> None:
    code = (
        "import torch\ndef probe():\n    model = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Flatten(), "
        "torch.nn.Linear(144, 2))\n    optimizer = torch.optim.Adam(model.parameters())\n"
        "    for _ in range(3):\n        optimizer.zero_grad()\n"
        "        loss = torch.nn.functional.cross_entropy(model(torch.randn(4, 1, 8, 8)), torch.tensor([0, 1, 0, 1]))\n"
        "        loss.backward()\n"
        "        optimizer.step()\n    return sum(p.numel() for p in model.parameters())"
    )
    assert inside(code) == 330
