"""Archives are opened with bounds: what they declare is checked first, what comes out is counted."""

import gzip
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from intake import hostile
from intake.hostile import END, FILE, MIB, NOTEBOOK, UNSAFE_NAMES, member, padded, pax, tarred, zipped

from grader.intake.archive import listed, taken
from grader.intake.errors import BadHandIn
from grader.intake.limits import IntakeLimits

SMALL = IntakeLimits(total_bytes=4 * MIB, file_bytes=2 * MIB, entries=50)


def refusal(data: bytes, limits: IntakeLimits = SMALL) -> str:
    with pytest.raises(BadHandIn) as caught:
        taken(data, listed(data, limits), limits)
    text = str(caught.value)
    assert text.isprintable() and len(text) < 400
    return text


@contextmanager
def at_most(mebibytes: float) -> Iterator[None]:
    """Fail where more memory than this is held at any time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < mebibytes * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pack", [zipped, tarred, lambda *e: gzip.compress(tarred(*e))], ids=["zip", "tar", "tar.gz"])
def test_files_come_out_as_they_went_in(pack: Callable[..., bytes]) -> None:
    data = pack(("hw2/hw2.ipynb", NOTEBOOK), ("hw2/weights/best.pt", bytes(range(256)) * 300))
    assert listed(data) == {"hw2/hw2.ipynb": len(NOTEBOOK), "hw2/weights/best.pt": 76_800}
    assert taken(data, {"hw2/weights/best.pt"}) == {"hw2/weights/best.pt": bytes(range(256)) * 300}


def test_what_systems_and_tools_leave_behind_is_not_listed() -> None:
    litter = ("__MACOSX/hw2/._hw2.ipynb", "hw2/.DS_Store", "hw2/._a.pt", "hw2/.ipynb_checkpoints/hw2-checkpoint.ipynb")
    more = ("Thumbs.db", "desktop.ini", "hw2/__pycache__/a.pyc", "hw2/Icon\r")
    data = zipped(*((name, b"x") for name in litter + more), ("hw2/hw2.ipynb", NOTEBOOK))
    assert list(listed(data)) == ["hw2/hw2.ipynb"]


def test_a_dot_before_all_names_is_no_climbing() -> None:
    data = member(".", tarfile.DIRTYPE) + member("./hw2", tarfile.DIRTYPE) + member("./hw2/a.py", size=1)
    assert list(listed(data + padded(b"1") + END)) == ["hw2/a.py"]


def test_modes_and_owners_are_ignored() -> None:
    assert list(listed(tarred(("hw2.ipynb", NOTEBOOK), mode=0o6777))) == ["hw2.ipynb"]


@pytest.mark.parametrize("name", UNSAFE_NAMES)
@pytest.mark.parametrize("pack", [zipped, tarred, lambda *e: tarred(*e, form=tarfile.GNU_FORMAT)])
def test_an_unsafe_name_is_refused_by_name(name: str, pack: Callable[..., bytes]) -> None:
    said = refusal(pack(("hw2.ipynb", NOTEBOOK), (name, b"evil")))
    assert said.startswith('unsafe name "')
    assert UNSAFE_NAMES[name] in said


def test_hidden_characters_are_shown() -> None:
    assert r'"hw\u202eynpi.exe"' in refusal(zipped(("hw\u202eynpi.exe", b"")))
    assert r'"a\u0000b.txt"' in refusal(hostile.zip_with_raw_name(b"a\0b.txt"))
    assert r'"\udcff"' in refusal(member("\udcff") + END)


def test_a_name_is_read_as_its_archiver_meant_it() -> None:
    raw = "\u00dcbung.txt".encode()
    assert "\u00dcbung.txt" in listed(hostile.zip_with_raw_name(raw))  # macOS: UTF-8 without the flag that says so
    assert "\u00dcbung.txt" in listed(zipped(("U\u0308bung.txt", b"")))  # composed as everybody else writes it
    assert "\u2502.txt" in listed(hostile.zip_with_raw_name(b"\xb3.txt"))  # the code page of old Windows tools


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.py", "a.py"),
        ("A.py", "a.PY"),
        ("\u00e9.py", "e\u0301.py"),
        ("stra\u00dfe", "STRASSE"),
        ("x", "x/y"),
        ("x/y", "X"),
    ],
)
@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_names_that_are_one_file_somewhere_are_refused(first: str, second: str, pack: Callable[..., bytes]) -> None:
    assert "another entry has the same name" in refusal(pack((first, b"1"), (second, b"2")))


def test_a_zip_whose_table_and_header_name_different_files_is_refused() -> None:
    assert "damaged" in refusal(hostile.zip_with_two_names(b"good.py", b"evil.py"))


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (hostile.zip_of_links(("data.csv", "/etc/passwd")), '"data.csv" is a symbolic link'),
        (hostile.zip_of_links(("up", ".."), ("up/escaped.txt", "x")), '"up" is a symbolic link'),
        (hostile.zip_of_links(("loop", "loop")), '"loop" is a symbolic link'),
        (hostile.zip_of_links(("door", ""), kind=stat.S_IFIFO), '"door" is a pipe'),
        (hostile.zip_of_links(("disk", ""), kind=stat.S_IFBLK), '"disk" is a device'),
        (hostile.zip_of_links(("talk", ""), kind=stat.S_IFSOCK), '"talk" is a socket'),
        (FILE + member("d", tarfile.SYMTYPE, link="..") + END, '"d" is a symbolic link'),
        (FILE + member("h", tarfile.LNKTYPE, link="/etc/shadow") + END, '"h" is a hard link'),
        (FILE + member("same", tarfile.LNKTYPE, link="hw2.ipynb") + END, '"same" is a hard link'),
        (member("tty", tarfile.CHRTYPE) + END, '"tty" is a device'),
        (member("disk", tarfile.BLKTYPE) + END, '"disk" is a device'),
        (member("fifo", tarfile.FIFOTYPE) + END, '"fifo" is a pipe'),
        (member("hole", tarfile.GNUTYPE_SPARSE) + END, '"hole" is a sparse file'),
        (pax([("GNU.sparse.major", "1"), ("GNU.sparse.realsize", "1" + "0" * 12)]) + FILE + END, "is a sparse file"),
        (member("part", b"M") + END, '"part" is an entry of an unknown kind'),
    ],
)
def test_what_is_no_regular_file_is_refused_by_name(data: bytes, what: str) -> None:
    said = refusal(data)
    assert what in said
    assert said.endswith(", which is not read: put the file itself into the archive")


def test_a_zip_bomb_is_refused_before_anything_is_unpacked() -> None:
    data = hostile.zip_of_zeros(300)
    with at_most(2):
        said = refusal(data, IntakeLimits())
    assert said == 'the unpacked size of "hw2.ipynb", 314 MB, is over the limit of 134 MB for one file'


def test_a_bomb_of_many_files_is_refused_by_their_sum() -> None:
    data = zipped(*((f"{number}.bin", bytes(MIB)) for number in range(6)))
    assert refusal(data) == "its unpacked size is over the limit of 4 MB"


@pytest.mark.parametrize("checksum_of", [None, bytes(10)], ids=["checksum of all", "checksum of the declared part"])
def test_a_zip_that_declares_ten_bytes_is_read_no_further(checksum_of: bytes | None) -> None:
    data = hostile.zip_that_lies(bytes(50 * MIB), 10, checksum_of)
    with at_most(2):
        said = refusal(data, IntakeLimits())
    assert '"hw2.ipynb" holds more than the 10 bytes that the archive declares' in said


def test_a_zip_that_declares_more_than_it_holds_is_refused() -> None:
    assert "holds less than the 999 bytes" in refusal(hostile.zip_that_lies(b"short", 999))


def test_entries_that_share_their_bytes_count_each() -> None:
    data = hostile.zip_of_one_body(copies=40, mebibytes=1)
    with at_most(2):
        assert "another entry has the same name" in refusal(data)


def test_too_many_entries_are_refused_before_their_table_is_built() -> None:
    data = zipped(*((f"{number}.txt", b"") for number in range(20_000)))
    with at_most(8):
        assert refusal(data, IntakeLimits()) == ("it holds more than 2,000 files: hand in the files that are asked for")
    many = b"".join(member(f"{number}.txt") for number in range(60)) + END
    assert refusal(many).startswith("it holds more than 50 files")


def test_a_table_of_contents_that_takes_long_to_read_is_refused() -> None:
    data = hostile.zip_with_a_long_table(entries=40, attribute_bytes=65_000)
    with at_most(4):
        assert "its table of contents is too large" in refusal(data)


def test_a_bomb_in_a_tar_with_gzip_is_refused_at_its_header() -> None:
    data = hostile.gzipped_zeros(300, first=member("hw2.ipynb", size=300 * MIB))
    with at_most(2):
        assert "314 MB, is over the limit of 134 MB" in refusal(data, IntakeLimits())


def test_what_is_passed_over_in_a_tar_counts_too() -> None:
    data = gzip.compress(b"".join(member(f"__MACOSX/{n}", size=MIB) + bytes(MIB) for n in range(6)) + END)
    with at_most(2):
        assert refusal(data) == "its unpacked size is over the limit of 4 MB"


def test_zeros_without_end_after_a_tar_are_not_unpacked() -> None:
    data = hostile.gzipped_zeros(100, first=FILE + END)
    with at_most(2):
        assert taken(data, listed(data, SMALL), SMALL) == {"hw2.ipynb": NOTEBOOK}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (member("hw2.ipynb", size=1 << 62) + b"x" * 512, "4,611,686,018,427 MB, is over the limit"),
        (pax([("size", str(1 << 62))]) + FILE + END, "is over the limit"),
        (pax([("size", "-512")]) + FILE + END, "declares a size that is no number"),
        (pax([("size", "9" * 5000)]) + FILE + END, "declares a size that is no number"),
        (pax([("comment", "x" * 70_000)]) + FILE + END, "its names and attributes are longer"),
        (member("L", tarfile.GNUTYPE_LONGNAME, size=1 << 40) + END, "its names and attributes are longer"),
        (pax([("path", "../../x")]) + FILE + END, "leads out"),
        (pax([("path", "x"), ("size", "0")], tarfile.XGLTYPE) + FILE + END, "damaged"),
        (member("x", tarfile.XHDTYPE, 8) + padded(b"99999999") + FILE + END, "damaged"),
        (member("x", tarfile.XHDTYPE, 6) + padded(b"6 path") + FILE + END, "damaged"),
        (member("x", size=-512) + END, "damaged"),
        (pax([("comment", "x")]) * 300 + FILE + END, "more than 50 files"),
        (FILE, "its end is missing"),
        (FILE[:700], "its end is missing"),
        (FILE + b"no header" * 100, "damaged"),
        (gzip.compress(FILE + END)[:-20], "its end is missing"),
        (gzip.compress(FILE + END)[:-8] + bytes(8), "damaged"),
        (gzip.compress(FILE) + gzip.compress(b"") * 200 + gzip.compress(END), "more than 100 gzip files in one"),
    ],
)
def test_tricks_with_tar_headers_are_refused(data: bytes, words: str) -> None:
    with at_most(2):
        assert words in refusal(data)


def test_attributes_of_all_entries_of_a_tar_are_bounded_together() -> None:
    attributes = pax([("a", "")] * 10_000)
    data = gzip.compress(b"".join(attributes + member(f"{n}.txt") for n in range(100)) + END)
    assert "its names and attributes are longer" in refusal(data, IntakeLimits())


def test_a_tar_that_git_or_a_parallel_gzip_wrote_is_read() -> None:
    comment = pax([("comment", "0123abcd")], tarfile.XGLTYPE)
    assert list(listed(comment + FILE + END)) == ["hw2.ipynb"]
    assert list(listed(gzip.compress(FILE) + gzip.compress(END))) == ["hw2.ipynb"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (bytes(10_240), "the file is empty"),
        (b"%PDF-1.7 ...", "cannot be opened: it is a PDF file, whatever its name says"),
        (b"Rar!\x1a\x07\x01\x00...", "cannot be opened: it is a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c...", "cannot be opened: it is a 7z archive"),
        (gzip.compress(NOTEBOOK), "cannot be opened: it is a gzip archive"),
        (NOTEBOOK, "cannot be opened: it is a notebook"),
        (b"<!DOCTYPE html><html>", "cannot be opened: it is a web page"),
        (b"plain text", "cannot be opened: it is no archive that is known"),
        (hostile.encrypted_zip(), "cannot be opened: it is encrypted; make it again without a password"),
        (zipped(("hw2.ipynb", NOTEBOOK))[:100], "its table of contents is cut off or damaged"),
        (zipped(("a", bytes(99)), method=zipfile.ZIP_LZMA), "method LZMA, which is not read"),
        (zipped(("a", b"content" * 99), method=zipfile.ZIP_STORED).replace(b"tco", b"TCO", 1), "damaged or cut off"),
        (hostile.zip_with_raw_name(b"\xff\xfe\xfd", utf8=True), "table of contents is cut off or damaged"),
    ],
)
def test_what_cannot_be_opened_is_told_with_the_reason(data: bytes, words: str) -> None:
    assert words in refusal(data)


NAMES = st.lists(st.from_regex(r"[a-z\u00e4\u4e2d][a-z0-9_]{0,8}(\.pt|\.py)?", fullmatch=True), min_size=1, max_size=4)


@given(
    files=st.dictionaries(NAMES.map("/".join), st.binary(max_size=3000), max_size=6),
    pack=st.sampled_from([zipped, tarred, lambda *e: gzip.compress(tarred(*e)), lambda *e: tarred(*e, form=1)]),
)
@settings(max_examples=100, deadline=None)
def test_an_honest_archive_comes_back_whole(files: dict[str, bytes], pack: Callable[..., bytes]) -> None:
    folders = {name[:at] for name in files for at in range(len(name)) if name[at] == "/"}
    honest = {name: content for name, content in files.items() if name not in folders and "aux" not in name}
    data = pack(*honest.items())
    try:
        assert taken(data, listed(data)) == honest
    except BadHandIn as error:
        assert "device on Windows" in str(error) or not honest


SEEDS = [
    zipped(("hw2.ipynb", NOTEBOOK), ("best.pt", bytes(600))),
    tarred(("hw2.ipynb", NOTEBOOK), ("\u00fc" * 80 + "/best.pt", bytes(600))),
    tarred(("hw2.ipynb", NOTEBOOK), ("n" * 90 + "/" + "n" * 90, bytes(600)), form=tarfile.GNU_FORMAT),
    gzip.compress(tarred(("hw2.ipynb", NOTEBOOK)), mtime=0),
    hostile.encrypted_zip(),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An archive with some bytes changed, cut out or put in."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 1, 1, 2, 4, 40]))
        data[at : at + length] = draw(st.binary(max_size=6))
    return bytes(data)


@given(st.one_of(st.binary(max_size=2000), damaged(), st.binary(max_size=600).map(lambda b: b"PK\x05\x06" + b)))
@example(b"PK\x05\x06" + bytes(18))
@example(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 46, 0, 0))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_are_files_or_a_refusal(data: bytes) -> None:
    try:
        files = taken(data, listed(data, SMALL), SMALL)
    except BadHandIn as error:
        assert str(error).isprintable()
    else:
        assert sum(map(len, files.values())) <= SMALL.total_bytes


def test_nothing_is_written_to_the_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    for pack in (zipped, tarred):
        for name in UNSAFE_NAMES:
            refusal(pack((name, b"evil")))
        data = pack(("ok.txt", b"fine"))
        assert taken(data, listed(data)) == {"ok.txt": b"fine"}
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "a", inside]
