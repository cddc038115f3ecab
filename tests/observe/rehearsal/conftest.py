"""The simulated device, on for one test."""

from collections.abc import Iterator

import pytest
import torch

from grader.observe.rehearsal.stage import rehearsal


@pytest.fixture
def device() -> Iterator[torch.device]:
    with rehearsal() as simulated:
        yield simulated
