"""Moodle: folders with the participant's number, or the same in the names of files."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roll.exports import Called, moodle, notebook

from grader.roll.moodle import Entry, parse

ADA, BOB = ("Ada Lovelace", 88), ("José María_Ruiz", 89)


@pytest.mark.parametrize("form", [{}, {"flat": True}, {"old": True}], ids=["folders", "flat", "before 4.1"])
def test_a_download_is_recognised_in_each_of_its_forms(call: Callable[..., Called], form: dict[str, bool]) -> None:
    called = call(moodle((*ADA, "hw2.ipynb"), (*BOB, "my_work.ipynb"), **form))
    assert called.roll.kind == "moodle"
    ada, jose = called.of["88"], called.of["89"]
    assert (ada.name, ada.file, ada.late) == ("Ada Lovelace", "hw2.ipynb", None)
    assert (jose.name, jose.file) == ("José María Ruiz", "my_work.ipynb")


def test_a_download_of_one_student_is_not_mistaken_for_a_wrapping_folder(call: Callable[..., Called]) -> None:
    assert call(moodle((*ADA, "hw2.ipynb"))).taken == {"88": "Ada Lovelace_88_assignsubmission_file/hw2.ipynb"}


def test_folders_within_a_submission_stay(call: Callable[..., Called]) -> None:
    called = call(moodle((*ADA, "work/hw2.ipynb"), (*ADA, "work/runs/best.pt"), (*ADA, "elsewhere.txt")))
    ada = called.of["88"]
    assert (ada.file, set(ada.beside)) == ("hw2.ipynb", {"runs/best.pt"})


def test_blind_marking_leaves_the_number(call: Callable[..., Called]) -> None:
    one = call(moodle(("Participant", 4711, "hw2.ipynb"))).of["4711"]
    assert one.name == ""


def test_online_text_is_no_notebook(call: Callable[..., Called]) -> None:
    entries = {
        **moodle((*ADA, "hw2.ipynb")),
        "Ada Lovelace_88_assignsubmission_onlinetext/onlinetext.html": b"<p>see file",
        "Eve Stone_90_assignsubmission_onlinetext/onlinetext.html": b"<p>x = 1",
    }
    called = call(entries)
    assert set(called.of["88"].beside) == {"onlinetext.html"}
    (refused,) = called.roll.refused
    assert (refused.students, refused.reason) == (("90",), "there is no notebook (.ipynb) but onlinetext.html")


def test_a_team_is_everybody_of_the_group_of_that_name(call: Callable[..., Called]) -> None:
    roster = "id,name,group\n1,Ada Lovelace,Team Rocket\n2,Bob Ray,Team Rocket\n3,Cy Twain,Solo\n"
    called = call(moodle(("Team Rocket", 7, "hw2.ipynb")), roster=roster)
    (one,) = called.roll.handed
    assert [member.student for member in one.members] == ["1", "2"]
    assert [member.student for member in called.roll.missing] == ["3"]


NAMES = st.text(st.characters(categories=["L", "N"], include_characters=" -.'"), min_size=1, max_size=30)
FILES = st.text(st.characters(categories=["L", "N"], include_characters=" -._"), min_size=1, max_size=30)


@given(NAMES, st.integers(1, 10**9), FILES, st.sampled_from(["_file/", "_file_/", "_file_"]))
def test_what_moodle_writes_is_read_back(name: str, number: int, file: str, joined: str) -> None:
    shown = "" if name == "Participant" else name
    assert parse(f"{name}_{number}_assignsubmission{joined}{file}") == Entry(str(number), shown, file)


def test_a_name_of_another_form_is_none() -> None:
    assert parse("Ada Lovelace/hw2.ipynb") is None
    assert parse("Ada_88_assignsubmission_file") is None


def test_contents_are_read(call: Callable[..., Called]) -> None:
    entries = moodle((*ADA, "hw2.ipynb"))
    assert call(entries).of["88"].stored.read() == notebook("Ada Lovelace_88_assignsubmission_file/hw2.ipynb")
