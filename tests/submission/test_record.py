"""Two students never share a folder, on no file system and whatever their ids are."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from support.hostile import NAMES

from grader.gradebook import Gradebook
from grader.submission.record import folder_name, reserve

IDS = [
    *(
        "alice",
        "Alice",
        "ALICE",
        "alice ",
        " alice",
        "alice.",
        "alice\0",
        "\u0430lice",
        "alice\u200b",
        "alice-",
        "_alice",
    ),
    *("e\u0301va", "\u00e9va", "eva", "\ufb01n", "fin", "stra\u00dfe", "strasse", "\u0130x", "ix", "i\u0307x"),
    *("007", "7", "7.0", "07", "\u0667", "", " ", "a/b", "a_b", "a:b", "a\\b", "a%b", ".", "..", "-", "~"),
    *("CON", "con", "con.", "con.txt", "nul", "com1", "com1.a", "lpt9", "x" * 300, "x" * 299 + "y", "x" * 80, "x" * 81),
    *("\ud800", "\udcff", "\ud801"),
]
ANY = st.text(st.characters(codec=None)) | st.sampled_from(IDS) | st.text("aA.-_@ e\u0301\u00e9", max_size=6)


def as_files_are_told_apart(name: str) -> str:
    """What a file system that takes no account of case, accents' composition or a dot at the end makes of a name."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).rstrip(". ")


def test_ids_that_look_alike_have_folders_of_their_own() -> None:
    names = [folder_name(student) for student in IDS]
    assert len({as_files_are_told_apart(name) for name in names}) == len(IDS)


@pytest.mark.parametrize("student", ["alice", "s123", "007", "ada.lovelace@example.org", "hw2", "a_b-c+d", "_x"])
def test_an_ordinary_id_is_its_own_folder(student: str) -> None:
    assert folder_name(student) == student


@given(ANY, ANY)
@example("alice", "Alice")
@example("a", "a ")
def test_different_ids_have_different_folders(one: str, other: str) -> None:
    assume(one != other)
    assert as_files_are_told_apart(folder_name(one)) != as_files_are_told_apart(folder_name(other))


@given(ANY)
def test_no_id_is_the_folder_of_another(student: str) -> None:
    # An id that is made up to look like what another id's folder is called.
    name = folder_name(student)
    assert name == student or folder_name(name) != name


@given(ANY | st.sampled_from(NAMES))
def test_a_folder_is_one_short_plain_name(student: str) -> None:
    name = folder_name(student)
    assert 0 < len(name.encode()) <= 250
    assert not re.search(r'[/\\:*?"<>|\s\x00-\x1f]', name)
    assert name == name.lower() and name[0] not in ".-" and name[-1] not in ". "
    assert not re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name)


def test_each_id_gets_a_first_attempt_of_its_own(tmp_path: Path) -> None:
    book = Gradebook.at(tmp_path / "book.sqlite")
    students = [student for student in IDS if student.isprintable()]
    made = [reserve(tmp_path, book, "hw2", student) for student in students]
    assert {number for number, _ in made} == {1}
    assert len({str(folder).casefold() for _, folder in made}) == len(students)
