"""A roster knows each student under every name that platforms use, and says where it contradicts itself."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.roll.errors import BadRoster
from grader.roll.model import Hint
from grader.roll.read_roster import read_roster
from grader.roll.roster import Enrolled, Roster, name_forms

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Section,hw2 (77)
    Points Possible,,,,,20
"Lovelace, Ada",5001,s100,ada,Lab A,
"Núñez, Bob",5002,s101,bob,Lab B,
"Student, Test",5999,,x,Lab A,
"""
MOODLE = """Identifier,Full name,ID number,Email address,Status,Grade
Participant 88,Ada Lovelace,,ada@x.edu,,
Participant 89,Bob Núñez,,bob@x.edu,,
"""
GRADESCOPE = "First Name,Last Name,SID,Email,Sections\nAda,Lovelace,0100,ada@x.edu,A\nBob,Núñez,0101,bob@x.edu,B\n"
NO_KEY = "roster.csv: no column says who the students are; name one of them id, login or email. Its columns are: "
GITHUB = "identifier,github_username,github_id,name\n0100,ada-codes,7,Ada Lovelace\n0101,,,Bob\n"


def roster(folder: Path, text: str | bytes) -> Roster:
    path = folder / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_roster(path)


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(BadRoster) as caught:
        roster(folder, text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def found(roster: Roster, *hints: tuple[str, str]) -> list[str] | str:
    answer = roster.find([Hint(*hint) for hint in hints])  # type: ignore[arg-type]
    return answer if isinstance(answer, str) else [one.student for one in answer]


def test_a_canvas_gradebook_gives_school_ids_for_everything_that_canvas_says(tmp_path: Path) -> None:
    canvas = roster(tmp_path, CANVAS)
    assert [(one.student, one.name, one.section) for one in canvas.students] == [
        ("s100", "Lovelace, Ada", "Lab A"),
        ("s101", "Núñez, Bob", "Lab B"),
    ]
    for hint in (
        ("platform", "5001"),
        ("name", "lovelaceada"),
        ("login", "ADA"),
        ("id", "S100"),
        ("name", "Ada Lovelace"),
    ):
        assert found(canvas, hint) == ["s100"], hint


def test_a_moodle_worksheet_is_a_roster_of_participants(tmp_path: Path) -> None:
    moodle = roster(tmp_path, MOODLE)
    assert [one.student for one in moodle.students] == ["88", "89"]
    assert found(moodle, ("platform", "88"), ("name", "Ada Lovelace")) == ["88"]
    with_ids = roster(tmp_path, MOODLE.replace("Lovelace,,", "Lovelace,s1,").replace("Núñez,,", "Núñez,s2,"))
    assert found(with_ids, ("platform", "88")) == ["s1"]


def test_gradescope_and_github_rosters_are_known(tmp_path: Path) -> None:
    gradescope = roster(tmp_path, GRADESCOPE)
    assert gradescope.students[0].name == "Ada Lovelace"
    assert found(gradescope, ("email", "ADA@x.edu")) == found(gradescope, ("id", "0100")) == ["0100"]
    assert found(gradescope, ("login", "bob")) == ["0101"]
    assert found(roster(tmp_path, GITHUB), ("github", "Ada-Codes")) == ["0100"]


def test_without_ids_logins_or_addresses_are_the_ids(tmp_path: Path) -> None:
    assert [one.student for one in roster(tmp_path, "Name,E-Mail\nAda,ada@x.edu\n").students] == ["ada@x.edu"]
    assert [one.student for one in roster(tmp_path, "username\nada\nbob\n").students] == ["ada", "bob"]


@pytest.mark.parametrize(
    "data",
    [
        b"id;name\n1;Ada\n",
        b"id\tname\n1\tAda\n",
        "\ufeffid,name\r\n1,Ada\r\n".encode(),
        "id\tname\n1\tAda\n".encode("utf-16"),
        b"sep=;\nid;name\n1;Ada\n",
        b"\n ID , Name \n\n 1 , Ada \n,\n",
    ],
    ids=["semicolons", "tabs", "a mark", "UTF-16", "sep=", "spaces and blank lines"],
)
def test_delimiters_marks_and_blanks_are_dealt_with(tmp_path: Path, data: bytes) -> None:
    assert [(one.student, one.name) for one in roster(tmp_path, data).students] == [("1", "Ada")]


def test_unknown_hints_find_nobody_and_names_of_two_say_so(tmp_path: Path) -> None:
    twins = roster(tmp_path, "id,name\n1,Wei Li\n2,Wei Li\n3,Ada\n")
    assert found(twins, ("platform", "77"), ("name", "nobody")) == []
    assert found(twins, ("name", "liwei")) == "it cannot be told whose it is: liwei is the name of 1 and 2"
    assert found(twins, ("id", "2"), ("name", "liwei")) == ["2"]


def test_hints_that_contradict_each_other_are_said(tmp_path: Path) -> None:
    canvas = roster(tmp_path, CANVAS)
    assert found(canvas, ("platform", "5001"), ("name", "núñezbob")) == (
        "it cannot be told whose it is: the platform's id 5001 is that of s100, the name núñezbob is that of s101"
    )


def test_a_platforms_id_is_not_taken_for_a_schools_where_the_name_tells(tmp_path: Path) -> None:
    own = roster(tmp_path, "id,name\n1,Ada Lovelace\n2,Bob Ray\n")
    assert found(own, ("platform", "2"), ("name", "lovelaceada")) == ["1"]
    assert found(own, ("platform", "2"), ("name", "somebody")) == ["2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "id,name\n1,Ada\n2,Bob\n1,Eve\n",
            "roster.csv, line 4: the student 1 is there twice, first in line 2; leave one of the rows",
        ),
        ("id,email\n1,a@x\n2,A@x\n", "roster.csv, line 3: A@x is 2's here and 1's in line 2; correct one"),
        ("id,github\n1,ada\n\n2,ada\n", "roster.csv, line 4: ada is 2's here and 1's in line 2; correct one"),
        ("id,name\n,Ada\n1,Bob\n", "roster.csv, line 2: the column id is empty; say who this is, or remove the row"),
        (
            "name,points\nAda,3\n",
            NO_KEY + "name, points",
        ),
        ("id,ID\n1,2\n", "roster.csv, line 1: the column 'ID' is there twice; leave one"),
        (
            "id,name\n1,Lovelace, Ada\n",
            "roster.csv, line 2: there are 3 cells under 2 column names; put a cell with ',' into quotes",
        ),
        ('id,name\n1,"Ada\n', "roster.csv, line 2: is not CSV: unexpected end of data"),
        ("id,name\n", "roster.csv: there are no students in it, only the names of columns"),
        (
            "",
            NO_KEY + "none",
        ),
        (
            "id,extension\n1,2\n2,soon\n",
            "roster.csv, line 3: the extension 'soon' is neither a number of days nor a date such as 2026-03-05",
        ),
        (
            "id,submitted\n1,2026-03-05\n",
            "roster.csv, line 2: the hand-in time '2026-03-05' is no date and time such as 2026-03-05 23:59",
        ),
        ("id,extension\n1,-2\n", "roster.csv, line 2: an extension of -2 days cannot be meant; it is from 0 to 3650"),
        (b"id,name\n1,Jos\xe9\n", "roster.csv, line 2: is not UTF-8; save it as CSV UTF-8"),
        (b"PK\x03\x04", "roster.csv is a spreadsheet and no CSV file; save it as CSV UTF-8"),
    ],
)
def test_mistakes_are_said_with_their_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert refusal(tmp_path, text) == said


def test_lines_are_counted_through_cells_of_several_lines(tmp_path: Path) -> None:
    assert "line 4: the student 1 is there twice, first in line 2" in refusal(tmp_path, 'id,name\n1,"A\nda"\n1,Bob\n')
    assert "line 3: the student 1 is there twice" in refusal(tmp_path, "sep=,\nid\n1\n1\n").replace("line 4", "line 3")


def test_a_missing_roster_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadRoster, match="there is no such file; check the name"):
        read_roster(tmp_path / "no.csv")


DUE = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "until"),
    [
        ("", DUE),
        ("0", DUE),
        ("2", datetime(2026, 3, 3, 23, 59, tzinfo=UTC)),
        ("1.5 days", datetime(2026, 3, 3, 11, 59, tzinfo=UTC)),
        ("1 day", datetime(2026, 3, 2, 23, 59, tzinfo=UTC)),
        ("2026-03-05", datetime(2026, 3, 5, 23, 59, 59, tzinfo=UTC)),
        ("2026-03-05 12:00", datetime(2026, 3, 5, 12, tzinfo=UTC)),
        ("2026-03-05T12:00:00+02:00", datetime(2026, 3, 5, 10, tzinfo=UTC)),
        ("2026-02-01", DUE),
    ],
)
def test_an_extension_is_days_or_a_date_and_never_takes_time_away(
    tmp_path: Path, written: str, until: datetime
) -> None:
    (one,) = roster(tmp_path, f"id,extension\n1,{written}\n").students
    assert one.due(DUE) == until
    assert one.due(None) is None


def test_an_extension_of_a_day_is_kept_as_that(tmp_path: Path) -> None:
    assert roster(tmp_path, "id,extension\n1,2026-03-05\n").students[0].extension == date(2026, 3, 5)


WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


@given(st.lists(st.tuples(WORD, WORD, WORD), min_size=1, max_size=8, unique_by=lambda row: row[0].casefold()))
def test_everybody_is_found_by_their_id(rows: list[tuple[str, str, str]]) -> None:
    students = tuple(
        Enrolled(key, hints=(Hint("id", key), *(Hint("name", form) for form in name_forms(f"{last}, {first}"))))
        for key, first, last in rows
    )
    made = Roster(students)
    for one in students:
        assert made.find([Hint("id", one.student)]) == (one,)
        answer = made.find([*one.hints])
        assert answer == (one,) or isinstance(answer, str)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_roster_or_a_sentence(tmp_path_factory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("roster")
    try:
        assert roster(folder, b"id,name,extension\n" + data).students
    except BadRoster as error:
        assert str(error).startswith("roster.csv")
