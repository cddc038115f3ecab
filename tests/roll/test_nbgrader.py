"""nbgrader: submitted/<student>/<assignment>/, with the time in timestamp.txt."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from roll.exports import Called, nbgrader, notebook

from grader.roll.errors import BadSubmissions

STAMP = "2026-03-02 15:58:23.948203 UTC"


@pytest.mark.parametrize("top", ["submitted/", "", "course/submitted/"], ids=["as it is", "its inside", "in a course"])
def test_its_folder_is_recognised_wherever_it_begins(call: Callable[..., Called], top: str) -> None:
    called = call(nbgrader(("ada", "hw2", STAMP), ("bob", "hw2", STAMP), ("bob", "hw1", STAMP), top=top))
    assert called.roll.kind == "nbgrader"
    assert called.taken == {"ada": f"{top}ada/hw2/hw2.ipynb", "bob": f"{top}bob/hw2/hw2.ipynb"}
    assert called.of["ada"].submitted_at == datetime(2026, 3, 2, 15, 58, 23, 948203, tzinfo=UTC)
    assert not called.of["ada"].beside


def test_a_notebook_outside_an_assignments_folder_is_said(call: Callable[..., Called]) -> None:
    entries = nbgrader(("ada", "hw2", STAMP), ("ada", "hw1", STAMP))
    called = call({**entries, "submitted/bob/hw2.ipynb": notebook("bob")})
    assert called.roll.notices == ("passed over, for their names do not say whose they are: submitted/bob/hw2.ipynb",)


def test_lateness_follows_from_the_time(call: Callable[..., Called]) -> None:
    entries = nbgrader(("ada", "hw2", "2026-03-02 12:00:00 UTC"), ("bob", "hw2", "2026-03-02 11:59:59 UTC"))
    called = call(entries, due=datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC))
    assert (called.of["ada"].late, called.of["bob"].late) == (False, False)
    called = call(entries, due=datetime(2026, 3, 2, 11, 59, 59, tzinfo=UTC))
    assert (called.of["ada"].late, called.of["bob"].late) == (True, False)


def test_a_time_that_cannot_be_read_is_said(call: Callable[..., Called]) -> None:
    called = call(nbgrader(("ada", "hw2", "yesterday")))
    assert called.of["ada"].submitted_at is None
    assert called.roll.notices == ("submitted/ada/hw2/timestamp.txt holds no time that can be read",)


def test_where_nobody_handed_in_the_assignment_the_others_are_named(call: Callable[..., Called]) -> None:
    with pytest.raises(BadSubmissions, match=r"nobody has a folder hw2; there are: hw1, hw3"):
        call(nbgrader(("ada", "hw1", STAMP), ("bob", "hw3", STAMP)))


def test_checkpoints_are_no_notebooks(call: Callable[..., Called]) -> None:
    entries = nbgrader(("ada", "hw2", STAMP))
    entries["submitted/ada/hw2/.ipynb_checkpoints/hw2-checkpoint.ipynb"] = notebook("old")
    ada = call(entries).of["ada"]
    assert (ada.place, ada.notices, dict(ada.beside)) == ("submitted/ada/hw2/hw2.ipynb", (), {})
