"""What Moodle reads back from the worksheet are the class's grades and nothing else."""

from typing import Any

import pytest
from export.classes import NAMES, POINTS, row
from export.moodle_site import GERMAN, Moodle, Participant
from hypothesis import given
from hypothesis import strategies as st

from grader.export.model import ExerciseRow, Row
from grader.export.moodle import Headers, fill_moodle
from grader.export.sheet import Sheet, SheetError

ADA = Participant(1234, "Ada Lovelace", "900101", "ada@x.edu")
BOB = Participant(1235, "Bob Hope", "900102", "bob@x.edu")
SITE = Moodle((ADA, BOB), maximum=20.0)
GERMAN_HEADERS = Headers(**{role: GERMAN[role] for role in Headers.__struct_fields__})


def fill(*rows: Row, site: Moodle = SITE, **options: Any) -> bytes:
    return fill_moodle(site.worksheet(), rows, name="s.csv", **options).data


@given(
    st.dictionaries(st.sampled_from([1234, 1235]), st.none() | POINTS),
    st.sampled_from([10.0, 33.33, 100.0]),
    st.sampled_from(".,"),
    st.booleans(),
)
def test_moodle_reads_the_grades_scaled_to_its_maximum(
    points: dict[int, float | None], maximum: float, decimal: str, bom: bool
) -> None:
    site = Moodle((ADA, BOB), maximum, decimal=decimal)
    rows = [row(str(number), each, max_points=1000) for number, each in points.items()]
    grades, comments = site.read(fill_moodle(site.worksheet(bom=bom), rows).data)
    expected = {number: each * maximum / 1000 for number, each in points.items() if each is not None}
    assert grades == pytest.approx(expected, abs=0.005 + 1e-9)
    assert comments == {}


@given(st.lists(NAMES, min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_no_name_moves_a_grade_or_changes_another_byte(names: list[str], line_end: str) -> None:
    site = Moodle(tuple(Participant(10 + i, name) for i, name in enumerate(names)), maximum=20.0)
    before = site.worksheet(line_end)
    after = fill_moodle(before, [row(str(10 + i), i) for i in range(len(names))]).data
    assert site.read(after)[0] == {10 + i: float(i) for i in range(len(names))}
    fields = [[line.fields for line in Sheet(data, ",", "s").lines] for data in (before, after)]
    for old, new in zip(*fields, strict=True):
        kept = [(data[f.start : f.end]) for data, line in ((before, old), (after, new)) for f in (*line[:5], *line[6:])]
        assert kept[: len(kept) // 2] == kept[len(kept) // 2 :]


def test_only_the_one_field_differs() -> None:
    before = SITE.worksheet()
    assert fill(row("1234", 17.5)) == before.replace(b'- ",,20.00', b'- ",17.50,20.00', 1)
    assert fill(row("1234", None)) == fill() == before


@pytest.mark.parametrize(
    "student",
    [
        row("1234"),
        row("Participant 1234"),
        row("900101"),
        row("x", email="ADA@x.edu"),
        row("ada@x.edu"),
        row("x", name="Lovelace, Ada"),
    ],
    ids=str,
)
def test_a_student_is_found_by_any_key(student: Row) -> None:
    assert SITE.read(fill(student))[0] == {1234: 17.5}


def test_a_site_in_another_language_is_read_with_its_headers() -> None:
    site = Moodle((ADA, BOB), 100.0, GERMAN, "Teilnehmer/in", ",")
    data = fill(row("900101"), row("x", 2, name="Bob Hope"), site=site, headers=GERMAN_HEADERS, comments=True)
    grades, comments = site.read(data)
    assert grades == {1234: 87.5, 1235: 10.0}
    assert set(comments) == {1234, 1235}
    assert b',"87,50",' in data


def test_a_missing_header_is_said() -> None:
    site = Moodle((ADA,), 100.0, GERMAN)
    with pytest.raises(SheetError) as refused:
        fill(row("1234"), site=site)
    assert str(refused.value) == (
        "s.csv: the first line has no column 'Identifier', 'Grade', 'Last modified (grade)'; "
        "use the sheet as it was downloaded"
    )


def test_comments_are_points_by_exercise_and_no_markup_or_formula() -> None:
    exercises = (ExerciseRow("a", "=1+1 <b>", 1, 2), ExerciseRow("b", "B", 2.5, 3))
    _, comments = SITE.read(fill(row("1234", 3.5, exercises=exercises), comments=True))
    assert comments == {1234: "'=1+1 &lt;b&gt;: 1 / 2<br>B: 2.5 / 3"}


def test_comments_need_their_column() -> None:
    data = SITE.worksheet().replace(b",Feedback comments", b",Remarks")
    with pytest.raises(SheetError, match="there is no column 'Feedback comments'; switch feedback comments on"):
        fill_moodle(data, [row("1234")], comments=True)


@pytest.mark.parametrize(("points", "written"), [(25.0, 20.0), (-1.0, 0.0)])
def test_a_grade_that_moodle_refuses_is_brought_into_range_and_said(points: float, written: float) -> None:
    filled = fill_moodle(SITE.worksheet(), [row("1234", points)])
    assert SITE.read(filled.data)[0] == {1234: written}
    (note,) = filled.notes
    assert note == f"1234: {points:.2f} is outside 0 to 20, which Moodle refuses; {written:g} was written"


def test_an_excused_student_is_left_as_they_are_and_said() -> None:
    filled = fill_moodle(SITE.worksheet(), [row("1234", 3, excused=True)])
    assert (filled.data, filled.written) == (SITE.worksheet(), 0)
    assert filled.notes == ("1234 is excused, which a worksheet cannot say; nothing was written",)


def test_whoever_is_missing_on_a_side_is_said() -> None:
    filled = fill_moodle(SITE.worksheet(), [row("1234"), row("zoe")])
    assert (filled.written, filled.only_in_grades, filled.only_in_sheet) == (1, ("zoe",), ("Bob Hope",))


def test_a_scale_of_words_is_refused() -> None:
    data = SITE.worksheet().replace(b"20.00", b"Scale")
    with pytest.raises(SheetError, match="line 2 has the maximum grade 'Scale', which is no number; grade this"):
        fill_moodle(data, [row("900101")])


def test_a_line_without_a_number_is_refused() -> None:
    data = SITE.worksheet().replace(b"Participant 1235", b"Participant")
    with pytest.raises(SheetError, match="line 3 has no participant's number in 'Identifier'; download the worksheet"):
        fill_moodle(data, [row("1234")])
