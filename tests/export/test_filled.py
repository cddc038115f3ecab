"""An export is written whole or not at all, and never over the instructor's own sheet unasked."""

from pathlib import Path

import pytest

from grader.errors import BadInput
from grader.export.filled import read_input, write_export


def test_an_export_replaces_an_earlier_one_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "hw2.csv"
    write_export(b"one", out)
    write_export(b"two", out)
    assert out.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [out]


def test_grades_are_for_the_own_account_only(tmp_path: Path) -> None:
    write_export(b"grades", tmp_path / "hw2.csv")
    assert (tmp_path / "hw2.csv").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("alias", ["sheet.csv", "folder/../sheet.csv", "link.csv"])
def test_the_sheet_is_not_replaced_under_any_name(tmp_path: Path, alias: str) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_bytes(b"own")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.csv").symlink_to(sheet)
    with pytest.raises(BadInput, match="that is the sheet to fill; choose another name with --out, or say --in-place"):
        write_export(b"new", tmp_path / alias, sheet)
    assert sheet.read_bytes() == b"own"


def test_the_sheet_is_replaced_where_that_was_asked_for(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_bytes(b"own")
    sheet.chmod(0o640)
    write_export(b"new", sheet, sheet, in_place=True)
    assert sheet.read_bytes() == b"new"
    assert sheet.stat().st_mode & 0o777 == 0o640


def test_a_link_to_the_sheet_stays_one(tmp_path: Path) -> None:
    sheet, link = tmp_path / "sheet.csv", tmp_path / "link.csv"
    sheet.write_bytes(b"own")
    link.symlink_to(sheet)
    write_export(b"new", link, link, in_place=True)
    assert link.is_symlink()
    assert sheet.read_bytes() == b"new"


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"x\.csv: the export cannot be written \(No such file.*\); choose another --out"
    ):
        write_export(b"", tmp_path / "none" / "x.csv")


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"s\.csv: cannot be read \(No such file.*\); check the name and the folder"):
        read_input(tmp_path / "s.csv")
