"""A zip or folder is listed without unpacking it; what is unsafe in it is refused by name and the rest is read."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from intake.hostile import NOTEBOOK, UNSAFE_NAMES, encrypted_zip, zip_of_links, zip_that_lies, zip_with_raw_name, zipped
from roll.exports import as_folder, as_zip

from grader.intake.errors import BadHandIn
from grader.intake.limits import LIMITS, IntakeLimits
from grader.intake.names import unsafe
from grader.roll.errors import BadSubmissions
from grader.roll.shelf import CLASS_LIMITS, open_shelf


def refusal(path: Path, limits: IntakeLimits = CLASS_LIMITS) -> str:
    with pytest.raises(BadSubmissions) as caught:
        open_shelf(path, limits)
    return str(caught.value)


def saved(folder: Path, data: bytes, name: str = "x.zip") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("make", [as_zip, as_folder])
def test_files_are_listed_by_name_and_read_in_any_order_and_again(make, tmp_path: Path) -> None:
    with open_shelf(make(tmp_path, {"a/one.ipynb": b"1", "two.ipynb": b"22", "a/b/作业.pt": b"333"})) as shelf:
        files = shelf.listing.files
        assert {name: stored.size_bytes for name, stored in files.items()} == {
            "a/one.ipynb": 1,
            "two.ipynb": 2,
            "a/b/作业.pt": 3,
        }
        for name, content in (
            ("two.ipynb", b"22"),
            ("a/one.ipynb", b"1"),
            ("a/b/作业.pt", b"333"),
            ("two.ipynb", b"22"),
        ):
            assert files[name].read() == content


@pytest.mark.parametrize("make", [as_zip, as_folder])
def test_what_systems_and_tools_leave_behind_is_not_listed(make, tmp_path: Path) -> None:
    litter = [
        "__MACOSX/._a",
        ".DS_Store",
        "a/.ipynb_checkpoints/x.ipynb",
        "a/._x.ipynb",
        "a/__pycache__/x.pyc",
        "Thumbs.db",
    ]
    with open_shelf(make(tmp_path, dict.fromkeys([*litter, "a/x.ipynb"], b"x"))) as shelf:
        assert (set(shelf.listing.files), shelf.listing.refused) == ({"a/x.ipynb"}, ())


@pytest.mark.parametrize("make", [as_zip, as_folder])
def test_of_git_is_kept_that_it_is_there(make, tmp_path: Path) -> None:
    entries = {"a/.git/HEAD": b"", "a/.git/objects/aa": b"", "a/x.ipynb": b"", "b/y.ipynb": b""}
    with open_shelf(make(tmp_path, entries)) as shelf:
        assert set(shelf.listing.files) == {"a/x.ipynb", "b/y.ipynb"}
        assert shelf.listing.repositories == {"a"}


@pytest.mark.parametrize(("name", "said"), [(n, s) for n, s in UNSAFE_NAMES.items() if "\x00" not in n])
def test_an_unsafe_name_in_a_zip_is_refused_and_the_rest_is_read(name: str, said: str, tmp_path: Path) -> None:
    with open_shelf(saved(tmp_path, zipped((name, b"bad"), ("ada.ipynb", NOTEBOOK)))) as shelf:
        (refused,) = shelf.listing.refused
        assert said.replace("20 folders", "25 folders") in refused.reason and "\n" not in refused.place + refused.reason
        assert set(shelf.listing.files) == {"ada.ipynb"}
        assert shelf.listing.files["ada.ipynb"].read() == NOTEBOOK
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["x.zip"]


@settings(deadline=None)
@given(st.lists(st.text(min_size=1, max_size=20), max_size=4), st.sampled_from(["/", "/../", "\\", "//", "/./"]))
def test_no_name_that_is_listed_leads_outside(tmp_path_factory, parts: list[str], joined: str) -> None:
    name = joined.join(parts)
    if not name or len(name.encode("utf-8", "surrogatepass")) > 60_000 or any(0xD800 <= ord(c) < 0xE000 for c in name):
        return
    folder = tmp_path_factory.mktemp("zip")
    with open_shelf(saved(folder, zipped((name, b"x")))) as shelf:
        top = folder / "top"
        for place in shelf.listing.files:
            assert not unsafe(place, CLASS_LIMITS)
            assert (top / place).resolve().is_relative_to(top)


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    with open_shelf(saved(tmp_path, zip_of_links(("a/link.ipynb", "/etc/passwd")))) as shelf:
        (refused,) = shelf.listing.refused
        assert (refused.place, refused.reason) == (
            "a/link.ipynb",
            "it is a symbolic link, which is not followed; put the file itself there",
        )


def test_links_and_pipes_in_a_folder_are_refused(tmp_path: Path) -> None:
    top = as_folder(tmp_path, {"ada.ipynb": NOTEBOOK})
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "x.ipynb").write_bytes(b"secret")
    (top / "bob.ipynb").symlink_to(tmp_path / "secret" / "x.ipynb")
    (top / "eve").symlink_to(tmp_path / "secret", target_is_directory=True)
    os.mkfifo(top / "pipe.ipynb")
    listing = open_shelf(top).listing
    assert set(listing.files) == {"ada.ipynb"}
    assert {one.place: one.reason for one in listing.refused} == {
        "bob.ipynb": "it is a symbolic link, which is not followed; put the file itself there",
        "eve": "it is a symbolic link, which is not followed; put the file itself there",
        "pipe.ipynb": "it is no regular file; put the file itself there",
    }


def test_the_second_of_two_names_that_are_one_on_some_systems_is_refused(tmp_path: Path) -> None:
    with open_shelf(saved(tmp_path, zipped(("ada.ipynb", b"1"), ("ADA.ipynb", b"2")))) as shelf:
        assert set(shelf.listing.files) == {"ada.ipynb"}
        assert "another entry has the same name" in shelf.listing.refused[0].reason


def test_a_size_that_lies_is_found_when_the_file_is_read(tmp_path: Path) -> None:
    with open_shelf(saved(tmp_path, zip_that_lies(b"x" * 5000, 10))) as shelf:
        (stored,) = shelf.listing.files.values()
        with pytest.raises(BadHandIn, match="holds more than the 10 bytes"):
            stored.read()


@pytest.mark.parametrize("make", [as_zip, as_folder])
def test_no_more_of_a_file_is_read_than_is_allowed(make, tmp_path: Path) -> None:
    with open_shelf(make(tmp_path, {"ada.ipynb": b"x" * 2000})) as shelf:
        (stored,) = shelf.listing.files.values()
        assert len(stored.read(2000)) == 2000
        with pytest.raises(BadHandIn, match=r"ada.ipynb is too large: at most 2 kB are read of one file"):
            stored.read(1999)


def test_a_file_of_a_closed_shelf_or_one_that_is_gone_is_an_error_in_a_sentence(tmp_path: Path) -> None:
    shelf = open_shelf(as_zip(tmp_path, {"ada.ipynb": b"x"}))
    shelf.close()
    with pytest.raises(BadHandIn, match=r'"ada.ipynb" cannot be unpacked'):
        shelf.listing.files["ada.ipynb"].read()
    top = as_folder(tmp_path, {"ada.ipynb": b"x"})
    listing = open_shelf(top).listing
    (top / "ada.ipynb").unlink()
    with pytest.raises(BadHandIn, match=r"ada.ipynb cannot be read: No such file"):
        listing.files["ada.ipynb"].read()


def test_names_written_without_saying_how_are_read(tmp_path: Path) -> None:
    with open_shelf(saved(tmp_path, zip_with_raw_name("josé.ipynb".encode()))) as shelf:
        assert "josé.ipynb" in shelf.listing.files


@pytest.mark.parametrize("month", [0, 15])
def test_a_date_that_is_none_is_no_matter(tmp_path: Path, month: int) -> None:
    data = bytearray(zipped(("ada.ipynb", b"x")))
    at = data.rfind(b"PK\x01\x02")
    data[at + 14 : at + 16] = (month << 5).to_bytes(2, "little")
    with open_shelf(saved(tmp_path, bytes(data))) as shelf:
        assert set(shelf.listing.files) == {"ada.ipynb"}


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (encrypted_zip(), "x.zip", "it is encrypted; make it again without a password"),
        (zipped(("a", b"x"))[:-30], "x.zip", "its table of contents is cut off or damaged"),
        (b"PK", "x.zip", "its table of contents is cut off or damaged"),
        (b"", "x.zip", "is no zip archive, whatever its name says"),
        (NOTEBOOK, "hw2.ipynb", "is one notebook: name a folder or zip of submissions, or grade it with: "),
        (b"\x1f\x8b123", "x.tar.gz", "is no zip archive: unpack it and name the folder"),
        (b"Rar!", "x.rar", "is no zip archive, whatever its name says: name the platform's .zip, or the folder"),
    ],
    ids=["encrypted", "cut off", "two bytes", "empty", "a notebook", "tar", "rar"],
)
def test_what_is_no_zip_is_said(data: bytes, name: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(saved(tmp_path, data, name))


def test_what_is_not_there_or_too_much_is_said(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no").endswith("there is no such folder or file; check the name")
    assert "pipe" in refusal(Path("/dev/null"))
    few = IntakeLimits(entries=3)
    entries = {f"{number}.ipynb": b"" for number in range(4)}
    assert "it holds more than 3 files" in refusal(as_zip(tmp_path, entries), few)
    assert "more than 3 files are not looked through" in refusal(as_folder(tmp_path, entries), few)


def test_a_folder_that_is_too_deep_is_refused_alone(tmp_path: Path) -> None:
    top = as_folder(tmp_path, {"ada.ipynb": b"", "/".join(["d"] * 30): b""})
    listing = open_shelf(top).listing
    assert set(listing.files) == {"ada.ipynb"}
    assert listing.refused[0].reason == "it is too many folders deep"
    assert LIMITS.folders < CLASS_LIMITS.folders
