"""GitHub Classroom: a repository each, named after assignment and login."""

from collections.abc import Callable

import pytest
from roll.exports import Called, classroom, notebook


@pytest.mark.parametrize("top", ["", "hw2-submissions/"], ids=["repositories", "as cloned"])
def test_repositories_are_recognised(call: Callable[..., Called], top: str) -> None:
    called = call(classroom("hw2", "ada-l", "bob", top=top))
    assert called.roll.kind == "classroom"
    assert called.taken == {"ada-l": f"{top}hw2-ada-l/hw2.ipynb", "bob": f"{top}hw2-bob/hw2.ipynb"}
    assert set(called.of["bob"].beside) == {"README.md"}


def test_repositories_of_another_name_are_told_by_what_they_have_in_common(call: Callable[..., Called]) -> None:
    called = call(classroom("homework-two", "ada", "adam"))
    assert set(called.of) == {"ada", "adam"}
    assert called.roll.why.endswith("2 of 2 folders are named homework-two-<login>")


def test_folders_of_students_with_a_name_in_common_are_no_repositories(call: Callable[..., Called]) -> None:
    called = call({"mary-ann/hw2.ipynb": notebook("a"), "mary-jo/hw2.ipynb": notebook("j")})
    assert called.roll.kind == "plain"
    assert set(called.of) == {"mary-ann", "mary-jo"}


def test_the_notebook_is_found_wherever_it_is_and_the_outermost_wins(call: Callable[..., Called]) -> None:
    entries = classroom("hw2", "ada", "bob")
    entries["hw2-ada/old/hw2.ipynb"] = notebook("old")
    entries["hw2-bob/src/hw2.ipynb"] = entries.pop("hw2-bob/hw2.ipynb")
    called = call(entries)
    assert called.taken == {"ada": "hw2-ada/hw2.ipynb", "bob": "hw2-bob/src/hw2.ipynb"}
    assert called.of["ada"].notices == (
        "of 2 notebooks hw2.ipynb was taken (it is in the outermost folder), not old/hw2.ipynb",
    )
    assert called.of["ada"].older == ()


def test_a_repository_without_a_notebook_is_refused(call: Callable[..., Called]) -> None:
    entries = classroom("hw2", "ada", "bob", "eve")
    del entries["hw2-bob/hw2.ipynb"]
    for name in ("README.md", "hw2.ipynb"):
        del entries[f"hw2-eve/{name}"]
    refused = {one.place: one.reason for one in call(entries).roll.refused}
    assert refused == {
        "hw2-bob": "there is no notebook (.ipynb) but README.md",
        "hw2-eve": "there is no notebook (.ipynb) but nothing at all",
    }


def test_logins_are_mapped_by_the_roster(call: Callable[..., Called]) -> None:
    called = call(
        classroom("hw2", "ada-codes", "bob"), roster="identifier,github_username,name\n1,ADA-codes,Ada\n2,bob,Bob\n"
    )
    assert {one.student: one.name for one in called.roll.handed} == {"1": "Ada", "2": "Bob"}


def test_a_few_folders_of_that_form_among_many_are_no_repositories(call: Callable[..., Called]) -> None:
    called = call({f"{name}/hw2.ipynb": notebook(name) for name in ("hw2-ada", "bob", "cy")})
    assert called.roll.kind == "plain"
    assert set(called.of) == {"hw2-ada", "bob", "cy"}
