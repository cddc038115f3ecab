"""How the confinement is chosen: the strongest that works, and never less than what was asked for."""

import sys
from pathlib import Path

import pytest

from grader.confine import plan, privileges, visible
from grader.confine.plan import NotConfined, choose, why_not

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="code is confined on Linux only")


def refuse(monkeypatch: pytest.MonkeyPatch, **reasons: str) -> None:
    monkeypatch.setattr(plan, "why_not", lambda mode: reasons.get(mode, ""))


def test_the_strongest_that_works_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch)
    assert choose("auto").mode == choose("strict").mode == "namespaces"
    refuse(monkeypatch, namespaces="unshare: Operation not permitted")
    found = choose("auto")
    assert found.mode == "landlock"
    assert found.missing == ("namespaces: unshare: Operation not permitted",)
    assert any("no sockets" in layer for layer in found.layers)


def test_nothing_is_said_to_confine_where_nothing_does(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, namespaces="no", landlock="this kernel has none")
    assert (choose("auto").mode, choose("auto").layers) == ("none", ())
    assert (choose("none").mode, choose("none").layers) == ("none", ())


def test_strict_takes_nothing_less(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, namespaces="unshare: Operation not permitted")
    with pytest.raises(NotConfined, match="does not work here: namespaces: unshare: Operation not permitted"):
        choose("strict")


def test_a_step_that_the_kernel_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.confine.sandbox.landlock.restrict", _no_landlock)
    assert why_not("landlock") == "landlock: this kernel has none"


def _no_landlock(**_: object) -> None:
    raise OSError(38, "landlock: this kernel has none")


def test_a_child_that_dies_does_not_confine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.confine.sandbox.seccomp.install", lambda **_: sys.exit(1))
    assert why_not("landlock") == "the child that tried it died"


def test_a_folder_closed_to_others_cannot_be_reached(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "python").mkdir(parents=True)
    closed.chmod(0o700)
    assert not privileges.can_read_as(60_001, (str(closed / "python"),))
    assert privileges.can_read_as(60_001, ("/usr",))


def test_a_course_inside_the_environment_would_be_readable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    course, environment = tmp_path / "course", tmp_path / "course" / ".venv"
    (environment / "share" / "course").mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(environment))
    assert visible.exposed([course]) is None  # the usual case: the environment lies in the course
    assert visible.exposed([environment / "share" / "course"]) == environment / "share" / "course"
    assert visible.exposed([Path("/usr/share/course")]) == Path("/usr/share/course")
