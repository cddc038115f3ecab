"""The trusted worker: a warm fork that reads check files and judges; no student code ever runs in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import msgspec

from grader.authoring.comparators import Accuracy
from grader.authoring.declare import Alternative, Check, Misconception
from grader.authoring.forgeable import forgeable
from grader.authoring.load import load_module, members
from grader.authoring.rng import Rng
from grader.authoring.spec import CheckSpec, VariantSpec
from grader.grading.recording import ReferenceOutcomes
from grader.grading.requests import (
    Answer,
    Describe,
    Described,
    Diagnosed,
    Failed,
    Judge,
    Judged,
    Request,
)
from grader.judge.across import across
from grader.judge.alike import Seen
from grader.judge.diagnose import diagnose
from grader.judge.judge import Reference, judge, summary
from grader.judge.verdict import Verdict
from grader.observe.protocol import MESSAGE_LIMITS
from grader.wire import frames
from grader.wire.decode import decode
from grader.wire.encode import encode
from grader.wire.outcome import Outcome, Returned
from grader.wire.tree import Tree


def main(channel: int) -> None:
    """Answer requests until the channel closes.

    Args:
        channel: Descriptor of the socket to the grader.
    """
    import torch

    torch.set_num_threads(1)
    labels: dict[str, Any] = {}
    while (message := frames.receive(channel, MESSAGE_LIMITS)) is not None:
        request = msgspec.msgpack.decode(message.body, type=Request)
        answer: Answer
        try:
            answer = _answer(request, labels)
        except Exception as error:  # noqa: BLE001 - a broken check file is reported, with its own words
            answer = Failed(f"{type(error).__name__}: {error}")
        frames.send(channel, {}, msgspec.msgpack.encode(answer), MESSAGE_LIMITS)


def _answer(request: Request, labels: dict[str, Any]) -> Answer:
    if isinstance(request, Describe):
        return _describe(request, labels)
    if isinstance(request, Judge):
        known = secrets_of(request.check, request.seed, labels)
        return Judged(judge_outcome(request.outcome, request.reference, request.check, known, request.home))
    return diagnose_outcomes(request.checks, request.outcomes, request.verdicts, request.references, request.variants)


def judge_outcome(
    outcome: Outcome,
    reference: ReferenceOutcomes,
    check: CheckSpec,
    labels: Mapping[str, Tree] | None = None,
    home: ReferenceOutcomes | None = None,
) -> Verdict:
    """Judge one outcome against the reference's on the same device, and against that on the CPU where it is given.

    See `grader.judge.judge.judge` and `grader.judge.across.across`.
    """
    verdict = judge(outcome, _reference(reference), check.compare, labels or {})
    if verdict.verdict != "pass" or home is None or not isinstance(outcome, Returned):
        return verdict
    found = across(decode(outcome.observation), _reference(home), _reference(reference), check.compare)
    return Verdict("fail", f"compared with the reference on the CPU: {summary(found)}", found) if found else verdict


def diagnose_outcomes(
    checks: Sequence[CheckSpec],
    outcomes: Mapping[str, Outcome],
    verdicts: Mapping[str, Verdict],
    references: Mapping[str, ReferenceOutcomes],
    variants: Mapping[str, Mapping[str, Outcome]],
) -> Diagnosed:
    """Find the misconception that explains an exercise; see `grader.judge.diagnose.diagnose`."""
    found = diagnose(
        outcomes=outcomes,
        verdicts=verdicts,
        references={name: _reference(r) for name, r in references.items()},
        comparators={check.name: check.compare for check in checks},
        variants={name: {check: Seen(o) for check, o in found.items()} for name, found in variants.items()},
    )
    return Diagnosed(found.exercise, dict(found.checks), {check: dict(by) for check, by in found.leaves.items()})


def _describe(request: Describe, labels: dict[str, Any]) -> Described:
    module = load_module(request.checks, "checks.py")
    labels.update(_callables(module))
    misconceptions = members(load_module(request.misconceptions, "misconceptions.py"), Misconception)
    alternatives = members(load_module(request.alternatives, "alternatives.py"), Alternative)
    return Described(
        checks=tuple(_spec(check) for check in members(module, Check)),
        misconceptions=tuple(
            VariantSpec(name=m.name, exercise=m.exercise, text=m.hint, only_on_a_device=m.only_on_a_device)
            for m in misconceptions
        ),
        alternatives=tuple(VariantSpec(name=a.name, exercise=a.exercise, text=a.description) for a in alternatives),
        forgeable=forgeable(request.checks),
    )


def _spec(check: Check) -> CheckSpec:
    return CheckSpec(
        name=check.name,
        exercise=check.exercise,
        points=check.points,
        visibility=check.visibility,
        description=check.description,
        compare=dict(check.compare),
        needs=check.needs,
        devices=check.devices,
        sockets=check.sockets,
    )


def labels_of(checks: str) -> dict[str, Any]:
    """The functions of a check file by name, among them those that make the labels that only the judge may hold."""
    return _callables(load_module(checks, "checks.py"))


def _callables(module: ModuleType) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if callable(value)}


def secrets_of(check: CheckSpec, seed: str, labels: Mapping[str, Any]) -> dict[str, Tree]:
    """Make the labels that only the judge may hold, from the same seed as the check's inputs."""
    names = {c.against for c in check.compare.values() if isinstance(c, Accuracy)}
    return {name: decode(encode(labels[name](Rng(seed)))) for name in names}


def _reference(outcomes: ReferenceOutcomes) -> Reference:
    return Reference(outcomes.float32, outcomes.float64)
