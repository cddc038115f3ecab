"""The grader's line to the trusted worker: requests go out, verdicts come back."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from grader.authoring.forgeable import FACT
from grader.authoring.spec import Forgeable
from grader.errors import BadInput
from grader.grading import requests
from grader.judge.verdict import Verdict
from grader.observe.engine import Engine, EngineFault
from grader.observe.protocol import MESSAGE_LIMITS
from grader.wire import frames

T = TypeVar("T")
_ANSWER_SECONDS = 120.0
_REMEMBERED = 10_000


class BadCheckFile(BadInput):
    """An assignment's checks, misconceptions or alternatives cannot be used as they are."""


class Judging:
    """Asks a trusted worker to read check files, to judge and to diagnose; usable from several threads.

    Args:
        engine: Where the worker comes from; ask before any student code is read.
    """

    def __init__(self, engine: Engine) -> None:
        self._process = engine.open("grader.grading.trusted:main")
        self._process.channel.settimeout(_ANSWER_SECONDS)
        self._lock = threading.Lock()
        self._passed: OrderedDict[bytes, Verdict] = OrderedDict()
        self._reader = frames.FrameReader(MESSAGE_LIMITS)

    def describe(self, checks: str, misconceptions: str = "", alternatives: str = "") -> requests.Described:
        """Read check files.

        Args:
            checks: Source of checks.py.
            misconceptions: Source of misconceptions.py.
            alternatives: Source of alternatives.py.

        Returns:
            What they define, as data.

        Raises:
            BadCheckFile: One of them cannot be executed; the message is its own error.
        """
        with self._lock:
            self._passed.clear()  # other check files may make other labels
        return self._ask(requests.Describe(checks, misconceptions, alternatives), requests.Described)

    def judge(self, request: requests.Judge) -> Verdict:
        """Judge one outcome.

        The same request has the same verdict, and most of a class gives the same right answers: those are judged once.

        Raises:
            BadCheckFile: The reference itself fails the check.
        """
        body = msgspec.msgpack.encode(request)
        digest = hashlib.sha256(body).digest()
        with self._lock:
            if digest in self._passed:
                self._passed.move_to_end(digest)
                return self._passed[digest]
        verdict = self._answer(body, requests.Judged).verdict
        if verdict.verdict == "pass":
            with self._lock:
                self._passed[digest] = verdict
                while len(self._passed) > _REMEMBERED:
                    self._passed.popitem(last=False)
        return verdict

    def diagnose(self, request: requests.Diagnose) -> requests.Diagnosed:
        """Find the misconception that explains an exercise's failed checks."""
        return self._ask(request, requests.Diagnosed)

    def still_answers(self) -> None:
        """Have the worker answer once more.

        Raises:
            EngineFault: It has ended.
        """
        self.diagnose(requests.Diagnose(checks=(), outcomes={}, verdicts={}, references={}, variants={}))

    def close(self) -> None:
        """End the worker."""
        self._process.close()

    def _ask(self, request: msgspec.Struct, kind: type[T]) -> T:
        return self._answer(msgspec.msgpack.encode(request), kind)

    def _answer(self, request: bytes, kind: type[T]) -> T:
        with self._lock:
            try:
                frames.send(self._process.channel.fileno(), {}, request, MESSAGE_LIMITS)
                messages: list[frames.Message] = []
                while not messages:
                    data = self._process.channel.recv(1 << 16)
                    if not data:
                        raise EngineFault("the judge's process has ended")
                    messages = self._reader.feed(data)
            except OSError as error:
                raise EngineFault(f"the judge's process does not answer: {error}") from error
        answer = msgspec.msgpack.decode(messages[0].body, type=requests.Answer)
        if isinstance(answer, requests.Failed):
            raise BadCheckFile(answer.message)
        if not isinstance(answer, kind):
            raise EngineFault(f"the judge's process answered with {type(answer).__name__}")
        return answer


def refuse_verdicts(where: str, forgeable: Sequence[Forgeable]) -> None:
    """Refuse checks that decide for themselves, where the code under check can make them decide anything.

    Raises:
        BadCheckFile: There is such a verdict; the message says where, and what to return instead.
    """
    for found in forgeable[:1]:
        instead = " and ".join(f"`{part}`" for part in found.instead)
        raise BadCheckFile(
            f"{where}: line {found.line}: {found.check} returns a verdict on data, `{found.what}`, which a student's "
            f"code can forge; return {instead} and let the judge compare, or end the line with `{FACT}` if it is none"
        )
