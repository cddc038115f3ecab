"""Another student's session on the same zygote, with something in every place that an attacker may look into."""

import secrets

from grader.assignment.model import Limits
from grader.observe.protocol import CheckSource
from grader.observe.supervisor import Session
from grader.observe.warm import Zygote
from grader.wire.decode import decode
from grader.wire.outcome import Returned

# Names that an attack can know; the token it cannot.
CELL = """
import os, pathlib, socket, tempfile
TOKEN = "{token}"
_places = [pathlib.Path("mine"), pathlib.Path(tempfile.gettempdir(), "neighbours"), pathlib.Path("/dev/shm/neighbours")]
for _place in _places:
    try:
        _place.write_text(TOKEN)
    except OSError:
        _places = [p for p in _places if p != _place]
_listening = []
for _address in ("\\0neighbour", "/tmp/neighbour.sock", ("127.0.0.1", 4711)):
    try:
        _found = socket.socket(socket.AF_UNIX if isinstance(_address, str) else socket.AF_INET)
        _found.bind(_address)
        _found.listen()
        _found.setblocking(False)
        _listening.append(_found)
    except OSError:
        pass

def state():
    visits = 0
    for found in _listening:
        try:
            found.accept()
            visits += 1
        except BlockingIOError:
            pass
    files = [place.read_text() for place in _places]
    return {{"token": TOKEN, "files": files, "beside": sorted(os.listdir(".")), "visits": visits}}
"""
CHECK = CheckSource(
    source=(
        "from grader.authoring import check\n"
        "@check(exercise='state', points=1)\n"
        "def state(work, rng):\n"
        "    'What has become of it.'\n"
        "    return work.state()\n"
    ),
    name="state",
    seed="0",
)


class Neighbour:
    """A session that stays open while others attack.

    Args:
        zygote: Where its process comes from.
    """

    def __init__(self, zygote: Zygote) -> None:
        self.token = secrets.token_hex(16)
        self._session = Session(zygote, [(1, CELL.format(token=self.token))], Limits(check_seconds=20), "a seed")
        self._session.run_notebook()
        assert not self._session.ends, self._session.ends
        self._process = self._session._process
        self.before = self.state()
        assert self.token in str(self.before)

    def state(self) -> object:
        """What it finds where it left it, and who came by."""
        outcome = self._session.check([CHECK]).outcomes[0]
        assert isinstance(outcome, Returned), outcome
        return decode(outcome.observation)

    def undisturbed(self) -> bool:
        """Whether it is the same process and everything is as it was."""
        return self.state() == self.before and self._session._process is self._process

    def close(self) -> None:
        """End it."""
        self._session.close()
