"""`doctor` says what works here, and what to do about what does not."""

import json
import sys

import pytest

from grader import doctor
from grader.cli import main
from grader.confine.plan import Plan, choose
from grader.observe import probe


@pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")
def test_what_works_here_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    plan = choose("auto")
    assert (found["mode"], tuple(found["layers"])) == (plan.mode, plan.layers)
    assert code == (0 if plan.mode != "none" else 1)
    assert "cpu" in found["devices"]
    assert found["versions"]["torch"]
    assert {each["name"] for each in found["findings"]} >= {"namespaces", "Landlock", "without namespaces", "torch"}


@pytest.mark.skipif(sys.platform != "linux", reason="the layers are Linux's")
def test_what_does_not_work_comes_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    why = "unshare: Operation not permitted"
    monkeypatch.setattr(doctor, "why_not", lambda mode: why if mode == "namespaces" else "")
    monkeypatch.setenv("container", "podman")
    namespaces = doctor._confinement(choose("landlock"))[0]
    assert (namespaces.works, namespaces.detail) == (False, why)
    assert "seccomp=unconfined" in namespaces.advice
    monkeypatch.setattr(doctor.landlock, "abi", lambda: 0)
    landlock = doctor._confinement(choose("none"))[1]
    assert (landlock.works, landlock.detail) == (False, "this kernel offers none")
    assert "lsm=landlock" in landlock.advice


class _Started:
    """A zygote that is none, by its confinement."""

    def __init__(self, cuda: bool, confinement: str) -> None:
        self.confinement = confinement

    def close(self) -> None:
        """Nothing to end."""


WORKS = probe.Devices(("cpu", "cuda"), {}, {"device": "NVIDIA H100", "cuda": "13.0"})
BROKEN = probe.Devices(("cpu",), {"cuda": "CUDA driver initialization failed"})


@pytest.mark.parametrize(
    ("confined", "free", "works", "words"),
    [
        (WORKS, WORKS, True, "NVIDIA H100 works, confined as a session is"),
        (BROKEN, WORKS, False, "works unconfined, and not in the confinement here (namespaces): CUDA driver init"),
        (BROKEN, BROKEN, False, "CUDA driver initialization failed"),
    ],
    ids=["works", "not in the confinement", "not at all"],
)
def test_a_gpu_is_tried_as_a_session_would_use_it(
    monkeypatch: pytest.MonkeyPatch, confined: probe.Devices, free: probe.Devices, works: bool, words: str
) -> None:
    monkeypatch.setattr(doctor, "Zygote", _Started)
    monkeypatch.setattr(doctor.probe, "devices", lambda engine: free if engine.confinement == "none" else confined)
    plan = Plan("namespaces", ("own files",))
    here, findings = doctor._devices(plan)
    cuda = next(finding for finding in findings if finding.name == "cuda")
    assert (cuda.works, "cuda" in here) == (works, works)
    assert words in cuda.detail
    assert bool(cuda.advice) == (not works)


def test_a_machine_without_a_gpu_says_nothing_of_one() -> None:
    assert doctor._gpu(probe.Devices(("cpu",)), Plan("namespaces", ())) == ()
