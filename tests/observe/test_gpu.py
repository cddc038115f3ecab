"""The driver is asked from outside what processes hold of its GPUs; what it does not say is not known."""

import ctypes
from dataclasses import dataclass, field
from typing import Any

import pytest

from grader.observe.gpu import Nvml, gpus

UNKNOWN = 2**64 - 1


@dataclass
class Library:
    """Answers as libnvidia-ml does: processes by GPU, as (pid, bytes)."""

    processes: dict[int, list[tuple[int, int]]]
    says: int = 0
    asked: list[int] = field(default_factory=list)

    def nvmlDeviceGetComputeRunningProcesses_v3(self, handle: ctypes.c_void_p, count: Any, found: Any) -> int:  # noqa: N802
        listed = self.processes[handle.value or 0]
        self.asked.append(len(found))
        if self.says or len(listed) > len(found):
            return self.says or 7
        for place, (pid, used) in enumerate(listed):
            found[place].pid, found[place].used_bytes = pid, used
        count._obj.value = len(listed)
        return 0

    def nvmlSystemGetDriverVersion(self, buffer: Any, letters: int) -> int:  # noqa: N802
        buffer.value = b"580.1"
        return 0


def nvml(library: Library) -> Nvml:
    return Nvml(library, tuple(ctypes.c_void_p(index) for index in library.processes))  # type: ignore[arg-type]


def test_what_a_tree_of_processes_holds_is_added_up_over_all_gpus() -> None:
    asked = nvml(Library({0: [(10, 500), (11, 70), (99, 8000)], 1: [(10, 3)]}))
    assert asked.held_bytes([10, 11]) == 573
    assert asked.held_bytes(iter([99])) == 8000
    assert (asked.count, asked.driver) == (2, "580.1")


@pytest.mark.parametrize(
    "library",
    [Library({0: [(99, 8000)]}), Library({0: []}), Library({0: [(10, UNKNOWN)]}), Library({0: [(10, 5)]}, says=3)],
    ids=["others only", "nobody", "a part of a GPU", "an error"],
)
def test_what_the_driver_does_not_tell_is_not_taken_for_nothing(library: Library) -> None:
    assert nvml(library).held_bytes([10]) is None


def test_many_processes_are_asked_for_again_with_more_room() -> None:
    library = Library({0: [(pid, 1) for pid in range(300)]})
    assert nvml(library).held_bytes(range(300)) == 300
    assert library.asked == [64, 256, 1024]


def test_the_gpus_are_those_that_cuda_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    two = nvml(Library({0: [], 1: []}))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert (gpus(two), gpus(None)) == (("0", "1"), ())
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-8f")
    assert gpus(two) == ("3", "GPU-8f")
    for none in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", none)
        assert gpus(two) == ()
