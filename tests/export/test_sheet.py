"""A sheet comes back byte for byte but for the fields that were changed."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.export.sheet import Sheet, SheetError, open_sheet

TEXTS = st.text(st.sampled_from(list('ab,;"\n\r\t =ü李\u202e')), max_size=6)
TABLES = st.lists(st.lists(TEXTS, min_size=1, max_size=4), min_size=1, max_size=5)
DELIMITERS = st.sampled_from([",", ";", "\t"])
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
BOM = b"\xef\xbb\xbf"


@st.composite
def files(draw: st.DrawFn) -> tuple[list[list[str]], bytes, str]:
    """A table, the table as a file in one of many ways to write it, and its delimiter."""
    table, delimiter, end = draw(TABLES), draw(DELIMITERS), draw(LINE_ENDS)
    written = []
    for row in table:
        fields = []
        for text in row:
            needed = any(character in text for character in (delimiter, '"', "\r", "\n"))
            quoted = needed or draw(st.booleans())
            fields.append('"' + text.replace('"', '""') + '"' if quoted else text)
        written.append(delimiter.join(fields))
    text = end.join(written) + (end if draw(st.booleans()) or written[-1] == "" else "")
    return table, (BOM if draw(st.booleans()) else b"") + text.encode(), delimiter


@given(files())
def test_an_untouched_sheet_is_the_same_bytes(file: tuple[list[list[str]], bytes, str]) -> None:
    _, data, delimiter = file
    assert Sheet(data, delimiter, "s").with_changes({}) == data


@given(files())
def test_the_fields_are_those_that_were_written(file: tuple[list[list[str]], bytes, str]) -> None:
    table, data, delimiter = file
    assert [[field.text for field in line.fields] for line in Sheet(data, delimiter, "s").lines] == table


@given(files())
def test_the_fields_are_those_that_other_readers_see(file: tuple[list[list[str]], bytes, str]) -> None:
    _, data, delimiter = file
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    others = [row or [""] for row in csv.reader(text, delimiter=delimiter, strict=True)]
    assert [[field.text for field in line.fields] for line in Sheet(data, delimiter, "s").lines] == others


@given(st.binary(max_size=60) | st.text('a,"\n\r', max_size=12).map(str.encode), DELIMITERS)
def test_any_bytes_are_kept_or_refused_in_a_sentence(data: bytes, delimiter: str) -> None:
    try:
        sheet = Sheet(data, delimiter, "s.csv")
    except SheetError as error:
        assert str(error).startswith("s.csv: ")
    else:
        assert sheet.with_changes({}) == data


@given(files(), st.data())
def test_only_the_changed_fields_change(file: tuple[list[list[str]], bytes, str], data: st.DataObject) -> None:
    table, before, delimiter = file
    places = st.sampled_from([(i, j) for i, row in enumerate(table) for j in range(len(row))])
    changes = data.draw(st.dictionaries(places, TEXTS.filter(bool), max_size=3))
    sheet = Sheet(before, delimiter, "s")
    after = sheet.with_changes(changes)
    again = Sheet(after, delimiter, "s")
    expected = [[changes.get((i, j), text) for j, text in enumerate(row)] for i, row in enumerate(table)]
    assert [[field.text for field in line.fields] for line in again.lines] == expected
    assert _pieces(sheet, before, changes) == _pieces(again, after, changes)


def _pieces(sheet: Sheet, data: bytes, changes: dict[tuple[int, int], str]) -> list[bytes]:
    """The bytes between the changed fields."""
    fields = [sheet.lines[i].fields[j] for i, j in sorted(changes)]
    starts = [0, *(field.end for field in fields)]
    ends = [*(field.start for field in fields), len(data)]
    return [data[start:end] for start, end in zip(starts, ends, strict=True)]


@pytest.mark.parametrize(
    ("line", "text", "written"),
    [
        (b"1,2,3", "85,50", b'1,"85,50",3'),
        (b"1;2;3", "85,50", b"1;85,50;3"),
        (b'1,"2",3', "85.50", b'1,"85.50",3'),
        (b'1,"2",3', 'a"b', b'1,"a""b",3'),
    ],
)
def test_a_changed_field_keeps_its_quotes_and_gets_those_it_needs(line: bytes, text: str, written: bytes) -> None:
    delimiter = ";" if b";" in line else ","
    assert Sheet(line, delimiter, "s").with_changes({(0, 1): text}) == written


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    sheet = Sheet(b'a\r\n"b\r\nc"\nd\re', ",", "s")
    assert [line.number for line in sheet.lines] == [1, 2, 4, 5]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'ID,b\n1,"open', "s.csv: line 2 has a quote that is not closed, or text after one; download the sheet again"),
        (b'ID,b\n1,"a"b', "s.csv: line 2 has a quote that is not closed, or text after one; download the sheet again"),
        (
            "ID,ü".encode("cp1252"),
            "s.csv: this is no CSV file in UTF-8; use the file as it was downloaded, or save it as CSV UTF-8",
        ),
        (b"Name,b\n1,2", "s.csv: the first line has no column 'ID'; use the sheet as it was downloaded"),
        (b"", "s.csv: the first line has no column 'ID'; use the sheet as it was downloaded"),
    ],
)
def test_what_is_no_sheet_is_refused_in_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(SheetError) as refused:
        open_sheet(data, "s.csv", (",", ";"), ("ID",))
    assert str(refused.value) == words


def test_a_line_that_is_too_short_is_not_filled() -> None:
    with pytest.raises(SheetError, match=r"s: line 2 has 1 fields and no column 3; download the sheet again"):
        Sheet(b"a,b,c\n1\n", ",", "s").with_changes({(1, 2): "x"})
