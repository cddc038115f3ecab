"""The sentence and the table that an instructor sees before anything runs."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from roll.exports import Called, canvas, gradescope

from grader.roll.model import Refused, Roll
from grader.roll.read_roster import read_roster
from grader.roll.summary import Line, lines, remarks, summary

DUE = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)

ROSTER = "id,name,email\n1,Ada Lovelace,ada@x.edu\n2,Bob Ray,bob@x.edu\n3,Cy Twain,cy@x.edu\n"
ADA, BOB, EVE = ({"name": n, "email": f"{n[:3].lower()}@x.edu"} for n in ("Ada Lovelace", "Bob Ray", "Eve Stone"))


def test_the_sentence_counts_everything_that_there_is(call: Callable[..., Called]) -> None:
    entries = canvas(
        ("Lovelace, Ada", "1", 1, "hw2.ipynb"),
        ("Lovelace, Ada", "1", 2, "hw2-1.ipynb"),
        ("Ray, Bob", "2", 3, "essay.pdf"),
        ("Stone, Eve", "9", 4, "hw2.ipynb"),
        late=["9"],
    )
    roll = call(entries, roster=ROSTER).roll
    assert summary(roll) == (
        "3 submissions of 2 students: Canvas download; 1 late; 1 student more than once, the newest taken; 1 refused; "
        "1 of the roster missing; 1 not on the roster"
    )
    assert remarks(roll)[1:] == (
        "refused: raybob_2_3_essay.pdf: there is no notebook (.ipynb) but essay.pdf",
        "missing: Cy Twain (3)",
        "not on the roster: stoneeve (9)",
        "hand-in times unknown: 1 of 2 marked late, which counts as one day, the others as in time; "
        "give times with --handed-in, a CSV of ids and times, also later",
    )


def test_nobody_is_silently_in_time(call: Callable[..., Called]) -> None:
    plain = {"ada.ipynb": b"{}", "bob.ipynb": b"{}"}
    roll = call(plain, due=DUE).roll
    assert summary(roll) == "2 submissions of 2 students: plain files; 2 without a hand-in time"
    assert remarks(roll)[-1] == (
        "hand-in time unknown of 2 of 2: nothing is taken off for lateness; "
        "give times with --handed-in, a CSV of ids and times, also later"
    )
    assert "hand-in" not in " ".join(remarks(call(plain).roll)), "nothing is due"


def test_a_table_or_the_roster_says_when_things_came(call: Callable[..., Called], tmp_path: Path) -> None:
    plain = {"ada.ipynb": b"{}", "bob.ipynb": b"{}", "cy.ipynb": b"{}"}
    (tmp_path / "times.csv").write_text("login,submitted\nada,2026-03-01 10:00\n")
    roster = "id,login,handed in\n1,ada,\n2,bob,2026-03-03T10:00:00+01:00\n3,cy,-\n"
    times = read_roster(tmp_path / "times.csv")
    ada, bob, cy = call(plain, roster=roster, times=times, due=DUE).roll.handed
    assert (ada.student, ada.submitted_at, ada.late) == ("1", DUE.replace(hour=10, minute=0), False)
    assert (bob.late, bob.by_hand) == (True, True)
    assert (cy.submitted_at, cy.late) == (None, None)


def test_a_table_goes_before_a_platforms_mark(call: Callable[..., Called], tmp_path: Path) -> None:
    entries = canvas(("Lovelace, Ada", "1", 1, "hw2.ipynb"), late=["1"])
    (tmp_path / "times.csv").write_text('id,Submitted at\n1,"Sunday, 1 March 2026, 11:00 PM"\n')
    (one,) = call(entries, times=read_roster(tmp_path / "times.csv"), due=DUE).roll.handed
    assert (one.late, one.submitted_at) == (False, DUE.replace(hour=23, minute=0))


def test_the_sentence_leaves_out_what_there_is_not(call: Callable[..., Called]) -> None:
    roll = call(canvas(("Lovelace, Ada", "1", 1, "hw2.ipynb"))).roll
    assert summary(roll) == "1 submission of 1 student: Canvas download"
    assert remarks(roll) == (roll.why,)


def test_a_line_for_each_submission_with_all_members_of_a_group(call: Callable[..., Called]) -> None:
    entries = gradescope((1, [ADA, BOB], "2026-03-02 10:00:00 Z", "hw2.ipynb"), (2, [EVE], "bad", "x/b.ipynb"))
    roll = call(entries).roll
    assert lines(roll) == (
        Line(
            "ada@x.edu, bob@x.edu", "Ada Lovelace, Bob Ray", "submission_1/hw2.ipynb", "2026-03-02 10:00+00:00", "1", ""
        ),
        Line("eve@x.edu", "Eve Stone", "submission_2/x/b.ipynb", "", "1", ""),
    )
    assert summary(roll).startswith(
        "2 submissions of 3 students: Gradescope export; 1 of groups, every member gets the grade"
    )


def test_of_very_many_refusals_the_first_are_shown() -> None:
    roll = Roll("plain", "why", (), tuple(Refused(f"{n}.ipynb", "bad") for n in range(50)))
    said = remarks(roll)
    assert (len(said), said[-1]) == (22, "refused: 30 more")
