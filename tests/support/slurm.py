"""A Slurm of one node on this machine, in a folder of its own: Debian's slurmctld, slurmd and munge, for one test."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo")
_START_SECONDS = 60.0
_CONFIGURATION = """
ClusterName=grader
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket
CredType=cred/munge
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={megabytes} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """Takes jobs.

    Args:
        configuration: The file that its commands read.
    """

    def __init__(self, configuration: Path) -> None:
        self._environment = {**os.environ, "SLURM_CONF": str(configuration)}

    def ask(self, command: Sequence[str], place: Path | None = None) -> str:
        """What one of Slurm's commands prints."""
        done = subprocess.run(
            command, cwd=place, env=self._environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def states(self, job: str) -> list[str]:
        """The state of each part of an array."""
        shown = self.ask(["scontrol", "show", "job", job]).split()
        return [word.removeprefix("JobState=") for word in shown if word.startswith("JobState=")]


@contextmanager
def one_node_slurm(place: Path, cpus: int, megabytes: int) -> Iterator[Slurm]:
    """Start Slurm for the block; skips where it is not installed.

    Args:
        place: An empty folder for its state; its path must be short, since a socket is in it.
        cpus: How many processors the node is said to have.
        megabytes: How much memory.
    """
    search = f"{os.environ['PATH']}:/usr/sbin"
    programs = {name: shutil.which(name, path=search) for name in _PROGRAMS}
    missing = [name for name, found in programs.items() if found is None]
    if missing or os.geteuid():
        pytest.skip(f"needs root and Slurm, which lacks {', '.join(missing) or 'nothing'}: slurm-wlm, munge in Debian")
    for folder in ("state", "spool"):
        (place / folder).mkdir()
    place.chmod(0o755)
    key, configuration = place / "key", place / "slurm.conf"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(1024))
    known = {"host": socket.gethostname(), "place": place, "cpus": cpus, "megabytes": megabytes}
    configuration.write_text(_CONFIGURATION.format(**known, controller=_free_port(), node=_free_port()))
    munge = [f"--{what}={place}/{name}" for what, name in _MUNGE.items()]
    with ExitStack() as stack:
        stack.enter_context(_daemon(place, [str(programs["munged"]), "--foreground", "--force", *munge]))
        _wait_until((place / "munge.socket").exists, place)
        for name in ("slurmctld", "slurmd"):
            stack.enter_context(_daemon(place, [str(programs[name]), "-D", "-f", str(configuration)]))
        slurm = Slurm(configuration)
        _wait_until(lambda: "idle" in _sinfo(configuration), place)
        yield slurm


_MUNGE = {
    "key-file": "key",
    "socket": "munge.socket",
    "pid-file": "munged.pid",
    "log-file": "munged.log",
    "seed-file": "munged.seed",
}


@contextmanager
def _daemon(place: Path, command: list[str]) -> Iterator[None]:
    environment = {**os.environ, "SLURM_CONF": str(place / "slurm.conf")}
    with (place / f"{Path(command[0]).name}.out").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _sinfo(configuration: Path) -> str:
    environment = {**os.environ, "SLURM_CONF": str(configuration)}
    command = ["sinfo", "--noheader", "--format=%T"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout


def _wait_until(true: object, place: Path) -> None:
    assert callable(true)
    deadline = time.monotonic() + _START_SECONDS
    while not true():
        if time.monotonic() > deadline:
            logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in place.glob("*.out"))
            pytest.fail(f"Slurm did not start:\n{logs}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
