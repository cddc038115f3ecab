"""Classes graded by commands in processes of their own, which tests kill; and what they leave, in a form that compares.

What two runs leave is the same byte for byte but for clocks: how long things took stands in grade.json, in the
gradebook's copy of it and in the reports. `left_by` sets those seconds to zero and compares all else: the tables of the
gradebook row by row with their ids, what is printed and exported from it, every attempt's files.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import chdir, closing, redirect_stdout, suppress
from pathlib import Path
from typing import Any

from grader.cli import main
from grader.observe.processes import children, descendants

SLOT, ZYGOTE = "grader.batch.slot", "grader.observe.zygote"
SEED = "the same inputs in every run"
_CLOCKS = ("seconds", "start_seconds", "notebook_seconds", "checks_seconds", "total_seconds")
_ENDING_SECONDS = 60.0


class Classroom:
    """A course and what a class handed in, graded in as many folders as a test likes.

    Args:
        home: An empty folder.
        assignment: The assignment's name.
        reference: The assignment's files by name.
        handed_in: The notebooks by student.
        suffix: Their file name's ending.
    """

    def __init__(
        self,
        home: Path,
        assignment: str,
        reference: Mapping[str, bytes],
        handed_in: Mapping[str, bytes],
        suffix: str = ".py",
    ) -> None:
        self.home = home
        self.assignment = assignment
        self.students = tuple(sorted(handed_in))
        for name, data in reference.items():
            _write(home / "course" / "reference" / assignment / name, data)
        for student, data in handed_in.items():
            _write(home / "submissions" / student / f"{assignment}{suffix}", data)

    def graded_in(self, name: str) -> Grading:
        """A folder of its own to grade the class in; all of them use the same seed."""
        place = self.home / "runs" / name
        work = place / "reports" / self.assignment / ".batch"
        work.mkdir(parents=True, mode=0o700)
        (work / "seed").write_text(SEED)
        (place / "tmp").mkdir()
        # Where root has no right to read past permissions, student code, which gets an account of its own, has to reach
        # its folder below this one.
        for folder in (place, *place.parents):
            if folder.is_relative_to(tempfile.gettempdir()) and folder.stat().st_uid == os.geteuid():
                folder.chmod(folder.stat().st_mode | 0o011)
        return Grading(self, place)


class Grading:
    """One folder in which a class is graded, with commands as a person gives them.

    Args:
        classroom: The class.
        place: The folder; reports, gradebook and temporary files are in it.
    """

    def __init__(self, classroom: Classroom, place: Path) -> None:
        self.classroom = classroom
        self.place = place
        self.reports = place / "reports" / classroom.assignment

    def batch(self, *options: str) -> list[str]:
        """The command that grades the class."""
        where = ["../../submissions", "--course", "../../course"]
        return [sys.executable, "-m", "grader", "batch", self.classroom.assignment, *where, *options]

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Begin to grade."""
        return subprocess.Popen(self.batch(*options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **self._here())

    def grade(self, *options: str) -> str:
        """Grade to the end; returns what was printed."""
        command = self.batch(*options)
        done = subprocess.run(command, capture_output=True, check=False, **self._here())
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def ask(self, *arguments: str) -> str:
        """What another command of the grader prints, one that starts no process."""
        printed = io.StringIO()
        with chdir(self.place), redirect_stdout(printed):
            assert main(arguments) == 0
        return printed.getvalue()

    def finished(self) -> int:
        """How many attempts are there."""
        return len(list(self.reports.glob("*/attempt-*/grade.json")))

    def _here(self) -> dict[str, Any]:
        return {"cwd": self.place, "text": True, "env": {**os.environ, "TMPDIR": str(self.place / "tmp")}}


def left_by(grading: Grading) -> dict[str, str]:
    """All that grading a class has left, as text by name, clocks at zero.

    What was kept of the reference is for the next batch: a slot that is killed may leave half of a file there.
    """
    name, place = grading.classroom.assignment, grading.place
    left = {"grades --csv": grading.ask("grades", name, "--csv", "--course", "../../course")}
    for form in ("csv", "jsonl"):
        grading.ask("export", form, name, "--out", f"tmp/{form}", "--course", "../../course")
        left[f"export {form}"] = (place / "tmp" / form).read_text()
    left |= _tables(place / "reports" / "gradebook.sqlite")
    for path in sorted(grading.reports.glob("**/*")):
        if path.is_file() and "/.batch/reference/" not in path.as_posix():
            left[str(path.relative_to(place))] = _of_file(path)
    return left


def _tables(book: Path) -> dict[str, str]:
    with closing(sqlite3.connect(book)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = {}
        for name in sorted(names):
            cursor = connection.execute(f"SELECT * FROM {name} ORDER BY 1")
            columns = [column[0] for column in cursor.description]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor]
            for row in rows:
                if "grade_json" in row:
                    row["grade_json"] = _still(json.loads(row["grade_json"]))
            tables[f"table {name}"] = "\n".join(json.dumps(row) for row in rows)
        return tables


def _of_file(path: Path) -> str:
    data = path.read_bytes()
    if path.name == "grade.json":
        return json.dumps(_still(json.loads(data)))
    if path.suffix == ".html":  # the seconds in it were counted before it was laid out
        return f"a page, {'whole' if data.rstrip().endswith(b'</html>') else 'cut'}"
    return hashlib.sha256(data).hexdigest()


def _still(value: Any) -> Any:
    """A value from JSON in which all clocks stand at zero."""
    if isinstance(value, dict):
        return {key: 0.0 if key in _CLOCKS else _still(each) for key, each in value.items()}
    return [_still(each) for each in value] if isinstance(value, list) else value


def slots_of(batch: int) -> list[int]:
    """The slots that a process has started."""
    return [pid for pid in children(batch) if SLOT in command_of(pid)]


def zygotes_of(batch: int) -> list[int]:
    """The zygotes of its slots: of each the process that waits, and where there is one, the one that forks."""
    outer = [pid for slot in slots_of(batch) for pid in children(slot) if ZYGOTE in command_of(pid)]
    return outer + [pid for each in outer for pid in children(each)[:1]]


def command_of(pid: int) -> str:
    """A process's command line; "" where it has gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")
    return ""


def kill(pid: int) -> bool:
    """Kill a process; False where it had gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


class Tree:
    """A process and all that it has started by now, to see later whether something of it is left."""

    def __init__(self, root: int) -> None:
        self._born = {pid: _born(pid) for pid in (root, *descendants(root))}

    def left(self) -> list[str]:
        """What of it still runs after some seconds."""
        deadline = time.monotonic() + _ENDING_SECONDS
        while (left := [pid for pid, born in self._born.items() if born and _born(pid) == born]) and (
            time.monotonic() < deadline
        ):
            time.sleep(0.05)
        return [f"{pid}: {command_of(pid)}" for pid in left]


def _born(pid: int) -> str:
    """When a process was started (proc(5), stat); "" for one that has ended."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (OSError, ValueError):
        return ""
    return "" if state in "ZX" else rest[18]


def wait_until(true: Callable[[], object], process: subprocess.Popen[str]) -> bool:
    """Wait for something while a command runs; False where the command ended before."""
    while not true():
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    return True


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
