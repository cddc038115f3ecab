"""What tests of several folders share: one warm engine for the whole run."""

import sys
from collections.abc import Iterator

import pytest

from grader.observe.warm import Zygote


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the rehearsal's own tests last: once a process has named a device, gloo's barrier fails in it."""
    items.sort(key=lambda item: "rehearsal" in item.nodeid)


@pytest.fixture(scope="session")
def engine() -> Iterator[Zygote]:
    """A zygote with everything that shipped notebooks import."""
    if sys.platform != "linux":
        pytest.skip("the fork server runs on Linux")
    zygote = Zygote(["torchvision", "matplotlib.pyplot"])
    yield zygote
    zygote.close()
