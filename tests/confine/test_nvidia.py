"""A GPU is for the sessions that are to use it: device nodes, the driver's files and folders, and nothing else."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from grader.confine import landlock, nvidia
from grader.confine.resources import Resources
from grader.confine.sandbox import Confines, Mode, Places, Sandbox

PLACES = Places("/w", "/t", "/h")
NODES = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-uvm")


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Landlock was last asked to allow."""
    asked: dict[str, Any] = {}

    def restrict(**places: Iterable[str] | bool) -> None:
        asked.clear()
        asked.update({name: set(value) if not isinstance(value, bool) else value for name, value in places.items()})

    monkeypatch.setattr(landlock, "restrict", restrict)
    monkeypatch.setattr(nvidia, "devices", lambda: NODES)
    return asked


def confine(mode: Mode, gpu: bool, cuda: bool = True) -> None:
    sandbox = Sandbox(mode, cuda=cuda)
    sandbox._restrict_files(PLACES, Confines(Resources(0, 1, 1, 1), 1, gpu=gpu))


@pytest.mark.parametrize("mode", ["namespaces", "landlock"])
def test_a_session_for_a_gpu_may_use_its_device_nodes(allowed: dict[str, Any], mode: Mode) -> None:
    confine(mode, gpu=True)
    assert set(NODES) < allowed["devices"]
    assert allowed["write"] >= ({"/proc"} if mode == "namespaces" else {f"/proc/{os.getpid()}"})
    assert mode == "namespaces" or "/proc/driver/nvidia" in allowed["read"]


@pytest.mark.parametrize("mode", ["namespaces", "landlock"])
@pytest.mark.parametrize(("gpu", "cuda"), [(False, True), (True, False)], ids=["another session", "no such run"])
def test_every_other_session_may_not(allowed: dict[str, Any], mode: Mode, gpu: bool, cuda: bool) -> None:
    confine(mode, gpu, cuda)
    assert not any("nvidia" in node for node in allowed["devices"])
    if not gpu:
        assert not any(place.startswith("/proc") for place in allowed["write"])


def test_the_drivers_own_folders_are_shown_and_no_others_that_a_loader_searches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    driver, other = tmp_path / "driver", tmp_path / "other"
    for folder, name in ((driver, "libcuda.so.1"), (other, "libmine.so")):
        folder.mkdir()
        (folder / name).touch()
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{driver}:{other}::relative:{tmp_path}/none")
    assert nvidia.libraries() == (str(driver),)
    monkeypatch.delenv("LD_LIBRARY_PATH")
    assert nvidia.libraries() == ()
