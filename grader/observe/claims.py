"""What a session says, read with suspicion: bounded, of the right form, or no answer at all.

Student code shares the process that says it; nothing here may be larger, stranger or later than what was asked for.
"""

from __future__ import annotations

import math
import secrets

from grader.assignment.avoid import avoided_by, is_name
from grader.looks.model import Looks
from grader.observe.protocol import CellEnded, CellStarted, CheckAnswer, CheckRequest, Ready
from grader.wire.body import read_body
from grader.wire.errors import WireError
from grader.wire.frames import Message
from grader.wire.outcome import Frame, Missing, Outcome, Raised, Stopped

Event = CellStarted | CellEnded | Looks | Ready

_NAME_LETTERS, _TEXT_LETTERS, _FRAMES, _CALLS = 100, 300, 8, 20


def answer(found: Message | Stopped, request: CheckRequest) -> CheckAnswer | Stopped:
    """Read the answer to a request for checks.

    Args:
        found: What came, or why nothing did.
        request: What was asked.

    Returns:
        The answer, cut to size; or why what came is none.
    """
    if isinstance(found, Stopped):
        return found
    try:
        said = read_body(found.body, CheckAnswer)
    except WireError:
        return Stopped("invalid", "what the process sent is not an answer")
    if not secrets.compare_digest(said.nonce.encode("utf-8", "replace"), request.nonce.encode()):
        return Stopped("invalid", "what the process sent is not the answer to this check")
    if len(said.outcomes) != request.count or len(said.seconds) != request.rounds * len(request.checks):
        return Stopped("invalid", "what the process sent does not answer what was asked")
    return CheckAnswer(
        request.nonce,
        tuple(_bounded(outcome) for outcome in said.outcomes),
        tuple(seconds if 0 <= seconds < math.inf else 0.0 for seconds in said.seconds),
        _called(said.called, request),
        said.sound,
    )


def event(found: Message | Stopped) -> Event | Stopped:
    """Read what a session says while it runs the notebook; as `answer`."""
    if isinstance(found, Stopped):
        return found
    kinds: dict[str, type[CellStarted] | type[CellEnded] | type[Looks] | type[Ready]] = {
        "looked": Looks,
        "cell started": CellStarted,
        "cell ended": CellEnded,
        "ready": Ready,
    }
    kind = kinds.get(str(found.header.get("kind")))
    if kind is None:
        return Stopped("invalid", "what the process sent makes no sense")
    try:
        said: Event = read_body(found.body, kind)
    except WireError:
        return Stopped("invalid", "what the process sent cannot be read")
    if isinstance(said, CellEnded):
        return CellEnded(said.number, said.error[:_NAME_LETTERS], said.message[:_TEXT_LETTERS], _frames(said.frames))
    if isinstance(said, Ready):
        return Ready(tuple(dict.fromkeys(_one_line(command)[:120] for command in said.not_run[:20])))
    return said


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _called(called: tuple[tuple[str, ...], ...], request: CheckRequest) -> tuple[tuple[str, ...], ...]:
    """For each check the functions that it does avoid, and nothing else that the process would like to be read."""
    said = called if len(called) == len(request.checks) else ((),) * len(request.checks)
    return tuple(
        tuple(name for name in names[:_CALLS] if _is_function(name) and avoided_by(name, check.avoid))
        for names, check in zip(said, request.checks, strict=True)
    )


def _is_function(name: str) -> bool:
    return len(name) <= _NAME_LETTERS and name.isascii() and is_name(name.replace("::", "."))


def _bounded(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Raised):
        return Raised(outcome.error[:_NAME_LETTERS], outcome.message[:_TEXT_LETTERS], _frames(outcome.frames))
    if isinstance(outcome, Missing):
        return Missing(outcome.name[:_NAME_LETTERS])
    if isinstance(outcome, Stopped):
        return Stopped(outcome.reason[:_NAME_LETTERS], outcome.detail[:_TEXT_LETTERS])
    return outcome


def _frames(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    return tuple(
        Frame(frame.cell, frame.line, frame.function[:_NAME_LETTERS], frame.text[:200]) for frame in frames[-_FRAMES:]
    )
