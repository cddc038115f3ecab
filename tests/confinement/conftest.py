"""What a probe needs: one engine for each way of confining that works here, and a way to run code inside."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from grader.assignment.model import Limits
from grader.confine.plan import why_not
from grader.observe.protocol import CheckSource
from grader.observe.results import CellEnd
from grader.observe.supervisor import Session
from grader.observe.warm import Zygote
from grader.wire.decode import decode
from grader.wire.outcome import Outcome, Returned

PROBE = CheckSource(
    source=(
        "from grader.authoring import check\n"
        "@check(exercise='probe', points=1)\n"
        "def probe(work, rng):\n"
        "    'What the code inside found.'\n"
        "    return work.probe()\n"
    ),
    name="probe",
    seed="0",
)
LIMITS = Limits(notebook_seconds=20, cell_seconds=10, check_seconds=10, scratch_bytes=20_000_000, processes=40)


@pytest.fixture(scope="session", params=["namespaces", "landlock"])
def confined(request: pytest.FixtureRequest) -> Iterator[Zygote]:
    """A zygote whose forks are confined, once for each mode that works on this machine."""
    if sys.platform != "linux":
        pytest.skip("code is confined on Linux only")
    if why := why_not(request.param):
        pytest.skip(f"{request.param} does not work here: {why}")
    zygote = Zygote(confinement="landlock" if request.param == "landlock" else "strict")
    assert zygote.mode == request.param
    yield zygote
    zygote.close()


class Inside:
    """Runs code inside the confinement, as a student's notebook and check."""

    def __init__(self, engine: Zygote) -> None:
        self.engine = engine
        self.session: Session | None = None

    def session_of(self, code: str, limits: Limits = LIMITS, files: dict[str, bytes] | None = None) -> Session:
        """Run a cell; its session takes checks."""
        self.close()
        self.session = Session(self.engine, [(1, code)], limits, "a seed", files=files or {})
        self.session.run_notebook()
        return self.session

    def outcome(self, code: str, limits: Limits = LIMITS, files: dict[str, bytes] | None = None) -> Outcome:
        """Run a cell that defines `probe`, then the check that calls it."""
        session = self.session_of(code, limits, files)
        assert not session.ends, session.ends
        return session.check([PROBE]).outcomes[0]

    def __call__(self, code: str, limits: Limits = LIMITS, files: dict[str, bytes] | None = None) -> Any:
        """What `probe` returned."""
        outcome = self.outcome(code, limits, files)
        assert isinstance(outcome, Returned), outcome
        return decode(outcome.observation)

    def end_of(self, code: str, limits: Limits = LIMITS) -> CellEnd:
        """How the cell was ended."""
        return self.session_of(code, limits).ends[1]

    def close(self) -> None:
        """End the session that runs."""
        if self.session is not None:
            self.session.close()
            self.session = None


@pytest.fixture
def inside(confined: Zygote) -> Iterator[Inside]:
    """Runs code inside one mode of confinement."""
    runner = Inside(confined)
    yield runner
    runner.close()
