"""What Canvas reads back from the sheet are the class's grades and nothing else."""

from collections.abc import Sequence

import pytest
from export.canvas_site import Canvas, Look, Student
from export.classes import NAMES, POINTS, row
from hypothesis import given
from hypothesis import strategies as st

from grader.export.canvas import fill_canvas
from grader.export.model import Row
from grader.export.sheet import Sheet, SheetError

ADA = Student(101, "Ada Lovelace", "Lovelace, Ada", "900101", "al12")
BOB = Student(102, "Bob Hope", "Hope, Bob", "900102", "bh")
EVE = Student(103, "=Eve", "=Eve", "900103", "eve")
WORK = {11: ("Quiz", 5.0), 12: ("hw2", 20.0), 13: ("hw2, again", 20.0)}
SITE = Canvas((ADA, BOB, EVE), WORK, {(101, 11): "3.50", (102, 12): "9.00", (103, 12): "EX"})
LOOKS = st.builds(
    Look,
    delimiter=st.sampled_from(",;"),
    decimal=st.sampled_from(".,"),
    bom=st.booleans(),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quote_all=st.booleans(),
)


def fill(rows: Sequence[Row], *wanted: str, data: bytes | None = None, scale: bool = False) -> bytes:
    return fill_canvas(SITE.export() if data is None else data, rows, wanted or ("hw2",), "s.csv", scale).data


@given(LOOKS, st.dictionaries(st.sampled_from([101, 102, 103]), st.none() | POINTS | st.just("EX")))
def test_canvas_reads_the_grades_and_nothing_else(look: Look, given_: dict[int, float | str | None]) -> None:
    rows = [
        row(str(id_), None if isinstance(what, str) else what, excused=what == "EX", max_points=20)
        for id_, what in given_.items()
    ]
    imported = SITE.read(fill(rows, data=SITE.export(look)))
    assert imported.new_assignments == imported.new_students == []
    assert {key[1] for key in imported.changes} <= {12}
    after = {id_: SITE.grades.get((id_, 12), "") for id_ in (101, 102, 103)}
    after |= {id_: new for (id_, _), new in imported.changes.items()}
    for id_, what in given_.items():
        if isinstance(what, float):
            assert float(after[id_]) == pytest.approx(what, abs=0.005 + 1e-9)
        else:
            assert after[id_] == (what or SITE.grades.get((id_, 12), ""))


@given(st.lists(NAMES, min_size=1, max_size=4), LOOKS)
def test_no_name_moves_a_grade_or_changes_a_byte_of_another_column(names: list[str], look: Look) -> None:
    students = tuple(Student(200 + i, name, name) for i, name in enumerate(names))
    site = Canvas(students, {12: ("hw2", 20.0), 13: ('a "b", c;\nd', 3.0)})
    before = site.export(look)
    after = fill([row(str(each.id), each.id / 10) for each in students], data=before)
    for sheet in (Sheet(before, look.delimiter, "s"), Sheet(after, look.delimiter, "s")):
        assert [line.text(1) for line in sheet.lines[3:]] == [str(each.id) for each in students]
    assert _without(before, look, 5) == _without(after, look, 5)


def _without(data: bytes, look: Look, column: int) -> list[bytes]:
    """The bytes of a sheet but those of the students' fields of a column."""
    fields = [line.fields[column] for line in Sheet(data, look.delimiter, "s").lines[3:]]
    starts = [0, *(field.end for field in fields)]
    return [data[start:end] for start, end in zip(starts, [*(f.start for f in fields), len(data)], strict=True)]


def test_only_the_one_field_differs() -> None:
    before = SITE.export(Look(bom=True, line_end="\r\n"))
    assert fill([row("101", 17.456)], data=before) == before.replace(b",3.50,,", b",3.50,17.46,")


def test_nobody_graded_leaves_the_sheet_as_it_is() -> None:
    assert fill([row("101", None)]) == fill([]) == SITE.export()


def test_the_decimal_comma_of_the_sheet_is_used() -> None:
    assert b";3,50;17,50;" in fill([row("101", 17.5)], data=SITE.export(Look(";", ",")))
    assert b',"3,50","17,50",' in fill([row("101", 17.5)], data=SITE.export(Look(",", ",")))


def test_an_excused_student_is_excused() -> None:
    assert SITE.read(fill([row("102", 5, excused=True)])).changes == {(102, 12): "EX"}


def test_points_in_place_of_an_excuse_are_said() -> None:
    assert fill_canvas(SITE.export(), [row("103", 4)], ("hw2",)).notes == (
        "103 was excused in Canvas (EX) and has points now",
    )


@pytest.mark.parametrize(
    "student",
    [row("101", 1), row("900101", 1), row("al12", 1), row("x", 1, login="AL12"), row("x", 1, name="Ada Lovelace")],
    ids=str,
)
def test_a_student_is_found_by_any_key(student: Row) -> None:
    assert SITE.read(fill([student])).changes == {(101, 12): "1.00"}


def test_a_name_that_canvas_disarmed_is_found() -> None:
    assert SITE.read(fill([row("x", 1, name="=Eve")])).changes == {(103, 12): "1.00"}


def test_a_sheet_with_names_in_two_columns_is_filled() -> None:
    data = (
        b"LastName,FirstName,ID,SIS Login ID,Section,hw2 (12)\n    Points Possible,,,,,20\nLovelace,Ada,101,al12,S,\n"
    )
    assert fill([row("x", 3, name="Lovelace, Ada")], data=data).endswith(b"Lovelace,Ada,101,al12,S,3.00\n")


@pytest.mark.parametrize("wanted", ["hw2", "12", "(12)", "hw2 (12)"])
def test_the_column_is_named_by_title_or_id(wanted: str) -> None:
    assert SITE.read(fill([row("101", 1)], wanted)).changes == {(101, 12): "1.00"}


def test_the_first_name_that_fits_a_column_counts() -> None:
    assert SITE.read(fill([row("101", 1)], "no such", "hw2, again")).changes == {(101, 13): "1.00"}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (
            "hw9",
            "s.csv: there is no assignment 'hw9'; name one of its columns with --column: "
            "'Quiz (11)', 'hw2 (12)', 'hw2, again (13)'",
        ),
        ("Final Score", "s.csv: the column 'Final Score' is read only in Canvas; name another with --column"),
        ("Section", "s.csv: there is no assignment 'Section'; name one of its columns with --column: "),
    ],
)
def test_a_column_that_cannot_be_filled_is_refused(wanted: str, words: str) -> None:
    with pytest.raises(SheetError) as refused:
        fill([row("101")], wanted)
    assert str(refused.value).startswith(words)


def test_a_title_that_canvas_takes_for_a_total_is_refused() -> None:
    site = Canvas((ADA,), {12: ("My Final Score", 20.0)})
    with pytest.raises(SheetError, match=r"the column 'My Final Score \(12\)' is read only in Canvas"):
        fill([row("101")], "12", data=site.export())


def test_a_title_that_two_columns_have_is_refused() -> None:
    site = Canvas((ADA,), {12: ("hw2", 20.0), 14: ("hw2", 20.0)})
    with pytest.raises(SheetError) as refused:
        fill([row("101")], data=site.export())
    assert str(refused.value) == "s.csv: 'hw2' could be 'hw2 (12)', 'hw2 (14)'; say which with --column and its (id)"


def test_a_column_marked_read_only_is_refused() -> None:
    data = SITE.export().replace(b",5.00,20.00,", b",5.00,(read only),")
    with pytest.raises(SheetError, match=r"the column 'hw2 \(12\)' is read only in Canvas"):
        fill([row("101")], data=data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"Identifier,Grade\nParticipant 1,\n", "s.csv: the first line has no column 'ID', 'Section'; use the sheet"),
        (b"ID,Student,Section,hw2 (12)\n", "s.csv: the first line does not begin with Student,ID as a Canvas"),
        (b"Student,ID,Section,hw2 (12)\nAda,1,,\n", "s.csv: there is no line 'Points Possible'; download"),
    ],
)
def test_another_sheet_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(SheetError) as refused:
        fill([row("101")], data=data)
    assert str(refused.value).startswith(words)


def test_whoever_is_missing_on_a_side_is_said() -> None:
    filled = fill_canvas(SITE.export(), [row("101"), row("zoe")], ("hw2",))
    assert (filled.written, filled.only_in_grades) == (1, ("zoe",))
    assert filled.only_in_sheet == ("Hope, Bob", '="=Eve"')


def test_a_student_who_is_not_given_the_assignment_is_left_out() -> None:
    site = Canvas((ADA, BOB), WORK, unassigned=frozenset({(101, 12)}))
    filled = fill_canvas(site.export(), [row("101"), row("102", 4)], ("hw2",))
    assert site.read(filled.data).changes == {(102, 12): "4.00"}
    assert filled.notes == ("101 is not given this assignment in Canvas (N/A) and was left out",)


def test_other_points_possible_are_said_or_converted() -> None:
    filled = fill_canvas(SITE.export(), [row("101", 30, max_points=40)], ("hw2",))
    assert filled.notes == (
        "'hw2 (12)' is out of 20 points in Canvas, these grades are out of 40; --scale converts them",
    )
    assert SITE.read(fill([row("101", 30, max_points=40)], scale=True)).changes == {(101, 12): "15.00"}
