"""A student is found in a sheet for certain, or not at all."""

import pytest
from export.classes import NAMES, row
from hypothesis import given

from grader.export.people import Person, match, plain_name
from grader.export.sheet import SheetError


def person(line: int, name: str = "", **keys: str) -> Person:
    return Person(place=f"line {line}", keys=tuple(keys.items()), name=name)  # type: ignore[arg-type]


def found(student: object, *people: Person) -> list[int]:
    return list(match([student], people, "s.csv").pairs)  # type: ignore[list-item]


ADA = person(4, "Lovelace, Ada", id="101", login="al12", email="Ada@x.edu")
BOB = person(5, "Hope, Bob", id="102", login="bh", email="bob@x.edu")


@pytest.mark.parametrize(
    "student",
    [
        row("101"),
        row("al12"),
        row("AL12"),
        row("x", login="al12"),
        row("x", email="ada@X.edu"),
        row("ada@x.edu"),
        row("x", name="Ada Lovelace"),
        row("x", name="Lovelace, Ada"),
    ],
    ids=str,
)
def test_any_key_or_the_name_finds_the_student(student: object) -> None:
    assert found(student, BOB, ADA) == [1]


def test_a_key_decides_before_a_name() -> None:
    assert found(row("102", name="Ada Lovelace"), ADA, BOB) == [1]


def test_an_id_is_exact() -> None:
    assert found(row("A1"), person(4, id="a1")) == []
    assert found(row("0101"), ADA) == []


def test_whoever_is_on_one_side_only_is_listed() -> None:
    matched = match([row("101"), row("zoe", name="Zoe Z")], [ADA, BOB, person(6)], "s.csv")
    assert matched.only_in_grades == ("Zoe Z (zoe)",)
    assert matched.only_in_sheet == ("Hope, Bob", "line 6")


@pytest.mark.parametrize(
    ("people", "student"),
    [
        ((ADA, BOB), row("101", login="bh")),
        ((ADA, person(9, "Ada Lovelace", id="103")), row("x", name="Ada Lovelace")),
        ((ADA, person(9, "Lovelace, Ada", id="101")), row("101")),
    ],
)
def test_a_student_who_fits_two_lines_is_refused(people: tuple[Person, ...], student: object) -> None:
    with pytest.raises(SheetError, match=r"s\.csv: student '.*' could be line 4 and line \d; give the student an id"):
        found(student, *people)


def test_two_students_who_fit_one_line_are_refused() -> None:
    with pytest.raises(SheetError) as refused:
        match([row("101"), row("al12")], [ADA], "s.csv")
    assert str(refused.value) == (
        "s.csv: line 4 ('Lovelace, Ada') could be student '101' or 'al12'; give each an id or a login of their own"
    )


def test_nothing_is_no_key_and_no_name() -> None:
    assert found(row("x"), person(4, "", id="", login=" ")) == []


@given(NAMES)
def test_a_name_finds_itself(name: str) -> None:
    assert found(row("x", name=name), person(4, name)) == ([0] if name.strip() else [])


def test_both_forms_of_a_name_are_one() -> None:
    assert plain_name("von  Neumann, John ") == plain_name("John von Neumann")
    assert plain_name("e\u0301") == plain_name("\u00e9")
