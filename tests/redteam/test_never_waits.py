"""The grader never waits for a session without a limit, on whichever side of the channel it stands."""

import threading

from redteam.neighbour import CHECK

from grader.assignment.model import Limits
from grader.observe.protocol import CheckSource
from grader.observe.results import CheckResult
from grader.observe.supervisor import Session
from grader.observe.warm import Zygote
from grader.wire.outcome import Stopped

LIMITS = Limits(notebook_seconds=20, cell_seconds=5, check_seconds=1)
# More than the kernel keeps for a reader that never reads.
LONG = CheckSource(source=f"# {'a long check ' * 100_000}\n{CHECK.source}", name="state", seed="0")
NEVER_READS = """
import threading, time
import grader.wire.frames as frames
frames.receive = lambda *args, **kwargs: time.sleep(1000)
"""


def test_a_session_that_never_reads_what_it_is_asked(zygote: Zygote) -> None:
    session = Session(zygote, [(1, NEVER_READS)], LIMITS, "a seed")
    results: list[CheckResult] = []
    try:
        session.run_notebook()
        asking = threading.Thread(target=lambda: results.append(session.check([LONG])), daemon=True)
        asking.start()
        asking.join(LIMITS.check_seconds + 5)
        assert not asking.is_alive(), "the grader waits for a session that does not read"
        assert [type(outcome) for outcome in results[0].outcomes] == [Stopped]
    finally:
        session.close()
