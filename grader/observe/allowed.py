"""What one session's processes may use, as the kernel and the sandbox enforce it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from grader.assignment.model import Limits
from grader.authoring.spec import REHEARSAL
from grader.confine.resources import Resources
from grader.confine.sandbox import Confines

ON_CPU = ("cpu", REHEARSAL)  # what computes on the CPU, and may be forked
_SLACK_BYTES = 1 << 20  # folders take room in a quota too
_LOCKED_BYTES = 8 << 20


def confines(limits: Limits, device: str, files: Mapping[str, bytes]) -> Confines:
    """What one session may use.

    Args:
        limits: The assignment's.
        device: Where its checks run; only a session for a GPU is shown one.
        files: What it finds beside its notebook, by name.
    """
    on_gpu, data_bytes = device == "cuda", sum(map(len, files.values()))
    resources = Resources(
        # CUDA reserves terabytes of addresses; what is really used is watched from outside.
        added_memory_bytes=limits.memory_bytes if device in ON_CPU else 0,
        # The time limits are kept from outside; this one ends what has got away from there.
        cpu_seconds=math.ceil(2 * (limits.notebook_seconds + limits.check_seconds)) + 10,
        file_bytes=data_bytes + limits.scratch_bytes,
        processes=limits.processes,
        locked_bytes=_LOCKED_BYTES if on_gpu else 0,
    )
    scratch_bytes = data_bytes + limits.scratch_bytes + _SLACK_BYTES
    return Confines(resources, scratch_bytes, programs=limits.programs, gpu=on_gpu)
