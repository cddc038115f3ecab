"""Archives and the files beside a notebook, through `submit`: graded, or recorded with the reason."""

import io
import json
import os
import zipfile
from pathlib import Path

import msgspec
import nbformat
import pytest
import torch
from intake import hostile
from intake.hostile import END, NOTEBOOK, member, tarred, zipped
from nbformat.v4 import new_code_cell, new_notebook

from grader.cli import main
from grader.gradebook import Gradebook
from grader.grading.model import Grade
from grader.intake.handin import receive
from grader.observe.engine import Engine
from grader.submission.ahead import Options, open_handed_in

SETTINGS = """
title = "Weights"
files = ["*.pt", "more/*"]
data = ["data"]

[limits]
cell_seconds = 2
check_seconds = 5
memory_bytes = 1_500_000_000

[[exercise]]
id = "train"
title = "Train it"
points = 4
"""
SOLUTION = """# %%
import torch
torch.save({"w": torch.arange(3.0)}, "best.pt")

# %%
def train():
    ### BEGIN SOLUTION
    return torch.load("best.pt")["w"]
    ### END SOLUTION
"""
CHECKS = '''
from pathlib import Path
from grader.authoring import check, load_weights

@check(exercise="train", points=3)
def weights_that_were_handed_in(work, rng):
    """The weights in best.pt."""
    return load_weights("best.pt")

@check(exercise="train", points=1)
def data_of_the_course(work, rng):
    """The course's data is as it was."""
    return {"data": Path("data/numbers.txt").read_text()}
'''
TRAIN = "def train():\n    return 1"


class Shared:
    """The tests' one engine, which a command may close without ending it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)

    def close(self) -> None:
        """Other tests go on with it."""


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> Path:
    monkeypatch.setattr("grader.cli.submit.start_engine", lambda *_: Shared(engine))
    folder = tmp_path / "course" / "reference" / "small"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "numbers.txt").write_text("1 2 3")
    (folder / "assignment.toml").write_text(SETTINGS)
    (folder / "solution.py").write_text(SOLUTION)
    (folder / "checks.py").write_text(CHECKS)
    monkeypatch.chdir(tmp_path / "course")
    return tmp_path / "course"


def submit(path: Path, *options: str) -> tuple[int, Grade]:
    code = main(["submit", str(path), "--assignment", "small", "--student", "alice", *options])
    rows = Gradebook(f"sqlite:///{path.parent / 'reports' / 'gradebook.sqlite'}").attempts("small", "alice")
    written = (Path(rows[-1].folder) / "grade.json").read_bytes()
    return code, msgspec.json.decode(written, type=Grade)


def notebook(*cells: str) -> bytes:
    return nbformat.writes(new_notebook(cells=[new_code_cell(cell) for cell in cells])).encode()


def weights(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


RIGHT = weights({"w": torch.arange(3.0)})


def message(grade: Grade) -> str:
    return grade.exercises[0].checks[0].runs[0].message


@pytest.mark.parametrize("name", ["small.zip", "small.tar.gz", "small.tgz", "small.tar"])
def test_an_archive_is_graded_with_the_files_in_it(course: Path, name: str) -> None:
    pack = zipped if name.endswith("zip") else tarred
    content = pack(("small/small.ipynb", notebook(TRAIN)), ("small/best.pt", RIGHT), ("small/x.bin", b"x"))
    (course / name).write_bytes(content)
    code, grade = submit(course / name)
    assert (code, grade.status, grade.score, grade.submission) == (0, "graded", 4.0, name)
    assert "not taken along: small/x.bin; assignment.toml allows *.pt, more/* beside the notebook" in grade.notices
    attempt = course / "reports" / "small" / "alice" / "attempt-1"
    assert (attempt / f"submission{name.removeprefix('small')}").read_bytes() == content
    assert not (attempt / "files").exists()


def test_files_beside_a_plain_notebook_are_graded_and_kept(course: Path) -> None:
    (course / "small.ipynb").write_bytes(notebook(TRAIN))
    (course / "best.pt").write_bytes(RIGHT)
    (course / "notes.txt").write_text("not asked for")
    code, grade = submit(course / "small.ipynb")
    assert (code, grade.score, grade.notices[:-1]) == (0, 4.0, ())
    kept = course / "reports" / "small" / "alice" / "attempt-1" / "files"
    assert [path.relative_to(kept).as_posix() for path in kept.rglob("*")] == ["best.pt"]


def test_without_the_weights_the_check_says_what_is_missing(course: Path) -> None:
    (course / "small.zip").write_bytes(zipped(("small.ipynb", notebook(TRAIN))))
    _, grade = submit(course / "small.zip")
    assert grade.score == 1.0
    assert "best.pt: there is no such file" in message(grade)


def test_a_checkpoint_that_holds_a_command_is_refused_and_never_run(course: Path) -> None:
    class Command:
        def __reduce__(self) -> object:
            return os.system, (f"touch {course}/PWNED",)

    (course / "small.zip").write_bytes(zipped(("small.ipynb", notebook(TRAIN)), ("best.pt", weights(Command()))))
    code, grade = submit(course / "small.zip")
    assert (code, grade.status, grade.score) == (0, "graded", 1.0)
    assert "best.pt holds more than weights: posix.system" in message(grade)
    assert not (course / "PWNED").exists()


def test_the_files_are_in_the_students_session_and_in_no_other(course: Path) -> None:
    # The reference's session would fail on a best.pt that is no checkpoint, were it there before its own is written.
    (course / "reference" / "small" / "solution.py").write_text(
        SOLUTION.replace("import torch\n", "import torch, pathlib\nassert not pathlib.Path('more').exists()\n")
    )
    cell = "import pathlib\nfound = pathlib.Path('more/a.txt').read_text()\nassert found == 'deep'"
    entries = (("small.ipynb", notebook(TRAIN, cell)), ("best.pt", RIGHT), ("more/a.txt", b"deep"))
    (course / "small.zip").write_bytes(zipped(*entries))
    _, grade = submit(course / "small.zip")
    assert (grade.score, grade.cells) == (4.0, ())


def test_a_cell_that_is_stopped_finds_the_files_again(course: Path) -> None:
    cells = ("while True: pass", "import pathlib\nassert pathlib.Path('best.pt').exists()")
    (course / "small.zip").write_bytes(zipped(("small.ipynb", notebook(TRAIN, *cells)), ("best.pt", RIGHT)))
    _, grade = submit(course / "small.zip")
    assert [cell.cell for cell in grade.cells] == [2]
    assert grade.score == 4.0


def test_the_courses_data_stays_the_courses(course: Path) -> None:
    entries = (("small.ipynb", notebook(TRAIN)), ("best.pt", RIGHT), ("more/x", b""), ("data/numbers.txt", b"9 9 9"))
    (course / "reference" / "small" / "assignment.toml").write_text(SETTINGS.replace('"more/*"', '"data/*"'))
    (course / "small.zip").write_bytes(zipped(*entries))
    _, grade = submit(course / "small.zip")
    assert grade.score == 4.0
    assert "not taken along: data/numbers.txt; the assignment brings its own" in grade.notices


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("small.zip", zipped(("small.ipynb", NOTEBOOK), ("../../up.txt", b"evil")), 'unsafe name "../../up.txt"'),
        ("small.zip", hostile.zip_of_links(("best.pt", "/etc/passwd")), '"best.pt" is a symbolic link'),
        ("small.tar", member("disk", b"4") + END, '"disk" is a device'),
        ("small.zip", hostile.zip_of_zeros(200), "over the limit of 134 MB"),
        ("small.zip", hostile.zip_that_lies(bytes(1 << 20), 10), "holds more than the 10 bytes"),
        ("small.tgz", hostile.gzipped_zeros(200, member("a", size=200 << 20)), "over the limit of 134 MB"),
        ("small.zip", hostile.encrypted_zip(), "it is encrypted; make it again without a password"),
        ("small.zip", b"%PDF-1.7", "it is a PDF file, whatever its name says"),
        ("small.zip", b"", "the file is empty"),
        ("small.rar", b"Rar!", ".rar files are not opened"),
        ("small.zip", zipped(("a.pdf", b"")), "it holds no notebook (.ipynb) but a.pdf"),
        ("small.zip", zipped(("a.ipynb", NOTEBOOK), ("b.ipynb", NOTEBOOK)), "several notebooks, a.ipynb, b.ipynb"),
        ("small.zip", zipped(("hw/small.ipynb", b"{")), "small.zip: small.ipynb: it is not valid JSON"),
    ],
)
def test_an_archive_that_cannot_be_opened_is_recorded_with_the_reason(
    course: Path, name: str, content: bytes, words: str
) -> None:
    (course / name).write_bytes(content)
    before = sorted(course.parent.rglob("*"))
    code, grade = submit(course / name)
    assert (code, grade.status, grade.score, grade.max_score) == (2, "unreadable", 0.0, 4.0)
    assert words in grade.reason
    assert grade.reason.startswith(f"{name}: ")
    new = {path.relative_to(course.parent).parts[:2] for path in course.parent.rglob("*") if path not in before}
    assert new == {("course", "reports")}


def test_a_file_of_weights_that_is_damaged_is_told_before_anything_runs(course: Path) -> None:
    data = bytearray(zipped(("small.ipynb", notebook(TRAIN)), ("best.pt", RIGHT), method=zipfile.ZIP_STORED))
    at = data.find(b"PK\x03\x04", 10)
    data[at + 200] ^= 0xFF
    (course / "small.zip").write_bytes(data)
    code, grade = submit(course / "small.zip")
    assert (code, grade.status) == (2, "unreadable")
    assert 'small.zip: "best.pt" cannot be unpacked: it is damaged or cut off' in grade.reason


def test_the_notebook_named_after_the_assignment_is_meant(course: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = (("scratch.ipynb", notebook("x = 1")), ("alice_small.ipynb", notebook(TRAIN)), ("best.pt", RIGHT))
    (course / "upload-4711.zip").write_bytes(zipped(*entries))
    _, grade = submit(course / "upload-4711.zip")
    assert grade.score == 4.0
    assert "upload-4711.zip holds 2 notebooks: alice_small.ipynb was graded, not scratch.ipynb" in grade.notices
    (course / "lovelace_small.zip").write_bytes(zipped(*entries))
    opened = open_handed_in(Options(course / "lovelace_small.zip"), receive(course / "lovelace_small.zip"))
    assert opened.name == "alice_small.ipynb"
    assert main(["submit", str(course / "upload-4711.zip"), "--student", "alice"]) == 2
    assert "holds several notebooks" in capsys.readouterr().err


def test_two_hand_ins_that_differ_in_their_files_have_two_digests(course: Path) -> None:
    (course / "small.ipynb").write_bytes(notebook(TRAIN))
    digests = set()
    for value in (RIGHT, weights({"w": torch.zeros(3)})):
        (course / "best.pt").write_bytes(value)
        submit(course / "small.ipynb")
    for number in (1, 2):
        grade = json.loads((course / f"reports/small/alice/attempt-{number}/grade.json").read_text())
        digests.add(grade["digest"])
    assert len(digests) == 2
