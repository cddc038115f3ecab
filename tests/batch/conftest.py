"""A small course and hand-ins for it, graded by real slots."""

from collections.abc import Callable
from pathlib import Path

import pytest
from verify.conftest import FILES

from grader.batch.batch import Options

GOOD = "# %%\nimport torch\ndef double(x):\n    return 2 * x\n\n# %%\ndef halve(x):\n    return x / 2\n"
HALF = GOOD.replace("x / 2", "x - 1")


@pytest.fixture
def course(tmp_path: Path) -> Path:
    home = tmp_path / "course" / "reference" / "toy"
    home.mkdir(parents=True)
    for name, text in FILES.items():
        (home / name).write_text(text)
    return tmp_path / "course"


@pytest.fixture
def options(course: Path, tmp_path: Path) -> Callable[..., Options]:
    """Options for hand-ins by student: ``options({"alice": source})``; more calls change the hand-ins."""

    def make(handed_in: dict[str, str], **changes: object) -> Options:
        folder = tmp_path / "submissions"
        folder.mkdir(exist_ok=True)
        for student, source in handed_in.items():
            (folder / student).mkdir(exist_ok=True)
            (folder / student / "toy.py").write_text(source)
        known: dict[str, object] = {"workers": 2, "reports": tmp_path / "reports"} | changes
        return Options(assignment="toy", submissions=folder, course=course, **known)  # type: ignore[arg-type]

    return make
