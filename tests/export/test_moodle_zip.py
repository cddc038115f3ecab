"""Moodle finds each report's student in the zip, whatever the student is called."""

import io
import zipfile
from pathlib import Path

import pytest
from export.classes import HOSTILE_NAMES, NAMES, row
from export.moodle_site import Moodle
from export.moodle_site import Participant as Enrolled
from hypothesis import given
from hypothesis import strategies as st

from grader.export.moodle_zip import (
    Participant,
    feedback_of_download,
    feedback_of_worksheet,
    participants_of_download,
    participants_of_names,
)
from grader.export.sheet import SheetError

SITE = Moodle((Enrolled(1234, "Ada_Lovelace", "900101"), Enrolled(1235, "Bob Hope")))
DOWNLOAD = [
    "Ada Lovelace_1234_assignsubmission_file_/hw2.ipynb",
    "Ada Lovelace_1234_assignsubmission_onlinetext_/onlinetext.html",
    "Bob Hope_1235_assignsubmission_file/a_b/hw2.ipynb",
]


@pytest.fixture
def report(tmp_path: Path) -> str:
    path = tmp_path / "ada" / "report.html"
    path.parent.mkdir()
    path.write_text("<p>for Ada</p>")
    return str(path)


def test_a_worksheet_names_the_folders(report: str) -> None:
    filled = feedback_of_worksheet(SITE.worksheet(), [row("900101", report_path=report)])
    assert SITE.read_feedback(filled.data) == {(1234, "report.html"): b"<p>for Ada</p>"}
    assert (filled.written, filled.only_in_sheet) == (1, ("Bob Hope",))
    with zipfile.ZipFile(io.BytesIO(filled.data)) as archive:
        assert archive.namelist() == ["Ada Lovelace_1234_assignsubmission_file_/report.html"]


@pytest.mark.parametrize("packed", [True, False])
def test_a_download_names_the_folders(tmp_path: Path, report: str, packed: bool) -> None:
    source = tmp_path / ("submissions.zip" if packed else "submissions")
    if packed:
        with zipfile.ZipFile(source, "w") as archive:
            for name in DOWNLOAD:
                archive.writestr(name, "")
    else:
        for name in DOWNLOAD:
            (source / name).parent.mkdir(parents=True)
    participants = participants_of_download(source)
    assert participants == [Participant("Ada Lovelace", "1234"), Participant("Bob Hope", "1235")]
    rows = [row("x", name="Lovelace, Ada", report_path=report), row("1235")]
    filled = feedback_of_download(rows, participants, "submissions")
    assert SITE.read_feedback(filled.data) == {(1234, "report.html"): b"<p>for Ada</p>"}
    assert filled.notes == ("1235 has no report",)


def test_a_flat_download_names_participants_too() -> None:
    assert participants_of_names(["Ada Lovelace_1234_assignsubmission_file_hw2_final.ipynb"], "s") == [
        Participant("Ada Lovelace", "1234")
    ]


@given(NAMES | st.text("_/\\.~ a", max_size=6), st.integers(0, 10**9))
def test_every_name_gives_a_folder_that_moodle_takes_apart(name: str, number: int) -> None:
    folder = Participant(name, str(number)).folder
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(f"{folder}/report.html", "x")
    site = Moodle((Enrolled(number, name),))
    assert site.read_feedback(data.getvalue()) == {(number, "report.html"): b"x"}
    assert len(folder.encode()) < 500
    assert not folder.startswith((".", "~", "/"))


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_the_worksheet_may_hold_any_name(name: str, report: str) -> None:
    site = Moodle((Enrolled(7, name),))
    filled = feedback_of_worksheet(site.worksheet(), [row("7", report_path=report)])
    assert list(site.read_feedback(filled.data)) == [(7, "report.html")]


def test_the_same_input_gives_the_same_zip(report: str) -> None:
    first, second = (feedback_of_worksheet(SITE.worksheet(), [row("1234", report_path=report)]) for _ in range(2))
    assert first.data == second.data


@pytest.mark.parametrize("other", ["instructor.html", "grade.json"])
def test_nothing_but_the_students_report_is_sent(report: str, other: str) -> None:
    path = Path(report).rename(Path(report).with_name(other))
    with pytest.raises(SheetError, match=rf"student '1234': .*{other} is not a report.html; only that one may go"):
        feedback_of_worksheet(SITE.worksheet(), [row("1234", report_path=str(path))])


def test_a_report_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"report\.html cannot be read .*; grade the student again"):
        feedback_of_worksheet(SITE.worksheet(), [row("1234", report_path=str(tmp_path / "report.html"))])


def test_a_download_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="s: nothing in it is named as Moodle's 'Download all submissions' names it"):
        participants_of_names(["lovelaceada_101_7_hw2.ipynb", "__MACOSX/._x"], "s")
    (tmp_path / "x.zip").write_text("no zip")
    with pytest.raises(SheetError, match=r"x\.zip: cannot be read as a zip or a folder of submissions"):
        participants_of_download(tmp_path / "x.zip")
