"""Before CUDA starts its workspace is fixed; float32 is computed in float32, whatever a notebook asked for."""

import os
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

from grader.confine import nvidia
from grader.observe import cuda, probe
from grader.observe.engine import Engine
from grader.observe.supervisor import Session


@pytest.fixture
def flags() -> Iterator[None]:
    """Puts back what these tests change for the whole process."""
    before = torch.get_float32_matmul_precision()
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_float32_matmul_precision(before)
    torch.backends.cudnn.allow_tf32 = True


def test_exact_undoes_what_a_notebook_has_asked_for(flags: None) -> None:
    torch.set_float32_matmul_precision("medium")
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    cuda.exact()
    assert torch.get_float32_matmul_precision() == "highest"
    assert not (torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32)
    assert not torch.backends.cudnn.benchmark
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.is_deterministic_algorithms_warn_only_enabled()


def test_workspace_and_cap_are_set_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch, flags: None) -> None:
    seen: list[tuple[str, object]] = []

    def properties(index: int) -> SimpleNamespace:
        seen.append(("started with", os.environ["CUBLAS_WORKSPACE_CONFIG"]))
        return SimpleNamespace(total_memory=80_000_000_000)

    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    monkeypatch.setattr(torch.cuda, "get_device_properties", properties)
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda share, _: seen.append(("share", share)))
    real = torch.ones
    monkeypatch.setattr(torch, "ones", lambda *shape, device: seen.append(("computed on", device)) or real(*shape))
    cuda.start(4_000_000_000)
    assert seen == [("started with", ":4096:8"), ("share", 0.05), ("computed on", "cuda")]


def test_a_session_for_the_cpu_sees_no_gpu(engine: Engine) -> None:
    cells = [(1, "import os, torch\nprint([os.environ['CUDA_VISIBLE_DEVICES'], torch.cuda.is_available()])")]
    session = Session(engine, cells, probe.Limits(), "seed")
    session.run_notebook()
    session.close()
    assert session.output.strip() == "['', False]"


@pytest.mark.skipif(bool(nvidia.devices()), reason="there is a GPU here")
def test_a_machine_without_a_gpu_has_a_cpu_and_nothing_broken(engine: Engine) -> None:
    assert probe.devices(engine) == probe.Devices(("cpu",), {}, {})


@pytest.mark.skipif(bool(nvidia.devices()), reason="there is a GPU here")
def test_a_gpu_that_does_not_start_says_why_in_one_line() -> None:
    why = probe._why_no_cuda()
    assert why and "\n" not in why
