"""The class page's trusted worker: a warm fork that compares what works observed; no student code runs in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import torch

from grader.authoring.comparators import Comparator
from grader.authoring.declare import Check
from grader.authoring.load import load_module, members
from grader.classpage.requests import Answer, Failed, Group, Grouped, Load, Request, Wrong
from grader.judge.alike import Seen, alike
from grader.observe.protocol import MESSAGE_LIMITS
from grader.wire import frames
from grader.wire.outcome import Returned

Ways = Mapping[str, Mapping[str, Comparator]]


def main(channel: int) -> None:
    """Answer requests until the channel closes.

    Args:
        channel: Descriptor of the socket to the grader.
    """
    torch.set_num_threads(1)
    ways: dict[str, Mapping[str, Comparator]] = {}
    while (message := frames.receive(channel, MESSAGE_LIMITS)) is not None:
        request = msgspec.msgpack.decode(message.body, type=Request)
        answer: Answer
        try:
            if isinstance(request, Load):
                ways |= {
                    check.name: check.compare for check in members(load_module(request.checks, "checks.py"), Check)
                }
                answer = Grouped(())
            else:
                answer = Grouped(group(request, ways))
        except Exception as error:  # noqa: BLE001 - a broken check file is reported, with its own words
            answer = Failed(f"{type(error).__name__}: {error}")
        frames.send(channel, {}, msgspec.msgpack.encode(answer), MESSAGE_LIMITS)


def group(request: Group, ways: Ways) -> tuple[tuple[int, ...], ...]:
    """Put works together that are wrong in the same way: each joins the first group whose first work it is like.

    Args:
        request: The works.
        ways: How the author compares, by check.

    Returns:
        The groups as places in the request, largest first.
    """
    seen = [{name: Seen(outcome) for name, outcome in work.outcomes.items()} for work in request.works]
    groups: list[list[int]] = []
    for place, work in enumerate(request.works):
        for known in groups:
            first = known[0]
            if _comparable(request.works[first], work) and _alike(seen[first], seen[place], ways):
                known.append(place)
                break
        else:
            groups.append([place])
    return tuple(tuple(each) for each in sorted(groups, key=lambda each: (-len(each), each)))


def _comparable(one: Wrong, other: Wrong) -> bool:
    """Whether the same checks failed, on one device; what was returned also depends on the inputs."""
    if one.device != other.device or one.outcomes.keys() != other.outcomes.keys():
        return False
    return one.seed == other.seed or not any(_returned(work) for work in (one, other))


def _returned(work: Wrong) -> Sequence[str]:
    return [name for name, outcome in work.outcomes.items() if isinstance(outcome, Returned)]


def _alike(one: Mapping[str, Seen], other: Mapping[str, Seen], ways: Ways) -> bool:
    return all(alike(one[name], other[name], ways.get(name)) for name in one)
