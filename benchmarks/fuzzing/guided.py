"""Coverage-guided fuzzing with atheris (``uv sync --group fuzz``), which learns from the code what to try next."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

from fuzzing.doors import DOORS
from fuzzing.worker import MEMORY_BYTES, SLOW_SECONDS

_SEEDS = 300
_LARGEST_BYTES = 20_000
# The packages whose branches guide it; instrumenting all of torch would take minutes and guide nowhere.
_INSTRUMENTED = ("grader", "json", "nbconvert", "mistune", "pygments", "tomllib")


def try_guided(door: str, seconds: int, seed: str, findings: Path) -> int:
    """Fuzz a door for some time in a process of its own; libFuzzer prints what it does.

    Returns:
        0 where nothing was found; inputs that found something lie in the folder of findings.
    """
    folder = findings / door
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="grader-fuzz-") as name:
        for index in range(_SEEDS):
            data = DOORS[door].make(Random(f"{seed} {door} guided {index}"))[:_LARGEST_BYTES]
            (Path(name) / f"seed-{index}").write_bytes(data)
        command = [sys.executable, str(Path(__file__).parents[1] / "fuzz.py"), "--guided", name, "--door", door]
        command += ["--seconds", str(seconds), "--findings", str(folder)]
        return subprocess.run(command, check=False).returncode


def guide(door: str, corpus: str, seconds: int, findings: Path) -> None:
    """Be that process; never returns."""
    import atheris

    with atheris.instrument_imports(include=list(_INSTRUMENTED)), tempfile.TemporaryDirectory() as name:
        enter, scratch = DOORS[door].enter, Path(name)
        for path in sorted(Path(corpus).iterdir())[:50]:
            enter(path.read_bytes(), scratch)  # imports what the door needs while imports are instrumented
        options = [
            *(f"-max_total_time={seconds}", f"-max_len={_LARGEST_BYTES}", f"-artifact_prefix={findings}/guided-"),
            *(f"-timeout={int(SLOW_SECONDS * 10)}", f"-rss_limit_mb={MEMORY_BYTES >> 20}", "-print_final_stats=1"),
        ]
        atheris.Setup([sys.argv[0], *options, corpus], lambda data: _enter(enter, data, scratch))
        atheris.Fuzz()


def _enter(enter: object, data: bytes, scratch: Path) -> None:
    if data:
        enter(data, scratch)  # type: ignore[operator]
