"""A class of five at a small assignment, graded once; each test has a copy of it and changes one thing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.shared import Shared

from grader.cli import main
from grader.gradebook.classroom import Classroom
from grader.observe.engine import Engine

SETTINGS = """
title = "Toy"
[limits]
check_seconds = 5
[[exercise]]
id = "double"
title = "Double"
points = 3
[[exercise]]
id = "halve"
title = "Halve"
points = 2
"""
SOLUTION = """# %%
def double(x):
    return 2 * x


# %%
def halve(x):
    return x / 2
"""
CHECKS = '''
from grader.authoring import check, close


@check(exercise="double", points=1)
def doubled(work, rng):
    """It is doubled."""
    return {"twice": work.double(rng.normal(4))}


@check(exercise="double", points=2, visibility="hidden")
def doubled_matrix(work, rng):
    """Matrices are doubled."""
    return {"twice": work.double(rng.normal(3, 3))}


@check(exercise="halve", points=2)
def halved(work, rng):
    """It is halved."""
    return {"half": work.halve(rng.normal(4))}
'''
MISCONCEPTIONS = '''
from grader.authoring import misconception


@misconception(exercise="double")
def adds_two(work):
    """Adding two doubles the number 2 only."""
    return {"double": lambda x: x + 2}
'''
FILES = {
    "assignment.toml": SETTINGS,
    "solution.py": SOLUTION,
    "checks.py": CHECKS,
    "misconceptions.py": MISCONCEPTIONS,
}
HALVE = "\n# %%\ndef halve(x):\n    return x / 2\n"
# Who hands in what, with which seed. Carol is a little off; dora forgot one, after a cell that fails.
CLASS = {
    "alice": ("# %%\ndef double(x):\n    return x + x\n" + HALVE, "s"),
    "bob": ("# %%\ndef double(x):\n    print('adding')\n    return x + 2\n" + HALVE, "s"),
    "carol": ("# %%\ndef double(x):\n    return 2.001 * x\n" + HALVE, "another"),
    "dora": ("# %%\nraise ValueError('oh')\ndef double(x):\n    return 2 * x\n" + HALVE, "s"),
    "eve": ("{ no notebook", "s"),
}

Course = Callable[..., Path]


@pytest.fixture(scope="session")
def graded(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[Path]:
    """The course folder after everybody was graded."""
    root = tmp_path_factory.mktemp("graded")
    home = root / "reference" / "toy"
    home.mkdir(parents=True)
    for name, text in FILES.items():
        (home / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr("grader.cli.submit.start_engine", lambda *_: Shared(engine))
        for student, (text, seed) in CLASS.items():
            path = root / ("toy.ipynb" if text.startswith("{") else "toy.py")
            path.write_text(text)
            main(["submit", str(path), "--assignment", "toy", "--student", student, "--seed", seed])
            path.unlink()
    yield root


@pytest.fixture
def course(graded: Path, tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Course:
    """Makes a copy with some texts replaced, and goes there: ``course({"checks.py": ("old", "new")})``."""

    def make(changes: dict[str, tuple[str, str]] | None = None) -> Path:
        root = tmp_path / "course"
        shutil.copytree(graded, root)
        for name, (old, new) in (changes or {}).items():
            path = root / "reference" / "toy" / name
            assert old in path.read_text()
            path.write_text(path.read_text().replace(old, new))
        monkeypatch.chdir(root)
        monkeypatch.setattr("grader.cli.rejudge.open_engine", lambda *_: Shared(engine))
        return root

    return make


@pytest.fixture
def classroom() -> Iterator[Callable[[], Classroom]]:
    """Opens the class of the current folder."""
    opened: list[Classroom] = []

    def open_it() -> Classroom:
        opened.append(Classroom.open(Path("reports/gradebook.sqlite"), Path()))
        return opened[-1]

    yield open_it
    for each in opened:
        each.book.close()
