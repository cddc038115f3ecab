"""Points are written and read as the sheet at hand writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.export.numbers import decimal_mark, read_number, two_decimals


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["10,00", "17,5"], ","),
        (["1.234,50"], ","),
        (["10.00", "7"], "."),
        (["1,234.50"], "."),
        (["10", "Lovelace, Ada", "a,b", ""], "."),
        (["1,234"], "."),  # thousands: nobody writes three decimals into these sheets
        ([], "."),
    ],
)
def test_the_decimal_mark_is_the_one_that_the_numbers_show(cells: list[str], mark: str) -> None:
    assert decimal_mark(cells) == mark


@pytest.mark.parametrize(
    ("cell", "number"),
    [("20", 20), ("20,5", 20.5), ("1.234,50", 1234.5), ("1,234.50", 1234.5), ("-3.", -3), ("1 000,5", 1000.5)],
)
def test_numbers_are_read_with_either_mark(cell: str, number: float) -> None:
    assert read_number(cell) == number


@pytest.mark.parametrize("cell", ["", "EX", "N/A", "(read only)", "1e5", "Good", "."])
def test_other_text_is_no_number(cell: str) -> None:
    assert read_number(cell) is None


@given(st.floats(-1e9, 1e9), st.sampled_from(".,"))
def test_a_number_is_written_to_the_nearest_hundredth(number: float, mark: str) -> None:
    text = two_decimals(number, mark)
    assert text.partition(mark)[2].isdecimal()
    assert len(text.partition(mark)[2]) == 2
    assert read_number(text) == pytest.approx(number, abs=0.005 + 1e-6)
    assert text != f"-0{mark}00"


def test_halves_are_rounded_as_a_person_does() -> None:
    assert [two_decimals(number) for number in (0.125, 2.675, 0.005, -0.125)] == ["0.13", "2.68", "0.01", "-0.13"]
