"""The image grades a notebook with nothing but a course folder, a scratch space and a place for reports."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ci.autograder.test_grade import laid_out, results
from ci.conftest import Repository

COURSE = Path(__file__).resolve().parents[2]
# As README.md shows it.
HARDENED = (
    *("--rm", "--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--tmpfs", "/tmp"),
)
IMAGE = "localhost/grader:test"
# Prints every file that should be nowhere but in the course, and who looks.
LOOK = """
import os
for folder, inner, files in os.walk("/"):
    if folder == "/":
        inner[:] = [name for name in inner if name not in ("proc", "sys", "dev", "course", "reports")]
    for name in {"checks.py", "misconceptions.py", "solution.py", "pip.conf", ".git"} & {*inner, *files}:
        if os.path.getsize(os.path.join(folder, name)):  # the build leaves the mount point of its pip.conf behind
            print(os.path.join(folder, name))
print(os.getuid())
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """How podman is run here, once the image is built; GRADER_IMAGE names a folder that is kept for the next time."""
    missing = [name for name in ("podman", "debootstrap") if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root, podman and debootstrap; missing: {', '.join(missing) or 'root'}")
    folder = Path(os.environ.get("GRADER_IMAGE") or tmp_path_factory.mktemp("image"))
    script = str(Path(__file__).with_name("image.sh"))
    done = subprocess.run(("sh", script, str(folder)), capture_output=True, text=True, check=False, timeout=1800)
    assert done.returncode == 0, (done.stdout + done.stderr)[-5000:]
    return "sh", str(folder / "podman.sh")


def run(podman: tuple[str, ...], reports: Path, *arguments: str, entry: str = "") -> subprocess.CompletedProcess[str]:
    reports.mkdir(exist_ok=True)
    reports.chmod(0o777)
    options = (*HARDENED, "-v", f"{COURSE}:/course:ro", "-v", f"{reports}:/reports")
    entry_point = ("--entrypoint", entry) if entry else ()
    command = (*podman, "run", *options, *entry_point, IMAGE, *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def test_a_right_notebook_gets_full_marks_and_is_confined(podman: tuple[str, ...], tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    work = "reference/hw1/submissions/complete.ipynb"
    done = run(podman, reports, "submit", work, "--student", "alice", "--reports", "/reports")
    assert done.returncode == 0, done.stdout + done.stderr
    grade = json.loads((reports / "hw1/alice/attempt-1/grade.json").read_text())
    assert (grade["status"], grade["score"]) == ("graded", grade["max_score"])
    assert grade["score"] > 0
    assert any("Landlock" in layer for layer in grade["confinement"])
    assert any("seccomp" in layer for layer in grade["confinement"])
    assert (reports / "gradebook.sqlite").is_file()


def test_the_doctor_finds_the_inner_confinement(podman: tuple[str, ...], tmp_path: Path) -> None:
    done = run(podman, tmp_path / "reports", "doctor", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["mode"] in ("landlock", "namespaces")
    assert {"cpu"} <= set(found["devices"])


def test_nothing_of_the_course_or_of_this_machine_is_in_the_image(podman: tuple[str, ...], tmp_path: Path) -> None:
    done = run(podman, tmp_path / "reports", "-c", LOOK, entry="python")
    assert done.stdout == "10001\n", done.stdout + done.stderr


def test_the_versions_are_those_that_pyproject_names(podman: tuple[str, ...], tmp_path: Path) -> None:
    pins = dict(re.findall(r'^    "([\w-]+)==([^";]+)"', (COURSE / "pyproject.toml").read_text(), re.MULTILINE))
    listing = "from importlib.metadata import distributions as d; print(*(f'{x.name}=={x.version}' for x in d()))"
    done = run(podman, tmp_path / "reports", "-c", listing, entry="python")
    there = dict(each.split("==") for each in done.stdout.split())
    same = {name.lower().replace("_", "-"): version.split("+")[0] for name, version in there.items()}
    assert {name: same[name] for name in pins if name in same} == {name: pins[name] for name in pins if name in same}
    assert {"torch", "numpy", "ipython", "sqlalchemy", "psycopg"} <= set(same) & set(pins)


def test_gradescope_grades_in_it(podman: tuple[str, ...], tmp_path: Path) -> None:
    root = laid_out(tmp_path / "autograder", COURSE, "hw1")
    shutil.copy(COURSE / "reference/hw1/submissions/complete.ipynb", root / "submission")
    # As Gradescope runs it: as root, with an engine's usual rights, the scripts in /autograder.
    options = ("--rm", "--network", "none", "--user", "0", "-v", f"{root}:/autograder", "-w", "/autograder")
    steps = "bash source/setup.sh && ./run_autograder"
    command = (*podman, "run", *options, "--entrypoint", "bash", IMAGE, "-c", steps)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "own account (60001 and up)" in done.stdout.partition("confined by: ")[2]
    assert results(root)["score"] == 100.0


def test_a_students_checkout_is_graded_by_the_mounted_course(podman: tuple[str, ...], tmp_path: Path) -> None:
    student = Repository(tmp_path / "student")
    student.write("hw1.ipynb", (COURSE / "reference/hw1/submissions/complete.ipynb").read_text())
    student.write("grader.py", "raise SystemExit('imported')")
    student.commit()
    reports = tmp_path / "reports"
    reports.mkdir()
    reports.chmod(0o777)
    mounts = (f"{COURSE}:/course:ro", f"{student.root}:/submission:ro", f"{reports}:/reports")
    options = (*HARDENED, *(word for mount in mounts for word in ("-v", mount)), "-w", "/submission")
    arguments = ("ci", "--course", "/course", "--out", "/reports/ci", "--fail-under", "100")
    command = (*podman, "run", *options, IMAGE, *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "git is not installed here: all notebooks are graded" in done.stdout
    assert (reports / "ci" / "gl-code-quality-report.json").is_file()
