"""A zygote whose sessions may use the GPU; without a GPU everything here is skipped, and says so."""

from collections.abc import Iterator

import pytest

from grader.confine import nvidia
from grader.observe import probe
from grader.observe.warm import Zygote

LAST_RUN = "last run: docs/gpu.md"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/gpu/" in item.nodeid:
            item.add_marker(pytest.mark.gpu)


@pytest.fixture(scope="session")
def gpu_engine() -> Iterator[Zygote]:
    """A zygote with CUDA; skips where the machine has no device, or none that a session can use."""
    if not nvidia.devices():
        pytest.skip(f"no CUDA device here: the machine has none; {LAST_RUN}")
    zygote = Zygote(["torchvision", "matplotlib.pyplot", "torch._dynamo"], cuda=True)
    try:
        found = probe.devices(zygote)
        if "cuda" not in found.here:
            pytest.skip(f"no CUDA device here: {found.broken.get('cuda', 'torch sees none')}; {LAST_RUN}")
        yield zygote
    finally:
        zygote.close()
