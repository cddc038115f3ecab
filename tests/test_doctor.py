"""`doctor` says what works here, and what to do about what does not."""

import json
import sys

import pytest

from grader import doctor
from grader.cli import main
from grader.confine.plan import choose


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
