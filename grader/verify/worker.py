"""Verification's trusted worker: a warm fork that judges, measures and names; no notebook's code runs in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import torch

from grader.grading.trusted import judge_outcome, labels_of, secrets_of
from grader.judge.alike import Seen, alike
from grader.judge.diagnose import diagnose
from grader.judge.distance import distance
from grader.judge.judge import Reference
from grader.observe.protocol import MESSAGE_LIMITS
from grader.verify.requests import (
    Answer,
    Failed,
    Load,
    Name,
    Named,
    Request,
    Spread,
    Spreads,
    Weigh,
    Weighed,
)
from grader.wire import frames
from grader.wire.decode import decode
from grader.wire.outcome import Returned
from grader.wire.tree import TensorLeaf, Tree

_BITS_OF_A_FLOAT = 16.0


def main(channel: int) -> None:
    """Answer requests until the channel closes.

    Args:
        channel: Descriptor of the socket to the grader.
    """
    torch.set_num_threads(1)
    labels: dict[str, Any] = {}
    while (message := frames.receive(channel, MESSAGE_LIMITS)) is not None:
        request = msgspec.msgpack.decode(message.body, type=Request)
        try:
            answer = _answer(request, labels)
        except Exception as error:  # noqa: BLE001 - a broken check file is reported, with its own words
            answer = Failed(f"{type(error).__name__}: {error}")
        frames.send(channel, {}, msgspec.msgpack.encode(answer), MESSAGE_LIMITS)


def _answer(request: Request, labels: dict[str, Any]) -> Answer:
    match request:
        case Load():
            labels |= labels_of(request.checks)
            return Weighed((), ())
        case Weigh():
            return weigh(request, labels)
        case Name():
            return name(request, labels)
        case Spread():
            return Spreads(bits([decode(o.observation) for o in request.outcomes if isinstance(o, Returned)]))


def weigh(request: Weigh, labels: Mapping[str, Any]) -> Weighed:
    """Judge, and where it is wanted measure, each outcome against the reference's of the same seed."""
    verdicts, messages, leaves, otherwise = [], [], [], []
    for seed, outcome, reference in zip(request.seeds, request.outcomes, request.references, strict=True):
        known = secrets_of(request.check, seed, labels)
        verdict = judge_outcome(outcome, reference, request.check, known)
        verdicts.append(verdict.verdict)
        messages.append(verdict.message)
        if request.measured:
            far = distance(outcome, Reference(reference.float32, reference.float64), request.check.compare, known)
            leaves.append(dict(far.leaves))
            otherwise.append(far.otherwise)
    return Weighed(tuple(verdicts), tuple(messages), tuple(leaves), tuple(otherwise))


def name(request: Name, labels: Mapping[str, Any]) -> Named:
    """Diagnose each work as a submission of its own."""
    names, shares = {}, {}
    specs = {check.name: check for check in request.checks}
    references = {name: Reference(found.float32, found.float64) for name, found in request.references.items()}
    variants = {name: {check: Seen(o) for check, o in found.items()} for name, found in request.variants.items()}
    secrets = {check.name: secrets_of(check, request.seeds[check.name], labels) for check in request.checks}
    ways = {check.name: check.compare for check in request.checks}
    for work, outcomes in request.works.items():
        verdicts = {
            check: judge_outcome(outcome, request.references[check], specs[check], secrets[check])
            for check, outcome in outcomes.items()
        }
        names[work] = diagnose(outcomes, verdicts, references, ways, variants).exercise or ""
        failed = [check for check, verdict in verdicts.items() if verdict.verdict != "pass"]
        if request.shares and failed:
            shares[work] = {
                variant: sum(alike(Seen(outcomes[c]), theirs[c], ways[c]) for c in failed) / len(failed)
                for variant, theirs in variants.items()
            }
    return Named(names, shares)


def bits(observations: list[Tree]) -> float:
    """How much of some observations of one check depends on the seed, at least.

    An element that is the same for every seed can be written down beforehand and counts nothing; another counts 16
    bits where it is a float, else one.

    Args:
        observations: What the reference observed, for different seeds.

    Returns:
        The bits; infinity where the form itself (keys, shapes, lengths) depends on the seed.
    """
    flat = [_elements(tree) for tree in observations]
    if not flat:
        return 0.0
    if any(set(one) != set(flat[0]) for one in flat):
        return float("inf")
    total = 0.0
    for path, first in flat[0].items():
        others = [one[path] for one in flat[1:]]
        if any(other.shape != first.shape or other.dtype != first.dtype for other in others):
            return float("inf")
        varies = torch.zeros(first.shape, dtype=torch.bool)
        for other in others:
            varies |= (other != first) & ~(_nan(other) & _nan(first))
        inexact = first.is_floating_point() or first.is_complex()
        total += float(varies.sum()) * (_BITS_OF_A_FLOAT if inexact else 1.0)
    return total


def _elements(tree: Tree, path: str = "") -> dict[str, torch.Tensor]:
    """Every leaf as a tensor by path: texts and other exact values by their letters."""
    if isinstance(tree, dict):
        return {k: v for key, value in tree.items() for k, v in _elements(value, f"{path} > {key}").items()}
    if isinstance(tree, list | tuple):
        return {k: v for i, value in enumerate(tree) for k, v in _elements(value, f"{path} > {i}").items()}
    if isinstance(tree, TensorLeaf):
        return {path: tree.values}
    if isinstance(tree, float | complex):
        return {path: torch.tensor([tree])}
    letters = repr(tree).encode()
    return {path: torch.frombuffer(bytearray(letters), dtype=torch.uint8)} if letters else {}


def _nan(values: torch.Tensor) -> torch.Tensor:
    return torch.isnan(values) if values.is_floating_point() else torch.zeros(values.shape, dtype=torch.bool)
