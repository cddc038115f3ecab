"""What the assignment allows comes along from what the platform handed over, under the names that notebooks open."""

from collections.abc import Callable

import pytest
from roll.exports import Called, as_zip, canvas, classroom, notebook

from grader.intake.errors import BadHandIn
from grader.intake.handin import open_notebook
from grader.intake.limits import IntakeLimits
from grader.intake.model import Extra
from grader.roll.beside import files_of
from grader.roll.model import Handed

ADA = ("Lovelace, Ada", "1")


def along(handed: Handed, *patterns: str, own: tuple[str, ...] = (), **limits: int) -> Extra:
    handed_in = handed.receive()
    opened = open_notebook(handed_in)
    return files_of(handed, handed_in, opened, patterns, own, IntakeLimits(**limits))


def test_files_that_fit_come_along_and_the_others_are_named(call: Callable[..., Called]) -> None:
    ada = call(canvas((*ADA, 1, "hw2.ipynb"), (*ADA, 2, "best.pt"), (*ADA, 3, "notes.txt"))).of["1"]
    extra = along(ada, "*.pt")
    assert extra.files == {"best.pt": b"lovelaceada_1_2_best.pt"}
    assert extra.notices == ("not taken along: notes.txt; assignment.toml allows *.pt beside the notebook",)
    assert along(ada).notices == ("not taken along: best.pt, notes.txt; assignment.toml allows the notebook alone",)


@pytest.mark.parametrize("pattern", ["*.pt", "best.pt"])
def test_a_file_handed_in_again_is_there_under_the_name_that_the_notebook_opens(
    call: Callable[..., Called], pattern: str
) -> None:
    ada = call(canvas((*ADA, 1, "hw2.ipynb"), (*ADA, 2, "best-1.pt"), (*ADA, 3, "best-2.pt"))).of["1"]
    extra = along(ada, pattern)
    assert extra.files["best.pt"] == b"lovelaceada_1_3_best-2.pt"
    assert ("best-1.pt" in extra.files) == (pattern == "*.pt")
    assert "taken along under the name from before it was handed in again: best-1.pt as best.pt" in extra.notices[-1]


def test_a_file_of_the_name_itself_is_never_replaced(call: Callable[..., Called]) -> None:
    ada = call(canvas((*ADA, 1, "hw2.ipynb"), (*ADA, 2, "best.pt"), (*ADA, 3, "best-1.pt"))).of["1"]
    assert along(ada, "best.pt").files == {"best.pt": b"lovelaceada_1_2_best.pt"}


def test_folders_below_the_notebook_come_along_and_the_assignments_own_do_not(call: Callable[..., Called]) -> None:
    entries = classroom("hw2", "ada")
    entries |= {"hw2-ada/runs/a.pt": b"a", "hw2-ada/DATA/b.pt": b"b", "hw2-ada/DATA/c.txt": b"c"}
    extra = along(call(entries).of["ada"], "**/*.pt", own=("data",))
    assert extra.files == {"runs/a.pt": b"a"}
    assert extra.notices == (
        "not taken along: README.md; assignment.toml allows **/*.pt beside the notebook",
        "not taken along: DATA/b.pt, DATA/c.txt; the assignment brings its own",
    )


def test_files_outside_the_notebooks_folder_are_named(call: Callable[..., Called]) -> None:
    entries = {"ada/work/hw2.ipynb": notebook("x"), "ada/best.pt": b"", "bob/hw2.ipynb": notebook("y")}
    extra = along(call(entries).of["ada"], "*.pt")
    assert extra == Extra({}, ("not taken along: best.pt; assignment.toml allows *.pt beside the notebook",))


def test_files_in_an_archive_that_was_handed_in_come_from_there(call: Callable[..., Called], tmp_path) -> None:
    packed = as_zip(tmp_path, {"hw2.ipynb": notebook("x"), "best.pt": b"packed"}, "packed.zip").read_bytes()
    ada = call({"lovelaceada_1_1_hw2.zip": packed, "lovelaceada_1_2_best.pt": b"loose"}).of["1"]
    assert along(ada, "*.pt").files == {"best.pt": b"packed"}


def test_too_many_and_too_large_files_are_refused(call: Callable[..., Called]) -> None:
    ada = call(canvas((*ADA, 1, "hw2.ipynb"), (*ADA, 2, "a.pt"), (*ADA, 3, "b.pt"))).of["1"]
    with pytest.raises(BadHandIn, match=r"hw2.ipynb: more than 1 files beside it fit \*.pt"):
        along(ada, "*.pt", entries=1)
    with pytest.raises(BadHandIn, match=r"b.pt is too large: at most 10 bytes are read of one file"):
        along(ada, "*.pt", total_bytes=10 + len("lovelaceada_1_2_a.pt"))
