"""A hand-in is one notebook and the files that the assignment takes along, or a refusal in a sentence."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intake.hostile import NOTEBOOK, zipped

from grader.errors import BadInput
from grader.intake.errors import BadHandIn
from grader.intake.handin import HandedIn, extra_files, open_notebook, receive
from grader.intake.limits import IntakeLimits
from grader.intake.model import Extra, Opened
from grader.intake.patterns import matches
from grader.notebook.errors import BadNotebook
from grader.notebook.read import read_bytes

OTHER = NOTEBOOK.replace(b"x = 1", b"y = 2")


def archive(*names: str) -> HandedIn:
    """hw2.zip with these files: notebooks hold a notebook, others their own name."""
    entries = ((name, NOTEBOOK if name.endswith(".ipynb") else name.encode()) for name in names)
    return HandedIn(Path("hw2.zip"), zipped(*entries))


def refusal(handed_in: HandedIn, prefer: Callable[[str], bool] = lambda _: False) -> str:
    with pytest.raises(BadHandIn) as caught:
        open_notebook(handed_in, prefer)
    return str(caught.value)


def extra(handed_in: HandedIn, *patterns: str, own: tuple[str, ...] = ()) -> Extra:
    return extra_files(handed_in, open_notebook(handed_in), patterns, own)


def test_a_plain_notebook_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "hw2.ipynb"
    path.write_bytes(NOTEBOOK)
    assert open_notebook(receive(path)) == Opened("hw2.ipynb", NOTEBOOK)
    assert extra(receive(path)) == Extra()


@pytest.mark.parametrize("name", ["hw2.ipynb", "hw2/hw2.ipynb", "a/b/\u4f5c\u4e1a.IPYNB"])
def test_the_one_notebook_of_an_archive_is_found(name: str) -> None:
    handed_in = HandedIn(
        Path("x.ZIP"), zipped((name, NOTEBOOK), ("hw2/notes.py", b""), ("__MACOSX/._hw2.ipynb", b"\0"))
    )
    opened = open_notebook(handed_in)
    assert (opened.name, opened.data, opened.others) == (name, NOTEBOOK, ("hw2/notes.py",))


def test_where_no_ipynb_file_is_a_percent_file_is_the_notebook() -> None:
    assert open_notebook(archive("hw2.py", "best.pt")).name == "hw2.py"


def test_of_several_notebooks_the_preferred_one_is_taken_and_the_report_says_so() -> None:
    opened = open_notebook(archive("hw2/scratch.ipynb", "hw2/hw2.ipynb"), lambda name: name == "hw2.ipynb")
    assert opened.name == "hw2/hw2.ipynb"
    assert opened.notices == ("hw2.zip holds 2 notebooks: hw2/hw2.ipynb was graded, not hw2/scratch.ipynb",)


@pytest.mark.parametrize("prefer", [lambda _: False, lambda _: True])
def test_several_notebooks_of_which_none_or_more_are_preferred_are_named(prefer: Callable[[str], bool]) -> None:
    assert refusal(archive("a.ipynb", "b.ipynb"), prefer) == (
        "hw2.zip: it holds several notebooks, a.ipynb, b.ipynb: leave only the one to be graded in it"
    )


def test_an_archive_without_a_notebook_says_what_it_holds() -> None:
    assert refusal(archive("hw2.pdf", "inner.zip")) == (
        "hw2.zip: it holds no notebook (.ipynb) but hw2.pdf, inner.zip: put the notebook into it and upload it again"
    )
    assert "but nothing at all" in refusal(archive(".DS_Store"))


@pytest.mark.parametrize("name", ["hw2.rar", "hw2.7z", "hw2.tar.bz2", "hw2.ipynb.gz", "hw2.tar.xz"])
def test_other_archives_are_refused_by_name(name: str) -> None:
    assert "files are not opened: hand in the notebook itself, or a .zip, .tar or .tar.gz with it" in refusal(
        HandedIn(Path(name), b"anything")
    )


def test_what_decides_between_zip_and_tar_is_the_content() -> None:
    assert open_notebook(HandedIn(Path("hw2.tgz"), zipped(("hw2.ipynb", NOTEBOOK)))).name == "hw2.ipynb"


def test_files_that_fit_a_pattern_come_along_and_the_others_are_named() -> None:
    found = extra(archive("hw2/hw2.ipynb", "hw2/best.pt", "hw2/x.bin", "hw2/runs/b.pt", "elsewhere.pt"), "*.pt")
    assert found.files == {"best.pt": b"hw2/best.pt"}
    assert found.notices == (
        "not taken along: hw2/x.bin, hw2/runs/b.pt, elsewhere.pt; assignment.toml allows *.pt beside the notebook",
    )


def test_an_assignment_that_allows_no_files_takes_none() -> None:
    found = extra(archive("hw2.ipynb", "best.pt"))
    assert found == Extra({}, ("not taken along: best.pt; assignment.toml allows the notebook alone",))


def test_a_student_does_not_replace_the_assignments_own_data() -> None:
    found = extra(archive("hw2.ipynb", "data/train.pt", "Data/test.pt", "best.pt"), "**/*.pt", own=("data",))
    assert list(found.files) == ["best.pt"]
    assert found.notices == ("not taken along: data/train.pt, Data/test.pt; the assignment brings its own",)


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("best.pt", "*.pt", True),
        ("runs/best.pt", "*.pt", False),
        ("runs/best.pt", "runs/*", True),
        ("runs/a/best.pt", "runs/*", False),
        ("best.pt", "**/*.pt", True),
        ("a/b/c/best.pt", "**/*.pt", True),
        ("a/b/c/best.pt", "a/**/c/*.pt", True),
        ("a/best.pt", "a/**", True),
        ("best.PT", "*.pt", False),
        ("best.pt", "best.p[tx]", True),
        ("best.pt.exe", "*.pt", False),
    ],
)
def test_patterns_are_of_whole_names(name: str, pattern: str, fits: bool) -> None:
    assert matches(name, [pattern]) is fits
    assert not matches(name, [])


@pytest.fixture
def folder(tmp_path: Path) -> HandedIn:
    (tmp_path / "secret.pt").write_bytes(b"secret")
    folder = tmp_path / "work"
    (folder / "runs").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / ".hidden").mkdir()
    for name in ("hw2.ipynb", "best.pt", "notes.txt", "runs/last.pt", "data/own.pt", ".hidden/x.pt", "._best.pt"):
        (folder / name).write_bytes(name.encode())
    return receive(folder / "hw2.ipynb")


def test_files_beside_a_notebook_come_along(folder: HandedIn) -> None:
    assert extra(folder, "*.pt") == Extra({"best.pt": b"best.pt"})
    assert list(extra(folder, "**/*", own=("data",)).files) == ["best.pt", "notes.txt", "runs/last.pt"]


def test_links_beside_a_notebook_are_not_followed(folder: HandedIn) -> None:
    here = folder.path.parent
    (here / "linked.pt").symlink_to("../secret.pt")
    (here / "up").symlink_to("..")
    os.mkfifo(here / "pipe.pt")
    found = extra(folder, "**/*.pt")
    assert b"secret" not in found.files.values()
    assert [notice.split(":")[1].split(" is")[0].strip() for notice in found.notices] == ["linked.pt", "pipe.pt"]


def test_a_name_beside_a_notebook_that_hides_something_is_left_and_shown(folder: HandedIn) -> None:
    (folder.path.parent / "we\u202etp.pt").write_bytes(b"")
    assert extra(folder, "*.pt").notices == (
        r'not taken along: "we\u202etp.pt": it holds characters that cannot be seen',
    )


def test_too_much_beside_a_notebook_is_refused(folder: HandedIn) -> None:
    small = receive(folder.path, IntakeLimits(total_bytes=10))
    with pytest.raises(BadHandIn, match=r"hw2.ipynb: runs/last.pt beside it is too large: at most 3 bytes more"):
        extra(small, "**/*.pt", own=("data",))
    with pytest.raises(BadHandIn, match="more than 1 files beside it"):
        extra(receive(folder.path, IntakeLimits(entries=1)), "**/*.pt")


def test_the_digest_covers_what_came_along(folder: HandedIn) -> None:
    alone, together = folder.digest({}), folder.digest({"best.pt": b"1"})
    assert len({alone, together, folder.digest({"best.pt": b"2"})}) == 3
    packed = archive("hw2.ipynb", "best.pt")
    assert packed.digest({"best.pt": b"best.pt"}) == packed.digest({})  # it is in the archive's own


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "hw2.zip"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    handed_in = receive(path, IntakeLimits(archive_bytes=5_000_000))
    assert len(handed_in.data) == 5_000_001
    assert refusal(handed_in) == ("hw2.zip: it is larger than 5 MB: hand in the notebook and only the files asked for")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, words in (
        ("no.zip", "no such file"),
        ("", "is a folder"),
        ("pipe", "no regular file"),
        ("\0", "no name"),
    ):
        with pytest.raises(BadInput, match=words):
            receive(tmp_path / name)


@given(
    name=st.sampled_from(["hw2.ipynb", "hw2.zip", "hw2.tar.gz", "hw2.tar", "hw2.py", "hw2", "hw2.rar"]),
    data=st.one_of(
        st.binary(max_size=400),
        st.sampled_from([NOTEBOOK, b"PK\x03\x04", b"\x1f\x8b\x08", zipped(("a.ipynb", OTHER))]),
        st.binary(max_size=300).map(gzip.compress),
    ),
)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_at_the_door_are_a_hand_in_or_a_refusal(name: str, data: bytes) -> None:
    handed_in = HandedIn(Path(name), data)
    try:
        opened = open_notebook(handed_in)
        read_bytes(opened.name, opened.data)
    except (BadHandIn, BadNotebook) as error:
        assert str(error).startswith(("hw2", "a.ipynb")) and str(error).isprintable()
