"""Tables hold every result, come back as they were, and run nothing in a spreadsheet."""

import csv
import io
from datetime import UTC, datetime

import msgspec
import pytest
from export.classes import NAMES, WHEN, row
from hypothesis import given
from hypothesis import strategies as st

from grader.export.csv import csv_value
from grader.export.model import ExerciseRow, Row
from grader.export.tables import json_lines, nbgrader_csv, plain_csv
from grader.gradebook.final import Line

ROWS = st.builds(
    Row,
    student_id=NAMES,
    name=NAMES,
    email=NAMES,
    login=NAMES,
    points=st.none() | st.floats(-100, 100),
    max_points=st.floats(0, 100),
    excused=st.booleans(),
    submitted_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    late_seconds=st.floats(0, 1e6),
    attempt=st.integers(0, 9),
    raw_points=st.none() | st.floats(0, 100),
    late_points=st.floats(0, 100),
    steps=st.lists(st.builds(Line, what=NAMES, points=st.floats(-9, 9), reason=NAMES, by=NAMES), max_size=3).map(tuple),
    exercises=st.lists(
        st.builds(ExerciseRow, NAMES, NAMES, st.floats(0, 9), st.floats(0, 9)), max_size=3, unique_by=lambda e: e.id
    ).map(tuple),
    report_path=st.none() | NAMES,
)


def read(data: bytes) -> list[dict[str, str]]:
    lines = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
    assert len({len(line) for line in lines}) == 1
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


@given(st.lists(ROWS, max_size=4))
def test_json_lines_read_back_as_the_rows(rows: list[Row]) -> None:
    data = json_lines(rows)
    assert data.count(b"\n") == len(rows)
    assert msgspec.json.Decoder(Row).decode_lines(data) == rows


@given(st.lists(ROWS, max_size=4))
def test_a_plain_table_holds_every_result(rows: list[Row]) -> None:
    table = read(plain_csv(rows))
    assert len(table) == len(rows)
    for line, made in zip(table, rows, strict=True):
        assert [csv_value(line[key]) for key in ("student_id", "name", "email", "login")] == [
            made.student_id,
            made.name,
            made.email,
            made.login,
        ]
        assert line["points"] == ("" if made.points is None else str(made.points))
        for exercise in made.exercises:
            header = next(key for key in line if csv_value(key) == f"{exercise.id} points")
            assert float(line[header]) == exercise.points


@given(st.lists(ROWS, max_size=3), NAMES)
def test_no_cell_starts_a_formula(rows: list[Row], assignment: str) -> None:
    for data in (plain_csv(rows), nbgrader_csv(rows, assignment)):
        for line in csv.reader(io.StringIO(data.decode(), newline="")):
            for cell in line:
                assert not cell.lstrip().startswith(tuple("=+@|%")) or cell.replace(".", "").isdecimal()
                assert not cell.lstrip().startswith("-") or float(cell) < 0 or cell == "-0.0"


def test_an_exercise_that_somebody_lacks_is_empty_there() -> None:
    first, second = read(plain_csv([row("ada"), row("bob", None, exercises=())]))
    assert (first["hook points"], first["hook max_points"]) == ("7.5", "10")
    assert (second["hook points"], second["points"]) == ("", "")
    assert (first["excused"], first["submitted_at"]) == ("no", "2026-10-12T21:14:05+00:00")


def test_nbgraders_columns_hold_the_score_and_what_being_late_cost() -> None:
    due = datetime(2026, 10, 12, tzinfo=UTC)
    late = row("ada", 14.0, name="Lovelace, Ada", late_seconds=3600, late_points=3.5, due=due)
    changed = row("bob", 10.0, name="Bob")
    absent, excused = row("eve", None, submitted_at=None), row("joe", 3.0, excused=True)
    table = read(nbgrader_csv([late, changed, absent, excused], "hw2"))
    assert list(table[0].values()) == [
        "hw2",
        "2026-10-12T00:00:00+00:00",
        WHEN.isoformat(),
        "ada",
        "Lovelace",
        "Ada",
        "",
        "17.5",
        "3.5",
        "14.0",
        "20.0",
    ]
    columns = ("raw_score", "late_submission_penalty", "score")
    assert [[line[column] for column in columns] for line in table[1:]] == [["10.0", "0.0", "10.0"], [""] * 3, [""] * 3]


@pytest.mark.parametrize(("name", "last", "first"), [("Ada King Lovelace", "Lovelace", "Ada King"), ("李", "李", "")])
def test_a_name_is_split_before_its_last_word(name: str, last: str, first: str) -> None:
    (line,) = read(nbgrader_csv([row(name=name)], "hw2"))
    assert (line["last_name"], line["first_name"]) == (last, first)
