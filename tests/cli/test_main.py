"""The command line: quick to start, and one clear sentence for input that cannot be used."""

import subprocess
import sys
from pathlib import Path

import pytest

from grader.cli import main
from grader.observe.engine import EngineFault

HEAVY = (
    "torch",
    "torchvision",
    "numpy",
    "nbformat",
    "nbconvert",
    "IPython",
    "sqlalchemy",
    "jinja2",
    "rich",
    "jupytext",
)


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grader", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom grader.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print('loaded:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "loaded: []" in done.stdout
    assert "submit" in done.stdout


def test_the_script_and_the_module_are_the_same_thing() -> None:
    script = Path(sys.executable).with_name("grader")
    of_script = subprocess.run([script, "--version"], capture_output=True, text=True, check=True).stdout
    assert of_script == run("--version").stdout
    assert of_script.startswith("grader ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["submit", "nowhere.ipynb"], "nowhere.ipynb: there is no such file; check the name and the folder"),
        (["submit", "."], ". is a folder; name the notebook in it"),
    ],
)
def test_bad_input_is_told_in_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said == f"grader: {words}\n"


def test_an_unknown_device_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["submit", "x.ipynb", "--devices", "cpu,tpu"])
    assert stopped.value.code == 2
    assert "'cpu,tpu' is no list of cpu, cuda, mps, rehearsal, or auto alone" in capsys.readouterr().err


def test_a_fault_of_the_grader_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> int:
        raise EngineFault("torch could not be imported: it is not installed")

    monkeypatch.setattr("grader.cli.doctor.run", broken)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().err == "grader: torch could not be imported: it is not installed\n"
