"""What tests of several folders share: one warm engine for the whole run."""

import sys
from collections.abc import Iterator

import pytest

from grader.observe.warm import Zygote


@pytest.fixture(scope="session")
def engine() -> Iterator[Zygote]:
    """A zygote with everything that shipped notebooks import."""
    if sys.platform != "linux":
        pytest.skip("the fork server runs on Linux")
    zygote = Zygote(["torchvision", "matplotlib.pyplot"])
    yield zygote
    zygote.close()
