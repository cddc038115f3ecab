"""Canvas: names of files tell user, lateness and attempt."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roll.exports import Called, canvas, notebook

from grader.intake.limits import LIMITS
from grader.intake.names import unsafe
from grader.roll.call import call_roll
from grader.roll.canvas import Entry, again, parse
from grader.roll.model import Listing, Stored

ADA, BOB = ("Lovelace, Ada", "1001"), ("Núñez-O'Neil, Bob", "1002")


def test_a_download_is_recognised_and_sorted_by_user(call: Callable[..., Called]) -> None:
    called = call(canvas((*ADA, 71, "hw2.ipynb"), (*BOB, 72, "solution_final.ipynb"), late=["1002"]))
    assert called.roll.kind == "canvas"
    assert called.roll.why == (
        "taken as Canvas download: 2 of 2 files are named name_user_file_... as Canvas names them"
    )
    ada, bob = called.of["1001"], called.of["1002"]
    assert (ada.name, ada.file, ada.late, ada.attempt) == ("lovelaceada", "hw2.ipynb", False, 1)
    assert (bob.name, bob.file, bob.late) == ("núñezoneilbob", "solution_final.ipynb", True)
    assert ada.stored.read() == notebook("lovelaceada_1001_71_hw2.ipynb")


def test_of_a_notebook_handed_in_again_the_highest_number_is_taken(call: Callable[..., Called]) -> None:
    called = call(canvas((*ADA, 71, "hw2.ipynb"), (*ADA, 90, "hw2-2.ipynb"), (*ADA, 80, "hw2-1.ipynb")))
    ada = called.of["1001"]
    assert ada.place == "lovelaceada_1001_90_hw2-2.ipynb"
    assert (ada.file, ada.attempt) == ("hw2.ipynb", 3)
    assert ada.older == ("lovelaceada_1001_71_hw2.ipynb", "lovelaceada_1001_80_hw2-1.ipynb")
    assert not ada.beside


def test_the_number_alone_tells_that_it_is_a_later_attempt(call: Callable[..., Called]) -> None:
    ada = call(canvas((*ADA, 90, "hw2-4.ipynb"))).of["1001"]
    assert (ada.file, ada.attempt, ada.older) == ("hw2.ipynb", 5, ())


def test_other_files_come_along_under_their_own_names(call: Callable[..., Called]) -> None:
    ada = call(canvas((*ADA, 71, "hw2.ipynb"), (*ADA, 72, "best-1.pt"), (*ADA, 73, "notes.txt"))).of["1001"]
    assert {name: stored.place for name, stored in ada.beside.items()} == {
        "best-1.pt": "lovelaceada_1001_72_best-1.pt",
        "notes.txt": "lovelaceada_1001_73_notes.txt",
    }
    assert ada.originals == {"best-1.pt": "best.pt"}


def test_without_a_notebook_the_archive_is_taken_and_without_that_it_is_refused(call: Callable[..., Called]) -> None:
    called = call(canvas((*ADA, 71, "hw2-1.zip"), (*BOB, 72, "text.html")))
    assert called.of["1001"].file == "hw2.zip"
    (refused,) = called.roll.refused
    assert (refused.place, refused.students) == ("núñezoneilbob_1002_72_text.html", ("1002",))
    assert refused.reason == "there is no notebook (.ipynb) but text.html"


def test_the_notebook_named_like_the_assignment_wins_over_a_later_one(call: Callable[..., Called]) -> None:
    ada = call(canvas((*ADA, 71, "hw2.ipynb"), (*ADA, 99, "scratch.ipynb"))).of["1001"]
    assert ada.file == "hw2.ipynb"
    assert ada.notices == ("of 2 notebooks hw2.ipynb was taken (its name is the assignment's), not scratch.ipynb",)


def test_of_two_notebooks_with_other_names_the_later_file_is_taken(call: Callable[..., Called]) -> None:
    ada = call(canvas((*ADA, 71, "a.ipynb"), (*ADA, 72, "b.ipynb"))).of["1001"]
    assert ada.file == "b.ipynb"
    assert ada.notices == ("of 2 notebooks b.ipynb was taken (it was handed in last), not a.ipynb",)


@pytest.mark.parametrize("entry", ["anon_Xy7_71_hw2.ipynb", "anon_Xy7_LATE_71_hw2.ipynb", "LATE_anon_Xy7_71_hw2.ipynb"])
def test_anonymous_students_keep_the_id_that_canvas_gives_them(call: Callable[..., Called], entry: str) -> None:
    one = call({entry: notebook("x")}).of["anon_Xy7"]
    assert (one.name, one.late, one.file) == ("", "LATE" in entry, "hw2.ipynb")


def test_two_students_of_one_name_are_two(call: Callable[..., Called]) -> None:
    called = call(canvas(("Li, Wei", "5", 1, "hw2.ipynb"), ("Li, Wei", "6", 2, "hw2.ipynb")))
    assert set(called.of) == {"5", "6"}


def test_files_of_another_form_are_passed_over_and_said(call: Callable[..., Called]) -> None:
    called = call({**canvas((*ADA, 71, "hw2.ipynb")), "grades.csv": b""})
    assert called.roll.notices == ("passed over, for their names do not say whose they are: grades.csv",)


NAMES = st.text(st.characters(categories=["Ll", "Lo"]), min_size=1, max_size=30)
FILES = st.text(min_size=1, max_size=30).filter(lambda name: not unsafe(name, LIMITS) and "/" not in name)


@given(NAMES, st.booleans(), st.integers(0, 10**9), st.integers(0, 10**12), FILES)
def test_what_canvas_writes_is_read_back(name: str, late: bool, user: int, file_id: int, file: str) -> None:
    entry = f"{name}{'_LATE' if late else ''}_{user}_{file_id}_{file}"
    assert parse(entry) == Entry(str(user), name, late, file_id, file)


@given(st.text(max_size=40))
def test_whatever_the_name_of_an_entry_nothing_of_it_leads_outside(rest: str) -> None:
    place = f"ada_1_2_{rest}"
    stored = Stored(place, 0, 0.0, None, lambda limit_bytes: b"")
    noise = Stored("bob_3_4_hw2.ipynb", 0, 0.0, None, lambda limit_bytes: b"")
    roll = call_roll(Listing("x.zip", {place: stored, "bob_3_4_hw2.ipynb": noise}), "hw2", kind="canvas")
    names = [name for one in roll.handed for name in (one.file, *one.beside)]
    assert all(not unsafe(name, LIMITS) for name in names)


@pytest.mark.parametrize(
    ("file", "before"),
    [("hw2-1.ipynb", ("hw2.ipynb", 1)), ("a-b.ipynb", ("a-b.ipynb", 0)), ("w-12.tar.gz", ("w.tar.gz", 12))],
)
def test_the_number_of_a_file_handed_in_again_is_found(file: str, before: tuple[str, int]) -> None:
    assert again(file) == before
