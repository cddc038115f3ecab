"""The roll: every student with one file, whoever handed it in how often, and who is missing."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from roll.exports import Called, as_zip, canvas, classroom, gradescope, moodle, nbgrader, notebook, plain

from grader.intake.errors import BadHandIn
from grader.intake.handin import open_notebook
from grader.roll.call import call_roll
from grader.roll.errors import BadSubmissions
from grader.roll.model import Listing, Stored

ADA, BOB = ("Lovelace, Ada", "5001"), ("Ray, Bob", "5002")
ROSTER = """Student,ID,SIS User ID,SIS Login ID,Section
"Lovelace, Ada",5001,s1,ada,A
"Ray, Bob",5002,s2,bob,A
"Twain, Cy",5003,s3,cy,B
"""
STAMP = "2026-03-02 12:00:00 UTC"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_with_a_roster_students_have_its_ids_and_names_and_the_missing_are_told(call: Callable[..., Called]) -> None:
    called = call(canvas((*ADA, 1, "hw2.ipynb"), ("Who, Doctor", "9", 2, "hw2.ipynb")), roster=ROSTER)
    (stranger, ada) = called.roll.handed
    assert (ada.student, ada.name, ada.members[0].section, ada.members[0].known) == ("s1", "Lovelace, Ada", "A", True)
    assert (stranger.student, stranger.name, stranger.members[0].known) == ("9", "whodoctor", False)
    assert [member.student for member in called.roll.missing] == ["s2", "s3"]


def test_without_a_roster_nobody_is_missing_or_unknown(call: Callable[..., Called]) -> None:
    called = call(canvas((*ADA, 1, "hw2.ipynb")))
    assert called.roll.missing == ()
    assert called.of["5001"].members[0].known is None


def test_whose_hand_in_is_refused_is_not_missing(call: Callable[..., Called]) -> None:
    called = call(canvas((*ADA, 1, "hw2.ipynb"), (*BOB, 2, "essay.pdf")), roster=ROSTER)
    assert [member.student for member in called.roll.missing] == ["s3"]
    assert called.roll.refused[0].students == ("s2",)


def test_a_stranger_never_gets_the_id_of_somebody_on_the_roster(call: Callable[..., Called]) -> None:
    roster = "id,email,name\n5002,ada@x.edu,Ada Lovelace\n5001,eve@x.edu,Eve Stone\n"
    called = call(canvas((*ADA, 1, "hw2.ipynb"), ("Moriarty, Jim", "77", 2, "hw2.ipynb")), roster=roster)
    assert called.taken == {"5002": "lovelaceada_5001_1_hw2.ipynb", "77": "moriartyjim_77_2_hw2.ipynb"}
    called = call(
        {"Al Key_88_assignsubmission_file/hw2.ipynb": notebook("k")},
        name="other",
        roster="student id,participant\n88,1\n99,2\n",
    )
    assert set(called.of) == {"moodle-88"}


def test_one_student_under_two_names_is_one(call: Callable[..., Called]) -> None:
    called = call(plain("ada/hw2.ipynb", "s1/hw2.ipynb", "Lovelace Ada/hw2.ipynb"), roster=ROSTER)
    (one,) = called.roll.handed
    assert (one.student, one.attempt, len(one.older)) == ("s1", 3, 2)
    assert one.notices[0].startswith("handed in 3 times; the newest is taken, not ")


def test_whose_a_file_is_that_two_students_could_claim_is_refused(call: Callable[..., Called]) -> None:
    roster = "id,login\nada,bob\nbob,cy\n"
    (refused,) = call(plain("bob/hw2.ipynb"), roster=roster).roll.refused
    assert refused.reason == "it cannot be told whose it is: the id bob is that of bob, the login bob is that of ada"


def test_extensions_decide_lateness_where_times_are_known(call: Callable[..., Called]) -> None:
    roster = "id,extension\nada,1\nbob,\n"
    due = datetime(2026, 3, 2, 11, tzinfo=UTC)
    called = call(nbgrader(("ada", "hw2", STAMP), ("bob", "hw2", STAMP)), roster=roster, due=due)
    assert (called.of["ada"].late, called.of["bob"].late) == (False, True)
    assert called.of["ada"].due == datetime(2026, 3, 3, 11, tzinfo=UTC)
    assert called.of["bob"].due == due


def test_where_only_the_platform_tells_its_word_stands_and_an_extension_asks_for_a_look(
    call: Callable[..., Called],
) -> None:
    roster = ROSTER.replace("Section", "Section,Extension").replace(",A\n", ",A,2\n", 1)
    called = call(
        canvas((*ADA, 1, "hw2.ipynb"), (*BOB, 2, "hw2.ipynb"), late=["5001", "5002"]), roster=roster, due=NOON
    )
    ada, bob = called.of["s1"], called.of["s2"]
    assert (ada.late, bob.late, bob.notices) == (True, True, ())
    assert ada.notices == (
        "the platform calls it late without saying when it came, and the roster has an extension: look",
    )


def test_what_one_hands_in_counts_for_the_group_only_where_that_is_said(call: Callable[..., Called]) -> None:
    roster = "id,name,group\n1,Ada Lovelace,red\n2,Bob Ray,red\n3,Cy Twain,\n4,Di Voe,\n"
    entries = canvas(("Lovelace, Ada", "71", 1, "hw2.ipynb"), ("Twain, Cy", "73", 2, "hw2.ipynb"))
    assert set(call(entries, roster=roster).taken) == {"1", "3"}
    called = call(entries, name="shared", roster=roster, groups=True)
    assert called.taken["1"] == called.taken["2"] == "lovelaceada_71_1_hw2.ipynb"
    assert [member.student for member in called.roll.missing] == ["4"]
    assert called.of["1"].members[1].name == "Bob Ray"


def test_a_kind_that_is_said_is_taken(call: Callable[..., Called]) -> None:
    entries = canvas((*ADA, 1, "hw2.ipynb"))
    called = call(entries, kind="plain")
    assert called.roll.kind == "plain"
    assert called.roll.why == "taken as plain files, as --kind says"
    assert call(entries, kind="canvas", name="again").roll.kind == "canvas"


def test_a_kind_that_does_not_fit_is_said(call: Callable[..., Called]) -> None:
    with pytest.raises(BadSubmissions) as caught:
        call(plain("ada.ipynb"), kind="canvas", name="in")
    assert str(caught.value).partition(": ")[2] == (
        "nothing in it looks like <name>_<user>_<file>_hw.ipynb (Canvas download); it holds ada.ipynb: "
        "leave --kind away, or name another"
    )
    with pytest.raises(BadSubmissions, match="--kind 'blackboard' is not known; the kinds are gradescope, moodle, "):
        call(plain("ada.ipynb"), kind="blackboard", name="in")


def test_what_could_be_two_kinds_says_which_was_taken_and_how_to_have_the_other(call: Callable[..., Called]) -> None:
    entries = {**nbgrader(("hw2-ada", "hw2", STAMP), ("hw2-bob", "hw2", STAMP), top="")}
    roll = call(entries).roll
    assert roll.kind == "nbgrader"
    assert roll.why.endswith("it could also be another (--kind classroom: 2 of 2 folders are named hw2-<login>)")


@pytest.mark.parametrize("names", [("README.md", "data/x.csv"), ("x.docx",)])
def test_where_there_is_nothing_to_grade_that_is_said(call: Callable[..., Called], names: tuple[str, ...]) -> None:
    if "/" in names[-1]:
        assert [one.reason for one in call(plain(*names)).roll.refused] == ["there is no notebook (.ipynb) but x.csv"]
    else:
        with pytest.raises(BadSubmissions, match=r"no submissions in it; it holds x.docx. Name the zip or folder"):
            call(plain(*names))


@pytest.mark.parametrize("wrapped", ["", "Export (1)/", "a/b/"])
@pytest.mark.parametrize(
    ("kind", "entries"),
    [
        ("canvas", canvas((*ADA, 1, "hw2.ipynb"), (*BOB, 2, "hw2.ipynb"))),
        ("moodle", moodle(("Ada", 1, "hw2.ipynb"), ("Bob", 2, "hw2.ipynb"))),
        ("gradescope", gradescope((1, [{"name": "A", "email": "a@x"}], STAMP, "hw2.ipynb"))),
        ("nbgrader", nbgrader(("ada", "hw2", STAMP))),
        ("classroom", classroom("hw2", "ada", "bob")),
        ("plain", plain("ada/hw2.ipynb", "bob.ipynb")),
    ],
)
def test_every_kind_is_found_within_folders_around_it(
    call: Callable[..., Called], kind: str, entries: dict[str, bytes], wrapped: str
) -> None:
    inside = {f"{wrapped}{name}": data for name, data in entries.items() if "__MACOSX" not in name}
    called, bare = call({**inside, "__MACOSX/._x": b""}), call(entries, name="bare")
    assert called.roll.kind == bare.roll.kind == kind
    assert called.taken == {student: wrapped + place for student, place in bare.taken.items()}


def test_what_is_taken_can_be_opened_as_a_hand_in(call: Callable[..., Called]) -> None:
    called = call(canvas((*ADA, 1, "hw2-1.ipynb")))
    ada = called.of["5001"]
    opened = open_notebook(ada.receive())
    assert (opened.name, opened.data) == ("hw2.ipynb", notebook("lovelaceada_5001_1_hw2-1.ipynb"))


def test_a_damaged_file_is_an_error_of_that_file_alone(tmp_path: Path) -> None:
    path = as_zip(tmp_path, plain("ada.ipynb", "bob.ipynb"))
    data = path.read_bytes()
    at = data.index(b"ada.ipynb") + len("ada.ipynb") + 5
    path.write_bytes(data[:at] + bytes(8) + data[at + 8 :])
    called = Called(path)
    with pytest.raises(BadHandIn, match=r'"ada.ipynb" cannot be unpacked'):
        called.of["ada"].receive()
    assert called.of["bob"].receive().data == notebook("bob.ipynb")


def test_a_thousand_submissions_are_a_thousand_lines(tmp_path: Path) -> None:
    entries = canvas(*((f"Student, Number{n}", str(n), 10 * n, "hw2.ipynb") for n in range(1000)))
    roster = "id,name\n" + "".join(f"{n},Number{n} Student\n" for n in range(1001))
    called = Called(as_zip(tmp_path, entries), roster=roster)
    assert set(called.of) == {str(n) for n in range(1000)}
    assert [member.student for member in called.roll.missing] == ["1000"]


PLACES = st.lists(
    st.text(st.sampled_from("ab1_-./ LATEhw2()anon"), min_size=1, max_size=40)
    .map(lambda text: "/".join(part.strip(" .") or "x" for part in text.split("/")))
    .map(lambda text: f"{text}.ipynb"),
    max_size=8,
    unique=True,
)


@given(PLACES, st.sampled_from([None, "canvas", "moodle", "nbgrader", "classroom", "plain"]))
def test_whatever_is_handed_over_no_file_disappears_and_no_student_is_there_twice(
    places: list[str], kind: str | None
) -> None:
    files = {place: Stored(place, 0, 0.0, None, lambda limit_bytes: b"") for place in places}
    try:
        roll = call_roll(Listing("x", files), "hw2", kind=kind)
    except BadSubmissions as error:
        assert "\n" not in str(error)
        return
    students = [member.student for one in roll.handed for member in one.members]
    assert len(students) == len(set(students)) and all(students)
    assert len({one.place for one in roll.handed}) == len(roll.handed)
    told = {one.place for one in roll.refused}
    for one in roll.handed:
        told |= {one.place, *one.older, *(stored.place for stored in one.beside.values())}
        told |= {place for place in files if place.endswith(one.elsewhere)}
    other_assignments = roll.kind == "nbgrader"
    assert told >= set(files) or roll.notices or any(one.notices for one in roll.handed) or other_assignments


def test_nothing_heavy_is_imported() -> None:
    program = (
        "import sys, grader.roll.call, grader.roll.shelf, grader.roll.read_roster, grader.roll.beside, "
        "grader.roll.summary; sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'nbformat', 'IPython')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
