"""The class page's line to its trusted worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType

import msgspec

from grader.classpage.requests import Answer, Failed, Group, Grouped, Load, Wrong
from grader.grading.judging import BadCheckFile
from grader.observe.engine import Engine, EngineFault, Process
from grader.observe.protocol import MESSAGE_LIMITS
from grader.wire import frames

Groups = tuple[tuple[int, ...], ...]
_ANSWER_SECONDS = 300.0


class Grouping:
    """Puts wrong works together; the engine, which takes seconds to import torch, is started when it is first needed.

    Args:
        checks: Source of checks.py.
        start: Starts the engine; it is closed again at the end of the ``with`` block.
    """

    def __init__(self, checks: str, start: Callable[[], Engine]) -> None:
        self._checks = checks
        self._start = start
        self._engine: Engine | None = None
        self._process: Process | None = None
        self._reader = frames.FrameReader(MESSAGE_LIMITS)

    def __enter__(self) -> Grouping:
        """Nothing is started yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End what was started."""
        for started in (self._process, self._engine):
            if started is not None:
                started.close()

    def __call__(self, works: Sequence[Wrong]) -> Groups:
        """Put works of one exercise together that are wrong in the same way.

        Args:
            works: What each observed in the checks it did not pass.

        Returns:
            The groups as places in `works`, largest first.

        Raises:
            BadCheckFile: checks.py cannot be executed; the message is its own error.
            EngineFault: The grader's own machinery failed.
        """
        if self._process is None:
            self._engine = self._start()
            self._process = self._engine.open("grader.classpage.worker:main")
            self._process.channel.settimeout(_ANSWER_SECONDS)
            self._ask(self._process, Load(self._checks))
        return self._ask(self._process, Group(tuple(works))).groups

    def _ask(self, process: Process, request: Load | Group) -> Grouped:
        try:
            frames.send(process.channel.fileno(), {}, msgspec.msgpack.encode(request), MESSAGE_LIMITS)
            messages: list[frames.Message] = []
            while not messages:
                data = process.channel.recv(1 << 16)
                if not data:
                    raise EngineFault("the process that groups wrong answers has ended")
                messages = self._reader.feed(data)
        except OSError as error:
            raise EngineFault(f"the process that groups wrong answers does not answer: {error}") from error
        answer: Answer = msgspec.msgpack.decode(messages[0].body, type=Answer)
        if isinstance(answer, Failed):
            raise BadCheckFile(answer.message)
        return answer
