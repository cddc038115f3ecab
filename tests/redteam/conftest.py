"""A toy course in a place of its own, one zygote for each mode that works here, and a neighbour who must not notice."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from redteam import toy
from redteam.neighbour import Neighbour
from redteam.traces import Listener

from grader.assignment.folder import Assignment
from grader.confine.plan import why_not
from grader.grading.model import Grade
from grader.grading.run import GradingRun
from grader.observe.warm import Zygote

SEED = "the seed of the red team"


@dataclass(frozen=True)
class Field:
    """Where attacks take place.

    Attributes:
        place: The folder that holds everything below; temporary files are made there too.
        assignment: The toy, in a course folder that everybody may read.
        tokens: What is hidden there, and in the environment and behind the sockets of this process.
        listener: Sockets of this process.
    """

    place: Path
    assignment: Assignment
    tokens: toy.Secrets
    listener: Listener

    @property
    def filled(self) -> dict[str, object]:
        """What an attack knows of its target."""
        return {
            "course": self.assignment.root,
            "pid": os.getpid(),
            "port": self.listener.port,
            "socket": self.listener.path,
            "abstract": self.listener.abstract,
        }


@pytest.fixture(scope="module")
def field() -> Iterator[Field]:
    """A toy course beside the only folder for temporary files, both open to every account of this machine."""
    tokens, kept = toy.Secrets(), tempfile.tempdir
    place = Path(tempfile.mkdtemp(prefix="grader-redteam-"))
    (place / "tmp").mkdir()
    place.chmod(0o755)
    listener = Listener(tokens.network, place)
    os.environ["REDTEAM_SECRET"] = tokens.environment
    tempfile.tempdir = str(place / "tmp")
    try:
        yield Field(place, toy.build(place / "course", tokens), tokens, listener)
    finally:
        tempfile.tempdir = kept
        del os.environ["REDTEAM_SECRET"]
        listener.close()
        shutil.rmtree(place)


@pytest.fixture(scope="module", params=["namespaces", pytest.param("landlock", marks=pytest.mark.slow)])
def zygote(request: pytest.FixtureRequest, field: Field) -> Iterator[Zygote]:
    """A zygote whose forks are confined in one of the modes; never one whose forks are not."""
    if sys.platform != "linux":
        pytest.skip("code is confined on Linux only")
    if why := why_not(request.param):
        pytest.skip(f"{request.param} does not work here: {why}")
    started = Zygote(confinement="landlock" if request.param == "landlock" else "strict")
    try:
        # Some of what follows kills whatever it may signal: nothing runs unless this is so.
        assert started.mode == request.param
        assert started.layers
        yield started
    finally:
        started.close()


@pytest.fixture(scope="module")
def neighbour(zygote: Zygote) -> Iterator[Neighbour]:
    """Somebody else's session, which is there all the time."""
    found = Neighbour(zygote)
    yield found
    found.close()


@pytest.fixture(scope="module")
def honest(field: Field, zygote: Zygote) -> dict[str, Grade]:
    """What each honest notebook gets."""
    with GradingRun(field.assignment, zygote, SEED) as run:
        return {name: run.grade(toy.submission(cells)).grade for name, cells in toy.BASES.items()}
