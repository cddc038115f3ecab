"""No platform: files and folders are named after the students."""

from collections.abc import Callable

import pytest
from roll.exports import Called, notebook, plain


def test_files_and_folders_are_named_after_students(call: Callable[..., Called]) -> None:
    called = call(plain("alice.ipynb", "bob/hw2.ipynb", "bob/best.pt", "eve.zip", "作业 小明.ipynb"))
    assert called.roll.kind == "plain"
    assert called.taken == {
        "alice": "alice.ipynb",
        "bob": "bob/hw2.ipynb",
        "eve": "eve.zip",
        "作业 小明": "作业 小明.ipynb",
    }
    assert set(called.of["bob"].beside) == {"best.pt"}


@pytest.mark.parametrize("file", ["ada_hw2.ipynb", "hw2-ada.ipynb", "HW2 ada (2).ipynb", "ada.ipynb"])
def test_the_name_of_the_assignment_is_no_part_of_the_students(call: Callable[..., Called], file: str) -> None:
    assert set(call(plain(file, "bob_x.ipynb")).of) == {"ada", "bob_x"}


def test_a_file_that_names_nobody_is_refused(call: Callable[..., Called]) -> None:
    called = call(plain("hw2.ipynb", "ada.ipynb"))
    assert [(one.place, one.reason) for one in called.roll.refused] == [
        ("hw2.ipynb", "its name does not say whose it is: rename it to <student>.ipynb")
    ]


def test_a_further_download_is_a_further_attempt(call: Callable[..., Called]) -> None:
    ada = call(plain("ada.ipynb", "ada (1).ipynb", "ada.pt", "bob.ipynb")).of["ada"]
    assert (ada.place, ada.file, ada.attempt, ada.older) == ("ada (1).ipynb", "ada.ipynb", 2, ("ada.ipynb",))
    assert set(ada.beside) == {"ada.pt"}


def test_a_file_and_a_folder_of_one_student_are_two_attempts(call: Callable[..., Called]) -> None:
    called = call(plain("ada.ipynb", "ada/hw2.ipynb"))
    (one,) = called.roll.handed
    assert one.attempt == 2
    assert {one.place, *one.older} == {"ada.ipynb", "ada/hw2.ipynb"}
    assert called.roll.notices == ()


def test_folders_for_sections_hold_the_students(call: Callable[..., Called]) -> None:
    called = call(plain(*(f"section{n}/{who}/hw2.ipynb" for n, who in ((1, "ada"), (1, "bob"), (2, "cy"), (2, "di")))))
    assert set(called.of) == {"ada", "bob", "cy", "di"}


@pytest.mark.parametrize("names", [("ada/hw2.ipynb",), ("ada/hw2.ipynb", "ada/best.pt"), ("ada/src/hw2.ipynb",)])
def test_the_only_folder_may_be_a_students(call: Callable[..., Called], names: tuple[str, ...]) -> None:
    assert set(call(plain(*names)).of) == {"ada"}


@pytest.mark.parametrize("names", [("in/ada.ipynb", "in/bob.ipynb"), ("in/ada/hw2.ipynb", "in/bob/hw2.ipynb")])
def test_the_only_folder_may_be_what_was_zipped(call: Callable[..., Called], names: tuple[str, ...]) -> None:
    assert set(call(plain(*names, "__MACOSX/in/._ada.ipynb")).of) == {"ada", "bob"}


def test_the_folder_that_an_archive_is_named_after_is_no_student(call: Callable[..., Called]) -> None:
    called = call(plain("week3/ada.ipynb"), name="week3")
    assert called.roll.handed[0].place == "week3/ada.ipynb"
    assert called.roll.why.endswith("; the students are what is in the folder week3")
    assert set(called.of) == {"ada"}


def test_python_files_count_where_there_is_no_notebook(call: Callable[..., Called]) -> None:
    assert set(call(plain("ada.py", "bob.py")).of) == {"ada", "bob"}
    called = call(plain("ada.ipynb", "helper.py"), name="other")
    assert called.taken == {"ada": "ada.ipynb"}
    assert called.roll.notices == ("passed over, for their names do not say whose they are: helper.py",)


def test_what_is_nobodys_is_said(call: Callable[..., Called]) -> None:
    called = call({**plain("ada.ipynb"), "README.md": b"", ".DS_Store": b"", "._ada.ipynb": notebook("litter")})
    assert set(called.of) == {"ada"}
    assert called.roll.notices == ("passed over, for their names do not say whose they are: README.md",)
